/* joined.c - the files of a series read as one capture.  A file is opened when its time comes, and
 * closed at its end, so few are open at once.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "input.h"

#include "copies.h"

#include <espial/limits.h>
#include <string.h>

#ifndef _WIN32
#include <sys/resource.h>
#endif

/* A file that is open, and the frame of it that comes next. */
struct open_file {
    struct given_file *file;
    struct input *input;
    struct feed_frame frame;
    int64_t secs;
    int nsecs;
    bool timeless;
    unsigned order;             /* of the files */
    uint32_t frames;            /* that were read */
    double last_time;           /* of its last frame that counts */
};

struct joined {
    struct given *given;
    series_tell tell;
    GPtrArray *heap;            /* of struct open_file, the earliest on top */
    struct open_file *last;     /* whose frame was given last, on top of the heap; NULL */
    unsigned next;              /* the first file that was not opened yet */
    uint32_t number;
    struct copies *copies;
    int64_t done, all;          /* octets; done: of files that were closed */
    uint32_t strange;
    const char *strange_link;
};

static struct open_file *
at(const struct joined *j, guint i)
{
    return (struct open_file *)j->heap->pdata[i];
}

/* --- the earliest frame ----------------------------------------------------------------------- */

static bool
earlier(int64_t secs, int nsecs, int64_t than_secs, int than_nsecs)
{
    return secs < than_secs || (secs == than_secs && nsecs < than_nsecs);
}

/* Of two at the same time that of the earlier file.  One without a time cannot wait. */
static bool
comes_first(const struct open_file *a, const struct open_file *b)
{
    if (a->timeless != b->timeless) {
        return a->timeless;
    }
    if (a->timeless || (a->secs == b->secs && a->nsecs == b->nsecs)) {
        return a->order < b->order;
    }
    return earlier(a->secs, a->nsecs, b->secs, b->nsecs);
}

static void
swap(struct joined *j, guint a, guint b)
{
    gpointer one = j->heap->pdata[a];

    j->heap->pdata[a] = j->heap->pdata[b];
    j->heap->pdata[b] = one;
}

static void
sink(struct joined *j, guint i)
{
    for (guint child; (child = 2 * i + 1) < j->heap->len; i = child) {
        if (child + 1 < j->heap->len && comes_first(at(j, child + 1), at(j, child))) {
            child++;
        }
        if (!comes_first(at(j, child), at(j, i))) {
            return;
        }
        swap(j, i, child);
    }
}

static void
rise(struct joined *j, guint i)
{
    while (i && comes_first(at(j, i), at(j, (i - 1) / 2))) {
        swap(j, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
}

/* --- one file --------------------------------------------------------------------------------- */

/* False at its end. */
static bool
advance(struct open_file *o)
{
    if (!input_next(o->input, &o->frame)) {
        return false;
    }
    o->frames++;
    o->timeless = !input_time(o->input, &o->secs, &o->nsecs);
    return true;
}

static void
tell_damage(const struct joined *j, const struct open_file *o)
{
    char *damage = input_damage(o->input), *what;

    if (!damage) {
        return;
    }
    what = g_strdup_printf(o->frames == 1 ? "cut short or damaged%s%s%s: the frame before that is "
                                            "in the series" :
                                            "cut short or damaged%s%s%s: the %u frames before that "
                                            "are in the series",
                           *damage ? " (" : "", damage, *damage ? ")" : "", o->frames);
    j->tell(o->file->path, what, NULL);
    g_free(what);
    g_free(damage);
}

static void
close_file(struct joined *j, struct open_file *o)
{
    const char *link;
    int64_t size;
    uint32_t strange = input_strange(o->input, &link);

    tell_damage(j, o);
    j->strange_link = j->strange ? j->strange_link : link;
    j->strange += strange;
    (void)input_done(o->input, &size);
    j->done += size;
    input_close(o->input);
    g_free(o);
}

/* What was read of it to look at it is read again; what cannot be opened again has its first frame
 * at hand. */
static void
open_file(struct joined *j, unsigned order)
{
    struct given_file *f = given_file(j->given, order);
    struct open_file *o = g_new0(struct open_file, 1);
    char *problem = NULL;

    o->file = f;
    o->order = order;
    o->input = f->input;
    f->input = NULL;
    if (o->input) {
        o->frame = f->first;
        o->frames = 1;
        o->timeless = !input_time(o->input, &o->secs, &o->nsecs);
    } else if (!(o->input = input_open(f->at, &problem)) || !advance(o)) {
        j->tell(f->path, problem ? problem : "it has changed since it was looked at",
                "left out of the series");
        input_close(o->input);
        g_free(o);
        g_free(problem);
        return;
    }
    o->last_time = o->frame.time;
    g_ptr_array_add(j->heap, o);
    rise(j, j->heap->len - 1);
}

/* The next file's time has come: a frame at hand is not earlier than its first one. */
static bool
next_is_due(const struct joined *j)
{
    const struct given_file *f;

    if (j->next >= given_count(j->given)) {
        return false;
    }
    f = given_file(j->given, j->next);
    return !f->empty && (!j->heap->len || (!at(j, 0)->timeless &&
                                           !earlier(at(j, 0)->secs, at(j, 0)->nsecs, f->secs,
                                                    f->nsecs)));
}

static void
open_due(struct joined *j)
{
    while (next_is_due(j)) {
        if (j->heap->len >= SERIES_MAX_OPEN) {
            struct given_file *f = given_file(j->given, j->next++);
            char *what = g_strdup_printf("%u files that are older are of the same time, as many as "
                                         "are read at once", (unsigned)SERIES_MAX_OPEN);
            input_close(f->input);
            f->input = NULL;
            j->tell(f->path, what, "left out of the series");
            g_free(what);
            continue;
        }
        open_file(j, j->next++);
    }
}

/* As many files as may be open at once. */
static void
allow_open_files(void)
{
#ifndef _WIN32
    const rlim_t wanted = SERIES_MAX_OPEN + 64;     /* and what else the program has open */
    struct rlimit most;

    if (getrlimit(RLIMIT_NOFILE, &most) == 0 && most.rlim_cur < wanted) {
        most.rlim_cur = MIN(most.rlim_max, wanted);
        (void)setrlimit(RLIMIT_NOFILE, &most);
    }
#endif
}

/* --- all of them ------------------------------------------------------------------------------ */

struct joined *
joined_open(char *const *paths, unsigned num, series_tell tell)
{
    struct given *given = given_open(paths, num, tell);
    struct joined *j;

    if (!given) {
        return NULL;
    }
    j = g_new0(struct joined, 1);
    j->given = given;
    j->tell = tell;
    j->heap = g_ptr_array_new();
    j->copies = copies_new();
    allow_open_files();
    for (unsigned i = 0; i < given_count(given); i++) {
        j->all += given_file(given, i)->size;
    }
    return j;
}

void
joined_close(struct joined *j)
{
    if (!j) {
        return;
    }
    for (guint i = 0; i < j->heap->len; i++) {
        input_close(at(j, i)->input);
        g_free(at(j, i));
    }
    g_ptr_array_free(j->heap, TRUE);
    copies_free(j->copies);
    given_free(j->given);
    g_free(j);
}

/* The frame that was given last is done with. */
static void
step(struct joined *j)
{
    struct open_file *o = j->last;

    j->last = NULL;
    if (!o) {
        return;
    }
    if (advance(o)) {
        sink(j, 0);
        return;
    }
    close_file(j, o);
    g_ptr_array_remove_index_fast(j->heap, 0);
    sink(j, 0);
}

/* The files overlap: one has a frame behind the beginning of a later one. */
static bool
overlaps(const struct joined *j, const struct open_file *o)
{
    if (earlier(o->file->secs, o->file->nsecs, o->secs, o->nsecs)) {
        return true;
    }
    for (guint i = 0; i < j->heap->len; i++) {
        if (at(j, i)->order < o->order) {
            return true;
        }
    }
    return false;
}

/* Another file has given it already.  Where one file is open alone there is none. */
static bool
is_copy(struct joined *j, const struct open_file *o)
{
    struct copy c = { .secs = o->secs, .nsecs = o->nsecs, .file = o->order,
                      .captured = o->frame.octets.captured };
    struct span octets;

    if (o->timeless || (j->heap->len < 2 && !copies_any(j->copies, o->secs))) {
        return false;
    }
    octets = input_octets(o->input, &o->frame, &c.sum);
    c.octets = octets.at;
    c.len = octets.len;
    return copies_see(j->copies, &c, overlaps(j, o));
}

static void
count(struct joined *j, struct open_file *o)
{
    struct series_file *f = &o->file->is;
    double time = o->frame.time;

    if (!f->num_frames) {
        f->first_frame = j->number;
        f->first_time = f->last_time = o->last_time = time;
        f->pause = 0;
    }
    f->last_frame = j->number;
    f->num_frames++;
    f->first_time = MIN(f->first_time, time);
    f->last_time = MAX(f->last_time, time);
    f->pause = MAX(f->pause, time - o->last_time);
    o->last_time = time;
}

bool
joined_next(struct joined *j, struct feed_frame *out)
{
    struct open_file *o;

    for (;;) {
        step(j);
        open_due(j);
        if (!j->heap->len) {
            return false;
        }
        j->last = o = at(j, 0);
        if (is_copy(j, o)) {
            o->file->is.left_out++;
            continue;
        }
        if (j->number == UINT32_MAX) {
            j->tell(o->file->path, "the series has 4294967295 frames, as many as can be numbered",
                    "the rest is left out");
            return false;
        }
        j->number++;
        count(j, o);
        *out = o->frame;
        out->point = (uint8_t)MIN(given_point(j->given, o->file, o->input), UINT8_MAX);
        return true;
    }
}

const char *
joined_point_name(const struct joined *j)
{
    return given_point_name(j->given, given_point(j->given, j->last->file, j->last->input));
}

const struct given *
joined_given(const struct joined *j)
{
    return j->given;
}

int64_t
joined_done(const struct joined *j, int64_t *all)
{
    int64_t done = j->done, size;

    for (guint i = 0; i < j->heap->len; i++) {
        done += input_done(at(j, i)->input, &size);
    }
    *all = j->all;
    return done;
}

uint32_t
joined_strange(const struct joined *j, const char **link)
{
    *link = j->strange_link;
    return j->strange;
}

struct series *
joined_series(struct joined *j)
{
    return given_series(j->given);
}

const char *
joined_first(const struct joined *j)
{
    return given_file(j->given, 0)->path;
}
