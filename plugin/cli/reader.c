/* reader.c - reads a capture, or several of the same traffic, into a feed: the host that Wireshark
 * is for the plugin.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader.h"

#include "names.h"
#include "progress.h"
#include "series.h"
#include "services.h"
#include "source.h"

#include <espial/limits.h>
#include <glib.h>
#include <string.h>

/* One of the captures, and the frame of it that comes next. */
struct place {
    struct source *source;
    struct joined *series;      /* in its place; NULL where it is one file */
    struct feed_frame frame;
    bool open;
    uint32_t frames;
    unsigned first_point;       /* how many interfaces are before its own */
};

struct reader {
    struct place *places;
    unsigned num;
    struct place *now;          /* of the frame under way */
    enum frame_link link;
    struct datagrams *datagrams;
    GPtrArray *given;           /* memory of the frame under way */
    GPtrArray *names;           /* of the interfaces of several captures; NULL of one */
};

/* --- the host --------------------------------------------------------------------------------- */

/* On links that are not known here only an IP header with its checksum tells; else the walk has
 * read all that can be read without dissectors. */
static unsigned
layers(void *context, const struct frame_part *part)
{
    const struct reader *r = (const struct reader *)context;

    if (part) {
        return services_layers(part);
    }
    return r->link == FRAME_LINK_OTHER ? FEED_IKE | FEED_ESP | FEED_AH : 0;
}

static bool
joined(void *context, const struct frame_part *fragment, unsigned n, struct octets *out)
{
    (void)n;
    return datagrams_join(((struct reader *)context)->datagrams, fragment, out);
}

static bool
joined_ike(void *context, const struct frame_part *fragment, struct octets *out)
{
    const struct reader *r = (const struct reader *)context;

    return datagrams_join_cisco(r->datagrams, &fragment->src, &fragment->dst, &fragment->octets,
                                out);
}

static bool
decrypted(void *context, struct octets *out)
{
    (void)context;
    (void)out;
    return false;
}

/* There is one pass: nothing outlives its frame. */
static void *
alloc(void *context, size_t size, enum feed_life life)
{
    void *at = g_malloc0(size);

    (void)life;
    g_ptr_array_add(((struct reader *)context)->given, at);
    return at;
}

static const char *
point_name(void *context)
{
    const struct reader *r = (const struct reader *)context;
    unsigned point = r->now->frame.point;

    if (r->names) {
        return point && point <= r->names->len ? (const char *)r->names->pdata[point - 1] : NULL;
    }
    return r->now->series ? joined_point_name(r->now->series) : source_interface(r->now->source);
}

/* --- several captures ------------------------------------------------------------------------- */

static bool
advance(struct place *p)
{
    p->open = p->series ? joined_next(p->series, &p->frame) : source_next(p->source, &p->frame);
    p->frames += p->open;
    return p->open;
}

/* The earliest; of two at the same time that of the first capture.  One without a time cannot
 * wait. */
static struct place *
earliest(const struct reader *r)
{
    struct place *best = NULL;
    int64_t best_secs = 0, secs;
    int best_nsecs = 0, nsecs;

    for (unsigned i = 0; i < r->num; i++) {
        struct place *p = &r->places[i];
        if (!p->open) {
            continue;
        }
        if (!source_time(p->source, &secs, &nsecs)) {
            return p;
        }
        if (!best || secs < best_secs || (secs == best_secs && nsecs < best_nsecs)) {
            best = p;
            best_secs = secs;
            best_nsecs = nsecs;
        }
    }
    return best;
}

/* A capture by its name without its folder and ending, and where it has several interfaces, each by
 * its own name behind that. */
static void
name_points(struct reader *r, char *const *paths)
{
    for (unsigned i = 0; i < r->num; i++) {
        struct place *p = &r->places[i];
        unsigned interfaces = MAX(source_interfaces(p->source), 1u);
        char *base = name_without_ending(paths[i]);
        p->first_point = r->names->len;
        g_strdelimit(base, ";", ',');
        for (unsigned n = 0; n < interfaces; n++) {
            const char *name = source_interface_name(p->source, n);
            g_ptr_array_add(r->names, interfaces == 1 ? g_strdup(base) :
                                      name ? g_strdup_printf("%s/%s", base, name) :
                                             g_strdup_printf("%s/%u", base, n + 1));
        }
        g_free(base);
    }
}

/* --- reading ---------------------------------------------------------------------------------- */

struct reader *
reader_open(char *const *paths, unsigned num, unsigned *which, char **problem)
{
    struct reader *r = g_new0(struct reader, 1);

    r->places = g_new0(struct place, num);
    r->num = num;
    r->datagrams = datagrams_new();
    r->given = g_ptr_array_new_with_free_func(g_free);
    for (*which = 0; *which < num; ++*which) {
        source_stop_on_interrupt(paths[*which]);
        r->places[*which].source = source_open(paths[*which], problem);
        if (!r->places[*which].source) {
            reader_close(r);
            return NULL;
        }
        advance(&r->places[*which]);
    }
    if (num > 1) {
        r->names = g_ptr_array_new_with_free_func(g_free);
        name_points(r, paths);
    }
    return r;
}

struct reader *
reader_open_series(struct joined *series)
{
    struct reader *r = g_new0(struct reader, 1);

    r->places = g_new0(struct place, 1);
    r->num = 1;
    r->datagrams = datagrams_new();
    r->given = g_ptr_array_new_with_free_func(g_free);
    r->places->series = series;
    advance(r->places);
    return r;
}

void
reader_close(struct reader *r)
{
    if (!r) {
        return;
    }
    for (unsigned i = 0; i < r->num; i++) {
        source_close(r->places[i].source);
    }
    if (r->names) {
        g_ptr_array_free(r->names, TRUE);
    }
    g_ptr_array_free(r->given, TRUE);
    datagrams_free(r->datagrams);
    g_free(r->places);
    g_free(r);
}

static void
count_traffic(struct traffic *traffic, const struct feed_frame *frame, const struct record *r)
{
    for (; r; r = r->next) {
        struct traffic_packet p = { r->stream, r->lost, r->inner_src, r->inner_dst, frame->number,
                                    frame->time };
        traffic_see(traffic, &p);
    }
}

/* A line for each, as Wireshark names them in the plugin: a state that one has written is the
 * other's too. */
static char *
interfaces_of(struct reader *r)
{
    GString *all = g_string_new(NULL);

    for (unsigned i = 0; i < POINTS_MAX; i++) {
        const char *name = r->now->series ?
                               given_point_name(joined_given(r->now->series), i + 1) :
                           r->names ? (i < r->names->len ? r->names->pdata[i] : NULL) :
                                      source_interface_name(r->now->source, i);
        g_string_append_printf(all, "%s%s", i ? "\n" : "", name ? name : "unknown");
    }
    return g_string_free(all, FALSE);
}

static unsigned
interfaces(const struct reader *r)
{
    return r->now->series ? given_points(joined_given(r->now->series)) :
                            source_interfaces(r->now->source);
}

static void
read_frame(struct reader *r, struct feed *feed, const struct feed_host *host, uint32_t number,
           struct traffic *traffic)
{
    struct feed_frame *frame = &r->now->frame;
    struct record *kept = NULL, *made;
    char *names = NULL;

    frame->number = number;
    if (r->names) {
        frame->point = (uint8_t)(MIN(r->now->first_point + MAX(frame->point, 1u), UINT8_MAX));
    }
    if (number == 1) {
        frame->interfaces_told =
            r->names || interfaces(r) > 1 ? FEED_SEVERAL : FEED_ONE;
        frame->interfaces = names = interfaces_of(r);
    }
    r->link = frame->link;
    made = feed_frame(feed, frame, host, false, traffic != NULL, &kept);
    g_free(names);
    if (traffic && !points_copy_of(sadb_points(feed->db), number)) {
        count_traffic(traffic, frame, kept);
        count_traffic(traffic, frame, made);
    }
    if (r->given->len) {
        g_ptr_array_set_size(r->given, 0);
    }
}

uint32_t
reader_read(struct reader *r, struct feed *feed, struct traffic *traffic)
{
    const struct feed_host host = { .context = r,
                                    .layers = layers,
                                    .joined = joined,
                                    .joined_ike = joined_ike,
                                    .decrypted = decrypted,
                                    .alloc = alloc,
                                    .point_name = point_name };
    struct progress progress;
    uint32_t number = 0;

    progress_begin(&progress);
    while ((r->now = r->num == 1 ? (r->places->open ? r->places : NULL) : earliest(r)) &&
           !source_stopped()) {
        read_frame(r, feed, &host, ++number, traffic);
        advance(r->now);
        if (number % PROGRESS_FRAMES == 0) {
            int64_t done = 0, all = 0;
            for (unsigned i = 0; i < r->num; i++) {
                const struct place *p = &r->places[i];
                int64_t size;
                done += p->series ? joined_done(p->series, &size) : source_done(p->source, &size);
                all += size;
            }
            progress_show(&progress, number, done, all);
        }
    }
    progress_end(&progress);
    return number;
}

char *
reader_fault(const struct reader *r, bool *nothing)
{
    for (unsigned i = 0; i < r->num; i++) {
        char *fault = r->places[i].series ?
                          NULL :
                          source_fault(r->places[i].source, r->places[i].frames, nothing);
        if (fault) {
            return fault;
        }
    }
    *nothing = false;
    return NULL;
}

char *
reader_strange(const struct reader *r)
{
    for (unsigned i = 0; i < r->num; i++) {
        const char *link;
        uint32_t frames = r->places[i].series ? joined_strange(r->places[i].series, &link) :
                                                source_strange(r->places[i].source, &link);
        if (frames) {
            return g_strdup_printf("%u frames are of a link (%s) that is searched for IP here; "
                                   "--dissect has Wireshark's dissectors read them",
                                   frames, link);
        }
    }
    return NULL;
}

bool
reader_capped(const struct reader *r)
{
    return datagrams_capped(r->datagrams);
}
