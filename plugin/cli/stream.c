/* stream.c - a capture on its way to libwiretap.  SPDX-License-Identifier: GPL-2.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include "stream.h"

#include "terminal.h"
#include "wrong.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef _WIN32
#include <io.h>
#define dup _dup
#define dup2 _dup2
#define lseek _lseeki64
#define read _read
#define write _write
#define make_pipe(ends) _pipe(ends, PART, _O_BINARY)
#define set_binary(end) (void)_setmode(end, _O_BINARY)
#define R_OK 4
#else
#include <unistd.h>
#define O_BINARY 0
#define make_pipe(ends) pipe(ends)
#define set_binary(end) (void)(end)
#endif

enum { STANDARD_INPUT = 0, NONE = -1, FIRST = 6, PART = 1 << 16, RUNNING = -1 };

struct stream {
    char *path;
    const char *tool;           /* what unpacks it, or NULL */
    GPid pid;
    int status;                 /* of the tool, or RUNNING */
    int rest;                   /* what the tool says, for what libwiretap does not read; NONE */
    int standard_input;         /* as it was, while something stands in for it, or NONE */
    bool stands_in;
};

static void
close_end(int end)
{
    if (end != NONE) {
        (void)g_close(end, NULL);
    }
}

/* --- what it is by its first octets ----------------------------------------------------------- */

struct first {
    uint8_t octets[FIRST];
    size_t len;
};

/* As many as there are; a pipe gives them one by one. */
static struct first
read_first(int from)
{
    struct first out = { .len = 0 };
    int got;

    while (from != NONE && out.len < FIRST &&
           (got = (int)read(from, out.octets + out.len, (unsigned)(FIRST - out.len))) > 0) {
        out.len += (size_t)got;
    }
    return out;
}

struct beginning {
    uint8_t octets[FIRST];
    uint8_t len;
    const char *tool;
};

static const struct beginning *
find(const struct beginning *of, size_t num, const struct first *first)
{
    for (size_t i = 0; i < num; i++) {
        if (first->len >= of[i].len && memcmp(first->octets, of[i].octets, of[i].len) == 0) {
            return &of[i];
        }
    }
    return NULL;
}

/* What is no capture; *tool: what unpacks it, or NULL. */
static char *
look(const struct first *first, const char **tool)
{
    static const struct beginning packed[] = {
        { { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, "xz" },
        { { 'B', 'Z', 'h' }, 3, "bzip2" },
        { { 'P', 'K', 3, 4 }, 4, NULL },
    };
    const struct beginning *found = find(packed, G_N_ELEMENTS(packed), first);

    *tool = found ? found->tool : NULL;
    if (found && !found->tool) {
        return g_strdup("a ZIP archive: take the capture out of it (unzip)");
    }
    return first->len ? NULL : g_strdup("not a capture file: it is empty");
}

/* libwiretap reads it from its beginning to its end.  To know other formats it seeks. */
static bool
is_sequential(const struct first *first)
{
    static const struct beginning formats[] = {
        { { 0x0a, 0x0d, 0x0d, 0x0a }, 4, NULL }, { { 0xa1, 0xb2, 0xc3, 0xd4 }, 4, NULL },
        { { 0xd4, 0xc3, 0xb2, 0xa1 }, 4, NULL }, { { 0xa1, 0xb2, 0x3c, 0x4d }, 4, NULL },
        { { 0x4d, 0x3c, 0xb2, 0xa1 }, 4, NULL }, { { 0x1f, 0x8b }, 2, NULL },   /* gzip */
        { { 0x28, 0xb5, 0x2f, 0xfd }, 4, NULL },        /* zstd */
        { { 0x04, 0x22, 0x4d, 0x18 }, 4, NULL },        /* lz4 */
    };

    return find(formats, G_N_ELEMENTS(formats), first) != NULL;
}

static char *
missing(const char *tool)
{
    char *found = g_find_program_in_path(tool);
    bool there = found != NULL;

    g_free(found);
    return there ? NULL :
                   g_strdup_printf("compressed with %s, which is not installed here: install it, "
                                   "or unpack the capture where it is (%s -d)",
                                   tool, tool);
}

/* --- what stands between ---------------------------------------------------------------------- */

/* What was read before it was known where to goes first. */
struct pump {
    int from, to;
    struct first first;
};

static bool
write_all(int to, const uint8_t *octets, size_t len)
{
    while (len) {
        int done = (int)write(to, octets, (unsigned)len);
        if (done <= 0) {
            return false;
        }
        octets += done;
        len -= (size_t)done;
    }
    return true;
}

/* To the end of what is read, or until nobody takes it; a second Ctrl+C ends it.  False where it
 * could not be written. */
static bool
carry(const struct pump *p)
{
    uint8_t *part = (uint8_t *)g_malloc(PART);
    bool good = write_all(p->to, p->first.octets, p->first.len);
    int len;

    while (good && num_interrupts() < 2 && (len = (int)read(p->from, part, PART)) > 0) {
        good = write_all(p->to, part, (size_t)len);
    }
    g_free(part);
    return good;
}

static void *
pump(void *data)
{
    struct pump *p = (struct pump *)data;

    carry(p);
    close_end(p->to);
    close_end(p->from);
    g_free(p);
    return NULL;
}

static void
start_pump(int from, const struct first *first, int to)
{
    struct pump *p = g_new(struct pump, 1);

    *p = (struct pump){ from, to, *first };
    g_thread_unref(g_thread_new("pump", pump, p));
}

static void
stand_in(struct stream *s, int end)
{
    s->standard_input = dup(STANDARD_INPUT);
    s->stands_in = true;
    (void)dup2(end, STANDARD_INPUT);
    close_end(end);
}

/* All of it into a file that has no name, for who seeks in it. */
static char *
spool(struct stream *s, const struct pump *through)
{
    char *name = NULL, *problem = NULL;
    struct pump p = *through;

    p.to = g_file_open_tmp("espial.XXXXXX", &name, NULL);
    if (p.to == NONE) {
        return g_strdup_printf("cannot be kept in %s", g_get_tmp_dir());
    }
    (void)g_unlink(name);
    if (carry(&p)) {
        (void)lseek(p.to, 0, SEEK_SET);
        stand_in(s, p.to);
    } else {
        problem = g_strdup_printf("cannot be kept whole in %s: %s", g_get_tmp_dir(),
                                  g_strerror(errno));
        close_end(p.to);
    }
    g_free(name);
    return problem;
}

/* Takes from. */
static char *
pass_on(struct stream *s, int from, const struct first *first)
{
    int ends[2];
    char *problem = NULL;

    if (!is_sequential(first)) {
        const struct pump through = { from, NONE, *first };
        problem = spool(s, &through);
        close_end(from);
    } else if (make_pipe(ends) != 0) {
        problem = g_strdup("cannot be read as a pipe");
        close_end(from);
    } else {
        s->rest = s->tool ? dup(ends[0]) : NONE;
        stand_in(s, ends[0]);
        start_pump(from, first, ends[1]);
    }
    return problem;
}

/* In the tool.  Whoever stops the program that writes into a pipe wants what comes out of it
 * unpacked; and the tool ends when nobody reads any more. */
static void
set_signals(void *fed)           /* cppcheck-suppress constParameter ; GLib's form */
{
#ifdef _WIN32
    (void)fed;
#else
    (void)signal(SIGPIPE, SIG_DFL);
    if (fed) {
        (void)signal(SIGINT, SIG_IGN);
    }
#endif
}

/* Of the file, or of what *fed takes; *out is the tool's. */
static char *
start_tool(struct stream *s, int *fed, int *out)
{
    char *line[] = { g_strdup(s->tool), g_strdup("-dc"), NULL, NULL, NULL }, *problem;
    GError *error = NULL;

    problem = missing(s->tool);
    if (!fed) {
        line[2] = g_strdup("--");
        line[3] = g_strdup(s->path);
    }
    if (!problem && !g_spawn_async_with_pipes(NULL, line, NULL,
                                              G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD |
                                                  G_SPAWN_STDERR_TO_DEV_NULL,
                                              set_signals, fed, &s->pid, fed, out, NULL, &error)) {
        problem = g_strdup_printf("%s could not be run: %s", s->tool, error->message);
        g_error_free(error);
    }
    if (!problem) {
        s->status = RUNNING;
    }
    for (size_t i = 0; line[i]; i++) {
        g_free(line[i]);
    }
    return problem;
}

/* --- opening ---------------------------------------------------------------------------------- */

static char *
open_file(struct stream *s)
{
    int from = g_open(s->path, O_RDONLY | O_BINARY, 0), out = NONE;
    struct first first = read_first(from);
    char *problem = look(&first, &s->tool);

    close_end(from);
    if (!problem && s->tool) {
        problem = start_tool(s, NULL, &out);
        if (!problem) {
            first = read_first(out);
            problem = pass_on(s, out, &first);
        }
    }
    return problem;
}

static char *
open_pipe(struct stream *s)
{
    bool standard = strcmp(s->path, "-") == 0;
    int from = standard ? dup(STANDARD_INPUT) : g_open(s->path, O_RDONLY | O_BINARY, 0), fed, out;
    struct first first;
    char *problem;

    set_binary(from);
    first = read_first(from);
    problem = look(&first, &s->tool);
    if (!problem && s->tool) {
        problem = start_tool(s, &fed, &out);
        if (!problem) {
            start_pump(from, &first, fed);
            from = out;
            first = read_first(out);
        }
    }
    if (problem) {
        close_end(from);
        return problem;
    }
    return pass_on(s, from, &first);
}

static char *
no_file(const char *path)
{
    if (strcmp(path, "-") == 0) {
        return is_terminal(stdin) ? g_strdup("standard input is a terminal: it takes a capture "
                                             "from a pipe") :
                                    NULL;
    }
    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        return g_strdup("no such file");
    }
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        return wrong_folder(path);
    }
    return g_access(path, R_OK) != 0 ? g_strdup_printf("cannot be read (%s)", g_strerror(errno)) :
                                       NULL;
}

struct stream *
stream_open(const char *path, char **problem)
{
    struct stream *s;

    *problem = no_file(path);
    if (*problem) {
        return NULL;
    }
    s = g_new0(struct stream, 1);
    s->path = g_strdup(path);
    s->rest = s->standard_input = NONE;
    *problem = strcmp(path, "-") != 0 && g_file_test(path, G_FILE_TEST_IS_REGULAR) ?
                   open_file(s) :
                   open_pipe(s);
    if (*problem) {
        stream_close(s);
        s = NULL;
    }
    return s;
}

const char *
stream_path(const struct stream *s)
{
    return s->stands_in ? "-" : s->path;
}

void
stream_opened(struct stream *s)
{
    if (s->standard_input != NONE) {
        (void)dup2(s->standard_input, STANDARD_INPUT);
        close_end(s->standard_input);
        s->standard_input = NONE;
    } else if (s->stands_in) {
        close_end(STANDARD_INPUT);
    }
}

/* --- its end ---------------------------------------------------------------------------------- */

static void
note_end(GPid pid, int status, void *data)
{
    g_spawn_close_pid(pid);
    ((struct stream *)data)->status = status;
}

/* A second Ctrl+C ends what is waited for. */
static void
await(struct stream *s)
{
    GMainContext *context = g_main_context_new();
    GSource *watch = g_child_watch_source_new(s->pid);

    /* NOLINTNEXTLINE(bugprone-casting-through-void): the form that GLib documents */
    g_source_set_callback(watch, (GSourceFunc)(void (*)(void))note_end, s, NULL);
    g_source_attach(watch, context);
    while (s->status == RUNNING && num_interrupts() < 2) {
        g_main_context_iteration(context, TRUE);
    }
    g_source_destroy(watch);
    g_source_unref(watch);
    g_main_context_unref(context);
}

/* Of a damaged capture the rest: it may be that the tool finds fault with that too. */
static void
end_tool(struct stream *s)
{
    uint8_t *part = (uint8_t *)g_malloc(PART);

    while (s->rest != NONE && num_interrupts() < 2 && read(s->rest, part, PART) > 0) {
    }
    close_end(s->rest);
    s->rest = NONE;
    if (s->status == RUNNING) {
        await(s);
    }
    g_free(part);
}

char *
stream_fault(struct stream *s)
{
    if (!s->tool) {
        return NULL;
    }
    end_tool(s);
    return s->status == 0 || s->status == RUNNING ?
               NULL :
               g_strdup_printf("%s cannot unpack all of it", s->tool);
}

void
stream_close(struct stream *s)
{
    if (!s) {
        return;
    }
    if (s->tool) {
        end_tool(s);
    }
    g_free(s->path);
    g_free(s);
}
