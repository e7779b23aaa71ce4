/* load.c - reads a state file, and feeds its events again.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "feed.h"

#include <espial/limits.h>
#include <espial/text.h>
#include <string.h>

struct state_in {
    GMappedFile *file;
    const uint8_t *begin, *end; /* the records */
    uint64_t seed;
    struct last_record last;
};

enum { LEAST = STATE_HEAD_LEN + 8 + 1 + 4 + STATE_SUM };

/* NULL, or what is wrong. */
static char *
look(struct state_in *in, const uint8_t *at, size_t len)
{
    static const char name[] = STATE_NAME;
    const uint8_t *line_end =
        len ? (const uint8_t *)memchr(at, '\n', MIN(len, STATE_HEAD_LEN + 8u)) : NULL;
    GChecksum *sum;
    uint8_t digest[STATE_SUM];
    gsize size = sizeof digest;
    struct codec c = { 0 };

    if (!line_end || len < sizeof name || memcmp(at, name, sizeof name - 1) != 0) {
        return g_strdup("is no state that Espial has saved");
    }
    if ((size_t)(line_end - at) + 1 != STATE_HEAD_LEN ||
        memcmp(at, STATE_HEAD, STATE_HEAD_LEN) != 0) {
        return g_strdup("was saved by another version of Espial, in a form that this one does not "
                        "know");
    }
    if (len < LEAST) {
        return g_strdup("is damaged: its end is missing");
    }
    sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, at, (gssize)(len - STATE_SUM));
    g_checksum_get_digest(sum, digest, &size);
    g_checksum_free(sum);
    if (memcmp(digest, at + len - STATE_SUM, STATE_SUM) != 0) {
        return g_strdup("is damaged: its checksum does not fit");
    }
    memcpy(&in->seed, at + STATE_HEAD_LEN, sizeof in->seed);
    in->begin = at + STATE_HEAD_LEN + sizeof in->seed;
    in->end = at + len - STATE_SUM - 4;
    size = be32(in->end);
    if (size < 1 || size > (size_t)(in->end - in->begin) ||
        in->end[-(ptrdiff_t)size] != STATE_END) {
        return g_strdup("is damaged: its last record cannot be read");
    }
    c.at = in->end - size + 1;
    c.end = in->end;
    in->end -= size;
    code_last(&c, &in->last);
    return c.bad || !in->last.frames ? g_strdup("is damaged: its last record cannot be read") :
                                       NULL;
}

struct state_in *
state_in_new(const char *path, char **message)
{
    GError *error = NULL;
    struct state_in *in = g_new0(struct state_in, 1);
    char *shown = text_shown(path), *wrong;

    in->file = g_mapped_file_new(path, FALSE, &error);
    if (!in->file) {
        char *why = text_reason(error->message);
        wrong = g_strdup_printf("cannot be read: %s", why);
        g_free(why);
        g_clear_error(&error);
    } else {
        wrong = look(in, (const uint8_t *)g_mapped_file_get_contents(in->file),
                     g_mapped_file_get_length(in->file));
    }
    if (wrong) {
        *message = g_strdup_printf("the state file %s %s; the capture is read without it.", shown,
                                   wrong);
        state_in_free(in);
        in = NULL;
    }
    g_free(wrong);
    g_free(shown);
    return in;
}

void
state_in_free(struct state_in *in)
{
    if (in) {
        if (in->file) {
            g_mapped_file_unref(in->file);
        }
        g_free(in);
    }
}

/* What Wireshark calls an interface without a name. */
static bool
is_named(const char *name)
{
    return *name && strcmp(name, "unknown") != 0;
}

/* Interfaces that both know have the same names; one of them may know more by its first frame. */
static bool
same_interfaces(const struct span *before, const char *now)
{
    char *text = g_strndup((const char *)before->at, before->len);
    char **a = g_strsplit(text, "\n", 0), **b = g_strsplit(now ? now : "", "\n", 0);
    bool same = true;

    for (size_t i = 0; same && a[i] && b[i]; i++) {
        same = !is_named(a[i]) || !is_named(b[i]) || strcmp(a[i], b[i]) == 0;
    }
    g_strfreev(a);
    g_strfreev(b);
    g_free(text);
    return same;
}

#define OUT_OF_ORDER_S 1.0      /* as frames of one capture may be, which rotation cuts in two */

char *
state_in_refuses(const struct state_in *in, const struct feed_frame *first)
{
    double after = first->time - in->last.last_time;

    if (after < -OUT_OF_ORDER_S) {
        return g_strdup_printf("knows what came later: it ends %.1f s after this capture begins, "
                               "so it is newer, or of another series", -after);
    }
    if (after > MAX(STATE_MAX_GAP_S, SERIES_GAP_TIMES * in->last.pause)) {
        return g_strdup_printf("ends %.0f minutes before this capture begins, and has no pause "
                               "nearly as long: it is of another series", after / 60);
    }
    if (!same_interfaces(&in->last.interfaces, first->interfaces)) {
        return g_strdup("is of another series: its captures have other interfaces");
    }
    return NULL;
}

/* --- events ----------------------------------------------------------------------------------- */

static struct feed_frame
frame_of(const struct sighting *at)
{
    return (struct feed_frame){ .number = at->frame, .time = at->time, .point = at->point };
}

static void
see_begin(struct feed *f, const struct begin_record *r, const char *interfaces)
{
    struct feed_frame frame = { .number = (uint32_t)r->frame, .time = r->time,
                                .interfaces_told = r->interfaces_told,
                                .interfaces = interfaces };

    feed_see_frame(f, &frame, NULL);
}

static void
see_points(struct feed *f, const struct point_record *r)
{
    char *name = r->name.len ? g_strndup((const char *)r->name.at, r->name.len) : NULL;
    struct feed_frame first = { .number = (uint32_t)r->first_frame, .time = r->first_time,
                                .point = (uint8_t)r->point },
                      last = { .number = (uint32_t)r->last_frame, .time = r->last_time,
                               .point = (uint8_t)r->point };

    feed_see_point(f, &first, name);
    feed_see_point(f, &last, name);
    g_free(name);
}

static void
see_message(struct feed *f, const struct message_record *r)
{
    struct feed_frame frame = frame_of(&r->at);
    struct octets o = { r->octets.at, r->octets.len, (size_t)r->reported };
    struct ike_message head = { .exchange = r->exchange };
    struct seen_message seen;

    memcpy(head.spi_i, r->spi_i, sizeof head.spi_i);
    feed_see_time(f, &frame);
    feed_see_message(f, &seen, &r->at, &o, r->joined ? &head : NULL, r->by_form);
}

/* Keys may be known that were not when it was saved; and the first packets of a stream tell the key
 * ring which of its keys are right. */
static void
see_packet(struct feed *f, const struct packet_record *r)
{
    const struct ipsec_packet *p = &r->packet;
    struct octets o = { p->octets.at, p->octets.len, p->length };
    struct feed_frame frame = frame_of(&r->at);
    struct ipsec_packet opened = *p;

    if (p->protocol == PROTO_ESP && o.captured && o.captured <= o.reported) {
        feed_open_packet(f, &opened, &r->at, &o);
    }
    feed_see_time(f, &frame);
    feed_see_packet(f, &r->at, p->clear_read && !opened.clear_read ? p : &opened);
}

static void
see_path(struct feed *f, const struct path_record *r)
{
    struct feed_frame frame = frame_of(&r->at);
    struct path_event e;

    feed_see_time(f, &frame);
    feed_see_path(f, &e, &r->at, &r->packet);
}

static void
see_segment(struct feed *f, const struct segment_record *r)
{
    struct frame_part p = { .kind = FRAME_TCP, .src = r->at.src, .dst = r->at.dst,
                            .src_port = r->at.src_port, .dst_port = r->at.dst_port,
                            .tcp_seq = (uint32_t)r->seq, .tcp_syn = r->syn,
                            .octets = { r->octets.at, r->octets.len, r->octets.len } };

    feed_see_stream(f, &r->at, &p);
}

static void
see_file(struct feed *f, const struct file_record *r)
{
    char *name = g_strndup((const char *)r->name.at, r->name.len);
    const struct series_file file = { .name = name, .num_frames = (uint32_t)r->frames,
                                      .first_time = r->first_time, .last_time = r->last_time,
                                      .pause = r->pause };

    f->cut_frames = (uint32_t)r->cut_frames;
    f->deep |= r->deep;
    sadb_see_frame(f->db, f->base + file.num_frames, r->end);
    feed_see_file(f, &file);
    feed_add_file(f, &file);
    f->base += file.num_frames;
    g_free(name);
}

/* Each record is read whole before it is fed. */
static bool
replay_one(struct codec *c, struct ways *ways, struct feed *f, const char *interfaces)
{
    union {
        struct begin_record begin;
        struct point_record point;
        struct message_record message;
        struct packet_record packet;
        struct path_record path;
        struct segment_record segment;
        struct span piece;
        struct file_record file;
    } r;
    uint8_t tag;

    memset(&r, 0, sizeof r);
    code_octets(c, &tag, 1);
    switch (tag) {
    case STATE_BEGIN: code_begin(c, &r.begin); break;
    case STATE_POINT: code_point(c, &r.point); break;
    case STATE_IKE: code_message(c, ways, &r.message); break;
    case STATE_IPSEC: code_packet(c, ways, &r.packet, true); break;
    case STATE_PATH: code_path(c, ways, &r.path); break;
    case STATE_STREAM: code_segment(c, ways, &r.segment); break;
    case STATE_PIECE: code_span(c, &r.piece, STATE_MAX_PACKET); break;
    case STATE_FILE: code_file(c, &r.file); break;
    default: c->bad = true; break;
    }
    if (c->bad) {
        return false;
    }
    switch (tag) {
    case STATE_BEGIN: see_begin(f, &r.begin, interfaces); break;
    case STATE_POINT: see_points(f, &r.point); break;
    case STATE_IKE: see_message(f, &r.message); break;
    case STATE_IPSEC: see_packet(f, &r.packet); break;
    case STATE_PATH: see_path(f, &r.path); break;
    case STATE_STREAM: see_segment(f, &r.segment); break;
    case STATE_PIECE: return pieces_read(f->state->pieces, r.piece.at, r.piece.len);
    default: see_file(f, &r.file); break;
    }
    return true;
}

void
state_in_adopt(const struct state_in *in)
{
    ipsec_adopt_sum_seed(in->seed);
}

bool
state_in_replay(struct state_in *in, struct feed *f)
{
    struct codec c = { .at = in->begin, .end = in->end };
    struct ways *ways = ways_new();
    char *interfaces = g_strndup((const char *)in->last.interfaces.at, in->last.interfaces.len);

    f->state->replays = true;
    while (c.at < c.end && replay_one(&c, ways, f, interfaces)) {
    }
    f->state->replays = false;
    g_free(interfaces);
    ways_free(ways);
    return !c.bad;
}
