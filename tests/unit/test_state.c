/* test_state.c - the state file: what is written is read back and gives the same; what is damaged,
 * newer or of another series is refused; no octet of it can do harm.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "feed.h"
#include "t.h"

#include <glib/gstdio.h>
#include <math.h>

static char *dir;
static GString *heard;

static void
tell(const char *message)
{
    g_string_append_printf(heard, "%s\n", message);
}

static bool
heard_of(const char *word)
{
    return strstr(heard->str, word) != NULL;
}

static char *
path_of(const char *name)
{
    return g_build_filename(dir, name, NULL);
}

/* --- numbers and fields ---------------------------------------------------------------------- */

struct all {
    uint8_t a;
    uint16_t b;
    uint32_t c;
    uint64_t d;
    bool e, f;
};

static void
code_all(struct codec *c, struct all *v, double *time, struct ip_addr *addr, struct span *span)
{
    const struct code_field fields[] = { CODE_NUMBER(v->a), CODE_NUMBER(v->b), CODE_NUMBER(v->c),
                                         CODE_BOOL(v->e), CODE_BOOL(v->f) };

    code_fields(c, fields, G_N_ELEMENTS(fields));
    code_number(c, &v->d);
    code_near(c, &v->d, UINT64_C(1) << 63);
    code_time(c, time, 1e9);
    code_addr(c, addr);
    code_span(c, span, 8);
}

static void
test_codec(void)
{
    static const uint64_t numbers[] = { 0, 1, 127, 128, 16383, 16384, UINT32_MAX,
                                        UINT64_C(1) << 63, UINT64_MAX };
    static const double times[] = { 0, 1e9, 1796029801.983256, 1796029801.983257, 1e-300 };

    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        for (size_t k = 0; k < G_N_ELEMENTS(times); k++) {
            struct all v = { (uint8_t)numbers[i], (uint16_t)numbers[i], (uint32_t)numbers[i],
                             numbers[i], i & 1, k & 1 }, w = { 0 };
            struct ip_addr addr = ip_from(k & 1 ? 6 : 4, (const uint8_t *)"0123456789abcdef"),
                           other = { 0 };
            struct span span = { (const uint8_t *)"12345678", i }, back = { 0 };
            double time = times[k], when = 0;
            struct codec out = { .out = g_byte_array_new() };
            struct codec in;
            code_all(&out, &v, &time, &addr, &span);
            in = (struct codec){ .at = out.out->data, .end = out.out->data + out.out->len };
            code_all(&in, &w, &when, &other, &back);
            T(!in.bad && in.at == in.end);
            T(w.a == v.a && w.b == v.b && w.c == v.c && w.d == v.d && w.e == v.e && w.f == v.f);
            T(when == time && ip_equal(&addr, &other));
            T(back.len == MIN(i, 8) && memcmp(back.at, span.at, back.len) == 0);
            /* One octet less is no record. */
            in = (struct codec){ .at = out.out->data, .end = out.out->data + out.out->len - 1 };
            code_all(&in, &w, &when, &other, &back);
            T(in.bad);
            g_byte_array_free(out.out, TRUE);
        }
    }
}

/* --- a capture ------------------------------------------------------------------------------- */

static struct feed *
open_feed(const char *state, const char *save_to)
{
    struct feed_options o = { .sadb = { 64, 0.5 }, .seed = 7, .state_file = state,
                              .name = "ring_1", .tell = tell };
    struct feed *f;

    g_string_truncate(heard, 0);
    f = feed_new(&o);
    feed_save_to(f, save_to);
    return f;
}

static void
next_frame(struct feed *f, uint32_t number, double time, const char *interfaces)
{
    struct feed_frame frame = { .number = number, .time = time, .interfaces = interfaces,
                                .interfaces_told = FEED_SEVERAL, .point = 1 };

    feed_begin_file(f, &frame);
    frame.number += f->base;
    feed_see_frame(f, &frame, "lan");
}

/* Packets of one stream, with a gap, an octet of each told apart; the IKE message is malformed. */
static void
see_packets(struct feed *f, uint32_t from, uint32_t to)
{
    static const uint8_t src[] = { 192, 0, 2, 1 }, dst[] = { 198, 51, 100, 1 };

    for (uint32_t i = from; i <= to; i++) {
        uint8_t octets[40] = { 0 };
        struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = 0x01020304, .seq = i * 2,
                                  .length = sizeof octets, .octets = { octets, sizeof octets },
                                  .has_iv = true, .iv = i * UINT64_C(77) };
        struct sighting at = { .frame = f->base + i - from + 1, .time = 1000 + i,
                               .src = ip_from(4, src), .dst = ip_from(4, dst), .ttl = 64,
                               .point = 1, .ip_id = (uint16_t)(9 * i) };
        octets[20] = (uint8_t)i;
        next_frame(f, i - from + 1, 1000 + i, "lan\nunknown");
        feed_see_packet(f, &at, &p);
    }
}

static char *
save_first(uint32_t packets)
{
    char *path = path_of("state");
    struct feed *f = open_feed(NULL, path);
    GStatBuf of;

    see_packets(f, 1, packets);
    T(feed_save(f) && !heard->len);
    T(g_stat(path, &of) == 0 && (of.st_mode & 0777) == 0600);
    feed_free(f);
    return path;
}

static void
test_goes_on(void)
{
    char *path = save_first(30);
    struct feed *f = open_feed(path, NULL);
    const struct stream *s;
    struct report r;

    see_packets(f, 31, 40);
    T(!heard->len && f->base == 30);
    feed_report(f, &r);
    T(sadb_num_streams(f->db) == 1 && sadb_num_frames(f->db) == 40);
    s = sadb_stream(f->db, 0);
    T(s->packets == 40 && s->first_frame == 1 && s->last_frame == 40);
    T(series_count(r.series) == 2);
    T(strcmp(series_get(r.series, 0)->name, "ring_1") == 0);
    T(series_get(r.series, 1)->first_frame == 31 && series_get(r.series, 1)->last_frame == 40);
    feed_free(f);
    g_free(path);
}

/* The same packet is known again by its octets, across the file. */
static void
test_same_packet(void)
{
    char *path = save_first(20);
    struct feed *f = open_feed(path, NULL);
    struct ipsec_packet p = { .protocol = PROTO_ESP, .length = 3,
                              .octets = { (const uint8_t *)"abc", 3 } };
    uint64_t sum = ipsec_sum(&p);

    see_packets(f, 21, 21);
    /* The sums are those of who saved it: this process, whose seed has not changed. */
    T(ipsec_sum(&p) == sum && sum);
    p.octets.len = 0;
    T(ipsec_sum(&p) == 0);
    p.sum = 5;
    T(ipsec_sum(&p) == 5);
    feed_free(f);
    g_free(path);
}

/* --- refused --------------------------------------------------------------------------------- */

static void
refused(const char *path, double time, const char *interfaces, const char *word)
{
    struct feed *f = open_feed(path, NULL);

    next_frame(f, 1, time, interfaces);
    T(heard_of(word) && heard_of("read without it"));
    T(f->base == 0 && sadb_num_streams(f->db) == 0);
    feed_free(f);
}

static void
write_file(const char *path, const void *at, size_t len)
{
    T(g_file_set_contents_full(path, (const char *)at, (gssize)len,
                               G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static void
test_refused(void)
{
    char *path = save_first(12), *other = path_of("other"), *text;
    gsize len;
    struct feed *f;

    refused(path, 1000, "lan", "newer, or of another series");
    refused(path, 1012 + 3600, "lan", "60 minutes before this capture begins");
    refused(path, 1013, "wan", "other interfaces");
    f = open_feed(path, NULL);
    next_frame(f, 1, 1013, "unknown");  /* a form of capture that has no names */
    T(!heard->len && f->base == 12);
    feed_free(f);

    T(g_file_get_contents(path, &text, &len, NULL));
    for (gsize i = 0; i < len; i += 7) {
        text[i] ^= 4;
        write_file(other, text, len);
        text[i] ^= 4;
        refused(other, 1013, "lan", i >= STATE_HEAD_LEN ? "checksum does not fit" : "saved");
        write_file(other, text, i);
        refused(other, 1013, "lan", i > STATE_HEAD_LEN ? "damaged" : "saved");
    }
    text[STATE_HEAD_LEN - 2]++;
    write_file(other, text, len);
    refused(other, 1013, "lan", "another version of Espial");
    refused("/nowhere/state", 1013, "lan", "cannot be read");
    g_unlink(other);            /* GLib keeps the octets of a file that becomes empty */
    write_file(other, "", 0);
    refused(other, 1013, "lan", "is no state");
    g_free(text);
    g_free(other);
    g_free(path);
}

static void
flip(char *octet, unsigned bit)
{
    guint8 v = (guint8)*octet;

    v ^= (guint8)(1u << bit);
    memcpy(octet, &v, 1);
}

/* Whoever makes a right sum of what is wrong gets no further than with packets. */
static void
test_hostile(void)
{
    char *path = save_first(6), *other = path_of("other"), *text;
    gsize len, size;
    unsigned said = 0;

    T(g_file_get_contents(path, &text, &len, NULL));
    for (gsize i = STATE_HEAD_LEN; i < len - STATE_SUM; i++) {
        for (unsigned bit = 0; bit < 8; bit += 1) {
            GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
            struct feed *f;
            struct report r;
            flip(text + i, bit);
            size = STATE_SUM;
            g_checksum_update(sum, (const guchar *)text, (gssize)(len - STATE_SUM));
            g_checksum_get_digest(sum, (guint8 *)text + len - STATE_SUM, &size);
            g_checksum_free(sum);
            write_file(other, text, len);
            flip(text + i, bit);
            f = open_feed(other, NULL);
            see_packets(f, 7, 9);
            feed_report(f, &r);
            said += heard->len > 0;
            feed_free(f);
        }
    }
    T(said > 0);
    g_free(text);
    g_free(other);
    g_free(path);
}

/* --- what cannot be written ------------------------------------------------------------------ */

static void
test_not_written(void)
{
    char *nowhere = g_build_filename(dir, "none", "state", NULL), *path = path_of("left");
    struct feed *f = open_feed(NULL, nowhere);

    see_packets(f, 1, 2);
    T(heard_of("cannot be written to") && !feed_save(f));
    feed_free(f);
    f = open_feed(NULL, path);
    T(!feed_save(f) && heard_of("has no frame"));
    feed_free(f);
    /* What is not finished leaves nothing. */
    f = open_feed(NULL, path);
    see_packets(f, 1, 2);
    feed_free(f);
    T(!g_file_test(path, G_FILE_TEST_EXISTS));
    g_free(nowhere);
    g_free(path);
}

static void
test_text(void)
{
    struct series *s = series_new();
    struct series_file *one = series_add(s, "ring_1");
    char *text;

    one->first_frame = 1;
    one->last_frame = one->num_frames = 30;
    text = series_text_in_file(s, 30, "In frames 3, 31 and 40 (frame 30), or frame 45; 7 packets");
    T(strcmp(text, "In frames 3 of ring_1, 1 and 10 (frame 30 of ring_1), or frame 15; "
                       "7 packets") == 0);
    g_free(text);
    series_free(s);
}

int
main(void)
{
    const char *left;
    GDir *d;

    dir = g_dir_make_tmp("espial.XXXXXX", NULL);
    heard = g_string_new(NULL);
    T(dir);
    test_codec();
    test_goes_on();
    test_same_packet();
    test_refused();
    test_hostile();
    test_not_written();
    test_text();
    d = g_dir_open(dir, 0, NULL);
    while ((left = g_dir_read_name(d))) {
        char *path = path_of(left);
        T(strcmp(left, "state") == 0 || strcmp(left, "other") == 0);
        g_unlink(path);
        g_free(path);
    }
    g_dir_close(d);
    g_rmdir(dir);
    g_free(dir);
    g_string_free(heard, TRUE);
    return t_done();
}
