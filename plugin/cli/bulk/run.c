/* run.c - all captures, each by a worker of its own.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "bulk.h"
#include "result.h"
#include "walk.h"

#include <espial/text.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum run_limits {
    RUN_TICK = 100,             /* milliseconds between two looks at clock and signals */
    RUN_MOST_SAID = 20,         /* captures whose trouble is said at once; all are in the results */
    RUN_MOST_ATTEMPTS = 2,
    RUN_STALE = 24 * 3600       /* seconds: what is begun and older was left by a run that died */
};

struct run;

/* Where a worker may be at work. */
struct slot {
    struct run *run;
    GSubprocess *process;       /* NULL: none */
    char *capture, *result, *part, *id, *fingerprint;
    uint64_t attempts;          /* with this one */
    gint64 deadline;            /* monotonic time */
    bool late;
};

struct run {
    const struct bulk_host *host;
    GPtrArray *captures;
    guint next;                 /* the first that was not looked at */
    struct slot *slots;
    guint busy;
    GMainLoop *loop;
    char *wrong;                /* why nothing more is begun, NULL */
    gint64 begun, shown;
    guint done, skipped, again, read, cut, unread, failed, given_up, said;
    uint64_t worst;             /* exit status */
};

/* --- what is told ----------------------------------------------------------------------------- */

static volatile sig_atomic_t stopped;

static void
note_stop(int number)
{
    (void)number;
    stopped = 1;
}

static void
stop_on_signals(void)
{
    (void)signal(SIGINT, note_stop);
    (void)signal(SIGTERM, note_stop);
#ifdef SIGHUP
    (void)signal(SIGHUP, note_stop);
#endif
}

static void
take_line_away(struct run *r)
{
    if (r->shown) {
        (void)fprintf(stderr, "\r\033[K");
        (void)fflush(stderr);
        r->shown = 0;
    }
}

static void
show_progress(struct run *r)
{
    gint64 now = g_get_monotonic_time();
    double seconds = (double)(now - r->begun) / G_USEC_PER_SEC;
    guint seen = r->done + r->skipped;

    if (!r->host->terminal || seconds < 1 || now - r->shown < G_USEC_PER_SEC / 4) {
        return;
    }
    r->shown = now;
    (void)fprintf(stderr, "\r\033[K%u of %u files, %.1f a second", seen, r->captures->len,
                  r->done / seconds);
    if (r->done) {
        unsigned left = (unsigned)((r->captures->len - seen) * seconds / r->done);
        (void)fprintf(stderr, ", %u min %02u s left", left / 60, left % 60);
    }
    (void)fflush(stderr);
}

static void
trouble(struct run *r, const char *capture, const char *what)
{
    if (r->said++ < RUN_MOST_SAID) {
        take_line_away(r);
        r->host->say("%s: %s", capture, what);
    } else if (r->said == RUN_MOST_SAID + 1) {
        take_line_away(r);
        r->host->say("there are more of these: espial --merge %s", r->host->options->output);
    }
}

/* --- one capture ------------------------------------------------------------------------------ */

static void
clear(struct slot *s)
{
    g_clear_object(&s->process);
    if (s->part) {
        (void)g_remove(s->part);        /* what is whole has another name by now */
    }
    g_free(s->capture);
    g_free(s->result);
    g_free(s->part);
    g_free(s->id);
    g_free(s->fingerprint);
    *s = (struct slot){ .run = s->run };
}

static void
count(struct run *r, const struct result *of)
{
    r->read += of->state == RESULT_READ;
    r->cut += of->state == RESULT_READ && of->reason;
    r->unread += of->state == RESULT_UNREAD;
    r->failed += of->state == RESULT_FAILED;
    r->worst = MAX(r->worst, of->status);
}

/* The result that is there is of this capture as it is now, and nothing would be won by another
 * one.  What could not be read is tried again: it may be another machine's disk, or an unpacker
 * that was not installed. */
static bool
is_done(struct run *r, struct slot *s)
{
    struct result old;
    char *why = result_load(&old, s->result);
    bool same, done;

    if (why) {
        g_free(why);
        return false;
    }
    same = strcmp(old.id, s->id) == 0 && strcmp(old.fingerprint, s->fingerprint) == 0;
    done = same && (old.state == RESULT_READ ||
                    (old.state == RESULT_FAILED && old.attempts >= RUN_MOST_ATTEMPTS));
    if (done) {
        count(r, &old);
        r->given_up += old.state == RESULT_FAILED;
    } else if (same && old.state == RESULT_FAILED) {
        s->attempts += old.attempts;
        r->again++;
    }
    result_clear(&old);
    return done;
}

static GPtrArray *
command_of(const struct slot *s)
{
    const struct bulk_host *host = s->run->host;
    GPtrArray *line = g_ptr_array_new_with_free_func(g_free);

    for (char *const *word = host->command; *word; word++) {
        g_ptr_array_add(line, g_strdup(*word));
    }
    g_ptr_array_add(line, g_strdup_printf("--memory-limit=%d", host->options->memory));
    g_ptr_array_add(line, g_strdup_printf("--time-limit=%d", host->options->seconds));
    g_ptr_array_add(line, g_strconcat("--worker=", s->part, NULL));
    g_ptr_array_add(line, g_strdup("--"));
    g_ptr_array_add(line, g_strdup(s->capture));
    g_ptr_array_add(line, NULL);
    return line;
}

/* Why a worker gave no result; NULL where it was stopped, not the capture's fault. */
static char *
why_failed(const struct slot *s, const char *said)
{
    const struct bulk_options *o = s->run->host->options;
    int number;

    if (s->late) {
        return g_strdup_printf("it took more than %d s (--time-limit)", o->seconds);
    }
    if (!g_subprocess_get_if_signaled(s->process)) {
        return g_strdup_printf("its process ended with status %d",
                               g_subprocess_get_exit_status(s->process));
    }
    number = g_subprocess_get_term_sig(s->process);
    if (number == SIGINT || number == SIGTERM) {
        return NULL;
    }
    if (strstr(said, "failed to allocate") || strstr(said, "out of core")) {
        return g_strdup_printf("it needed more than %d MiB (--memory-limit)", o->memory);
    }
    return g_strdup_printf("its process was killed by signal %d (%s)", number,
                           g_strsignal(number));
}

static void
save_failure(struct slot *s, const char *why)
{
    struct run *r = s->run;
    struct result failure;
    char *whole = g_canonicalize_filename(s->capture, NULL), *shown = text_shown(whole), *wrong;
    GStatBuf now;

    result_init(&failure);
    failure.path = result_text(shown);
    failure.id = g_strdup(s->id);
    failure.fingerprint = g_strdup(s->fingerprint);
    failure.espial = g_strdup(r->host->version);
    failure.wireshark = g_strdup(r->host->wireshark);
    failure.state = RESULT_FAILED;
    failure.reason = g_strdup(why);
    failure.attempts = s->attempts;
    failure.status = 2;
    if (g_stat(s->capture, &now) == 0) {
        failure.size = (uint64_t)now.st_size;
    }
    count(r, &failure);
    wrong = result_save(&failure, NULL, s->part);
    if (!wrong && g_rename(s->part, s->result) != 0) {
        wrong = g_strdup("cannot be renamed");
    }
    if (wrong && !r->wrong) {
        r->wrong = g_strdup_printf("%s: %s", s->result, wrong);
    }
    g_free(wrong);
    result_clear(&failure);
    g_free(shown);
    g_free(whole);
}

/* The worker's result becomes the capture's.  False where it has written none. */
static bool
keep(struct slot *s)
{
    struct run *r = s->run;
    struct result made;
    char *why = result_load(&made, s->part);

    if (why) {
        g_free(why);
        return false;
    }
    if (g_rename(s->part, s->result) != 0) {
        r->wrong = r->wrong ? r->wrong : g_strdup_printf("%s: cannot be written", s->result);
    } else {
        count(r, &made);
        if (made.reason) {
            trouble(r, s->capture, made.reason);
        }
        r->done++;
    }
    result_clear(&made);
    return true;
}

static void begin_more(struct run *r);

static void
judge(struct slot *s, const char *said)
{
    struct run *r = s->run;
    bool exited = !s->late && g_subprocess_get_if_exited(s->process);
    int status = exited ? g_subprocess_get_exit_status(s->process) : -1;
    char *why, *told;

    if (status == BULK_UNWRITTEN) {
        r->wrong = r->wrong ? r->wrong : g_strdup_printf("%s: %s", s->part, said);
        g_strchomp(r->wrong);
        return;
    }
    if (status >= 0 && status <= 2 && keep(s)) {
        return;
    }
    why = why_failed(s, said);
    if (!why || (stopped && !s->late)) {
        g_free(why);
        return;                 /* not done, not failed */
    }
    save_failure(s, why);
    r->done++;
    told = g_strdup_printf("%s; %s", why,
                           s->attempts < RUN_MOST_ATTEMPTS ? "the next run tries it again" :
                                                             "it is not tried again");
    trouble(r, s->capture, told);
    g_free(told);
    g_free(why);
}

static void
ended(GObject *process, GAsyncResult *how, gpointer data)
{
    struct slot *s = data;
    struct run *r = s->run;
    GBytes *out = NULL;
    GString *said = g_string_new(NULL);

    (void)g_subprocess_communicate_finish(G_SUBPROCESS(process), how, NULL, &out, NULL);
    if (out) {
        gsize len;
        const char *octets = g_bytes_get_data(out, &len);
        g_string_append_len(said, octets, (gssize)len);
        g_bytes_unref(out);
    }
    judge(s, said->str);
    g_string_free(said, TRUE);
    clear(s);
    r->busy--;
    begin_more(r);
}

static bool
begin(struct slot *s)
{
    struct run *r = s->run;
    GPtrArray *line = command_of(s);
    GError *error = NULL;

    s->process = g_subprocess_newv((const char *const *)line->pdata,
                                   G_SUBPROCESS_FLAGS_STDOUT_SILENCE |
                                       G_SUBPROCESS_FLAGS_STDERR_PIPE,
                                   &error);
    g_ptr_array_free(line, TRUE);
    if (!s->process) {
        r->wrong = g_strdup_printf("no process can be begun: %s", error->message);
        g_error_free(error);
        return false;
    }
    s->deadline = g_get_monotonic_time() + (gint64)r->host->options->seconds * G_USEC_PER_SEC;
    r->busy++;
    g_subprocess_communicate_async(s->process, NULL, NULL, ended, s);
    return true;
}

static void
look_at(struct run *r, struct slot *s, const char *capture)
{
    const char *output = r->host->options->output;
    char *name = result_name(capture), *part;

    s->capture = g_strdup(capture);
    s->result = g_build_filename(output, name, NULL);
    part = g_strdup_printf(RESULT_PART "%08x-%s", g_random_int(), name);
    s->part = g_build_filename(output, part, NULL);
    s->id = bulk_id(capture);
    s->fingerprint = r->host->fingerprint(r->host->context, capture);
    s->attempts = 1;
    if (is_done(r, s)) {
        r->skipped++;
        clear(s);
    } else if (!begin(s)) {
        clear(s);
    }
    g_free(part);
    g_free(name);
}

static void
begin_more(struct run *r)
{
    for (gint i = 0; i < r->host->options->jobs; i++) {
        struct slot *s = &r->slots[i];
        while (!s->process && !stopped && !r->wrong && r->next < r->captures->len) {
            look_at(r, s, g_ptr_array_index(r->captures, r->next++));
        }
    }
    if (!r->busy) {
        g_main_loop_quit(r->loop);
    }
}

static gboolean
tick(gpointer data)
{
    struct run *r = data;
    gint64 now = g_get_monotonic_time();

    for (gint i = 0; i < r->host->options->jobs; i++) {
        struct slot *s = &r->slots[i];
        if (s->process && (stopped || now > s->deadline)) {
            s->late = now > s->deadline;
            g_subprocess_force_exit(s->process);
        }
    }
    show_progress(r);
    return G_SOURCE_CONTINUE;
}

/* --- all -------------------------------------------------------------------------------------- */

/* What runs that were killed have left. */
static void
clean(const char *output)
{
    GDir *dir = g_dir_open(output, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        char *path = g_build_filename(output, name, NULL);
        GStatBuf now;
        if (g_str_has_prefix(name, RESULT_PART) && g_stat(path, &now) == 0 &&
            (gint64)now.st_mtime + RUN_STALE < g_get_real_time() / G_USEC_PER_SEC) {
            (void)g_remove(path);
        }
        g_free(path);
    }
    if (dir) {
        g_dir_close(dir);
    }
}

static void
print_account(const struct run *r)
{
    guint left = r->captures->len - r->done - r->skipped;

    printf("%u %s: %u read", r->captures->len, r->captures->len == 1 ? "file" : "files", r->read);
    if (r->cut) {
        printf(" (%u not to the end)", r->cut);
    }
    printf(", %u could not be read, %u failed", r->unread, r->failed);
    if (left) {
        printf(", %u left", left);
    }
    if (r->skipped) {
        printf("; %u had a result already", r->skipped);
    }
    printf("\nResults: %s\nSummary: espial --merge %s\n", r->host->options->output,
           r->host->options->output);
}

static int
finish(struct run *r)
{
    guint left = r->captures->len - r->done - r->skipped;

    take_line_away(r);
    if (r->wrong) {
        r->host->say("%s", r->wrong);
    }
    if (r->given_up) {
        r->host->say("%u of them failed %u times and %s not tried again; delete the result to try "
                     "one again",
                     r->given_up, RUN_MOST_ATTEMPTS, r->given_up == 1 ? "is" : "are");
    }
    if (left) {
        r->host->say("%s with %u of %u files left; what is done is kept, and the same command goes "
                     "on",
                     stopped ? "stopped" : "ended", left, r->captures->len);
    }
    print_account(r);
    return left || r->wrong ? 2 : (int)r->worst;
}

static int
run_on(struct run *r)
{
    guint timer;
    int status;

    r->slots = g_new0(struct slot, (gsize)r->host->options->jobs);
    for (gint i = 0; i < r->host->options->jobs; i++) {
        r->slots[i].run = r;
    }
    r->loop = g_main_loop_new(NULL, FALSE);
    r->begun = g_get_monotonic_time();
    stop_on_signals();
    timer = g_timeout_add(RUN_TICK, tick, r);
    begin_more(r);
    if (r->busy) {
        g_main_loop_run(r->loop);
    }
    g_source_remove(timer);
    status = finish(r);
    g_main_loop_unref(r->loop);
    g_free(r->slots);
    g_free(r->wrong);
    return status;
}

int
bulk_run(const struct bulk_host *host, char *const *paths, unsigned num)
{
    const char *output = host->options->output, *list = host->options->list;
    char *skip = g_canonicalize_filename(output, NULL), *why = NULL;
    struct run r = { .host = host };
    struct walk w;
    int status = 2;

    walk_begin(&w, skip, walk_is_capture);
    for (unsigned i = 0; i < num; i++) {
        walk_path(&w, paths[i]);
    }
    why = list ? walk_list(&w, list) : NULL;
    if (why) {
        host->say("%s: %s (--list)", list, why);
    } else if (!w.files->len) {
        host->say("there is no capture in what is given; %u other file%s there", w.others,
                  w.others == 1 ? " is" : "s are");
    } else if (g_mkdir_with_parents(output, 0777) != 0) {
        host->say("%s: %sno such folder can be made (--output)", output,
                  g_file_test(output, G_FILE_TEST_EXISTS) ? "is a file; " : "");
    } else {
        if (w.too_deep) {
            host->say("folders deeper than %u are left out", (unsigned)WALK_MAX_DEPTH);
        }
        clean(output);
        r.captures = w.files;
        status = run_on(&r);
        status = w.too_deep ? 2 : status;
    }
    walk_end(&w);
    g_free(why);
    g_free(skip);
    return status;
}
