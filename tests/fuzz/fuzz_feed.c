/* fuzz_feed.c - frames through all of it, as the program reads them: walk, fragments, IKE, ESP,
 * checks, diagnosis, reports; and what is known at the end, saved, read by a second one.  The input
 * is that of fuzz_frames.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <espial/cursor.h>
#include <espial/feed.h>
#include <glib/gstdio.h>

enum { NUM_LINKS = FRAME_LINK_PPP + 1, NO_PROOF = 8, SEVERAL = 16, VERIFY = 32, CUT = 64,
       MAX_FRAMES = 64 };

struct host {
    struct datagrams *datagrams;
    GPtrArray *given;
    uint8_t mode;
};

static unsigned
layers(void *context, const struct frame_part *part)
{
    (void)part;
    return ((const struct host *)context)->mode & NO_PROOF ? 0 : FEED_IKE | FEED_ESP | FEED_AH;
}

static bool
joined(void *context, const struct frame_part *fragment, unsigned n, struct octets *out)
{
    (void)n;
    return datagrams_join(((struct host *)context)->datagrams, fragment, out);
}

static bool
joined_ike(void *context, const struct frame_part *fragment, struct octets *out)
{
    return datagrams_join_cisco(((struct host *)context)->datagrams, &fragment->src,
                                &fragment->dst, &fragment->octets, out);
}

static bool
decrypted(void *context, struct octets *out)
{
    (void)context;
    (void)out;
    return false;
}

static void *
alloc(void *context, size_t size, enum feed_life life)
{
    void *at = g_malloc0(size);

    (void)life;
    g_ptr_array_add(((struct host *)context)->given, at);
    return at;
}

static const char *
point_name(void *context)
{
    (void)context;
    return "lan";
}

/* The place of a state, in the folder of temporary files; it is gone at the end. */
static const char *
state_path(void)
{
    static char *path;

    if (!path) {
        int at = g_file_open_tmp("espial-fuzz-XXXXXX", &path, NULL);
        MUST(at >= 0 && g_close(at, NULL));
    }
    return path;
}

static struct keylog *
keys(void)
{
    struct keylog *log = keylog_new();
    const char *path = g_getenv("ESPIAL_FUZZ_KEYS");
    static gchar *text;
    static gsize len;
    char *messages;

    if (path && (text || g_file_get_contents(path, &text, &len, NULL))) {
        keylog_read(log, "keys", text, len, &messages);
        g_free(messages);
    }
    return log;
}

static struct feed *
open_feed(uint8_t mode, const char *before)
{
    const struct feed_options o = { .sadb = { 64, FEED_GRACE }, .seed = 1, .keylog = keys(),
                                    .plan = plan_new(), .verify = mode & VERIFY, .name = "fuzz",
                                    .state_file = before };

    return feed_new(&o);
}

static void
see_frames(struct feed *f, struct host *h, double time, const uint8_t *data, size_t size)
{
    const struct feed_host host = { h, layers, joined, joined_ike, decrypted, alloc, point_name,
                                    false };
    struct cur c = cur_of(data, size), body;
    struct feed_frame frame = { .link = (enum frame_link)(h->mode % NUM_LINKS), .time = time,
                                .interfaces_told = h->mode & SEVERAL ? FEED_SEVERAL : FEED_ONE,
                                .interfaces = "lan\nwan" };
    uint16_t len;

    while (frame.number < MAX_FRAMES && cur_u16(&c, &len) && cur_sub(&c, &body, len)) {
        uint8_t *own = own_copy(body.at, len);
        struct record *kept = NULL;
        frame.number++;
        frame.time += 0.25;
        frame.point = h->mode & SEVERAL ? (uint8_t)(1 + frame.number % 2) : 0;
        frame.octets = (struct octets){ own, len, len + (h->mode & CUT ? 100u : 0u) };
        feed_frame(f, &frame, &host, false, true, &kept);
        g_ptr_array_set_size(h->given, 0);
        free(own);
    }
}

static void
tell_all(struct feed *f)
{
    FILE *nowhere = fopen("/dev/null", "w");
    struct report r;

    MUST(nowhere);
    feed_report(f, &r);
    r.version = "0";
    report_diagnosis(nowhere, &r);
    report_findings(nowhere, &r);
    report_sas(nowhere, &r);
    report_points(nowhere, &r);
    report_json(nowhere, &r);
    report_ndjson(nowhere, &r, NULL);
    (void)fclose(nowhere);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct host h = { .mode = size ? data[0] : 0 };

    if (size < 2) {
        return 0;
    }
    for (int second = 0; second < 2; second++) {
        struct feed *f = open_feed(h.mode, second ? state_path() : NULL);
        h.datagrams = datagrams_new();
        h.given = g_ptr_array_new_with_free_func(g_free);
        feed_save_to(f, second ? NULL : state_path());
        see_frames(f, &h, second ? 1020 : 1000, data + 1, size - 1);
        if (!second) {
            feed_save(f);
        }
        tell_all(f);
        feed_free(f);
        g_ptr_array_free(h.given, TRUE);
        datagrams_free(h.datagrams);
    }
    g_unlink(state_path());
    return 0;
}
