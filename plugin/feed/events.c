/* events.c - what was read of a frame changes what is known, and the checks look at it.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "feed.h"

#include <string.h>

/* By the clock of the first point; where that is not known by now, the time of the last frame of
 * which it is. */
static double
time_of(const struct feed *f, const struct feed_frame *frame)
{
    const struct points *points = sadb_points(f->db);

    if (!points || !frame->point) {
        return frame->time;
    }
    return points_knows_clock(points, frame->point) ?
               points_time(points, frame->point, frame->time) : sadb_last_time(f->db);
}

void
feed_see_point(struct feed *f, const struct feed_frame *frame, const char *point_name)
{
    if (f->state->saved) {
        state_out_frame(f->state->saved, frame, point_name, sadb_points(f->db) != NULL);
    }
    sadb_see_point(f->db, frame->point, frame->number, frame->time, point_name);
}

void
feed_see_time(struct feed *f, const struct feed_frame *frame)
{
    sadb_see_frame(f->db, frame->number, time_of(f, frame));
}

/* The second interface of a file is known before its first frame is read. */
void
feed_see_frame(struct feed *f, const struct feed_frame *frame, const char *point_name)
{
    if (frame->interfaces_told != FEED_ONE) {
        sadb_expect_points(f->db, frame->interfaces_told == FEED_SEVERAL);
    }
    feed_see_point(f, frame, point_name);
    feed_see_time(f, frame);
}

/* Of a message that no exchange holds. */
static const char *
told_alone(struct feed *f, const struct ike_message *m)
{
    char text[IKE_TEXT_MAX];

    return sadb_keep_line(f->db, ike_message_print(m, 0, text, sizeof text));
}

bool
feed_open_packet(struct feed *f, struct ipsec_packet *p, const struct sighting *at,
                 const struct octets *o)
{
    struct esp_clear c;

    if (!f->keys) {
        return false;
    }
    keyring_open_esp(f->keys, &c, o->at, o->captured, o->reported, f->verify);
    p->icv = c.icv;
    p->esn = c.esn;
    p->tried = c.tried;
    p->key_named = c.named;
    p->near = c.near;
    p->noise = c.noise;
    p->bad_padding = c.opened && c.bad_padding;
    if (c.opened && !c.bad_padding) {
        struct span payload = { c.head, c.head_len };
        ipsec_set_inner(p, at, c.next_header, &payload, BASIS_DECRYPTED);
    }
    return c.opened || c.noise || c.icv == ICV_BAD;
}

static void
save_message(struct state_out *to, const struct sighting *at, const struct octets *o,
             const struct ike_message *part_of, bool by_form)
{
    struct message_record r = { .at = *at, .octets = { o->at, o->captured },
                                .reported = o->reported, .by_form = by_form,
                                .joined = part_of != NULL };

    if (part_of) {
        memcpy(r.spi_i, part_of->spi_i, sizeof r.spi_i);
        r.exchange = part_of->exchange;
    }
    state_out_message(to, &r);
}

bool
feed_see_message(struct feed *f, struct seen_message *out, const struct sighting *at,
                 const struct octets *o, const struct ike_message *part_of, bool by_form)
{
    static struct ike_message m;        /* large, used for one call at a time */
    size_t len;

    if (f->state->saved) {
        save_message(f->state->saved, at, o, part_of, by_form);
    }
    if (by_form) {
        own_ports_add(f->own_ports, at);
    }
    /* Cisco's fragments carry one identifier for all (Wireshark mixes those of two SAs). */
    if (!ike_parse(&m, o->at, o->captured, o->reported) ||
        (part_of && (memcmp(m.spi_i, part_of->spi_i, 8) != 0 || m.exchange != part_of->exchange))) {
        return false;
    }
    if (f->keys) {
        keyring_read_ike(f->keys, &m, o->at, o->captured);
        keyring_learn_ike(f->keys, &m, at);
    }
    len = m.length >= IKE_HEADER && m.length < o->captured ? m.length : o->captured;
    sadb_see_ike(f->db, &out->event, at, &m, o->at, len);
    checks_message(f->findings, f->db, f->plan, &m, &out->event);
    out->text = out->event.message ? out->event.message->text : told_alone(f, &m);
    return true;
}

void
feed_see_packet(struct feed *f, const struct sighting *at, const struct ipsec_packet *p)
{
    struct ipsec_event e;

    if (f->state->saved) {
        state_out_packet(f->state->saved, at, p, sadb_points(f->db) != NULL);
    }
    sadb_see_ipsec(f->db, &e, at, p);
    checks_packet(f->findings, f->db, f->plan, &e);
}

bool
feed_see_path(struct feed *f, struct path_event *e, const struct sighting *at,
              const struct path_packet *p)
{
    size_t num_past = sadb_num_past(f->db);
    bool of_sa = sadb_see_path(f->db, e, at, p);

    /* A clear packet of no SA has changed nothing, and there are many. */
    if (f->state->saved && (p->kind != PATH_CLEAR || of_sa || sadb_points(f->db) ||
                     sadb_num_past(f->db) > num_past)) {
        state_out_path(f->state->saved, at, p);
    }
    if (!of_sa) {
        return false;
    }
    checks_path(f->findings, f->db, f->plan, e);
    return true;
}

/* Its messages are fed by themselves. */
static void
leave(void *context, bool ike, const struct octets *message)
{
    (void)context;
    (void)ike;
    (void)message;
}

void
feed_see_stream(struct feed *f, const struct sighting *at, const struct frame_part *segment)
{
    const struct segment_record r = { .at = *at, .seq = segment->tcp_seq, .syn = segment->tcp_syn,
                                      .octets = { segment->octets.at, segment->octets.captured } };

    if (f->state->saved) {
        state_out_segment(f->state->saved, &r);
    }
    if (f->state->replays) {
        tcp_encap_see(f->tcp, segment, leave, NULL);
    }
}

void
feed_see_file(struct feed *f, const struct series_file *file)
{
    if (f->state->saved) {
        const struct file_record r = { .name = { (const uint8_t *)file->name, strlen(file->name) },
                                       .frames = file->num_frames,
                                       .first_time = file->first_time,
                                       .last_time = file->last_time, .pause = file->pause,
                                       .end = sadb_last_time(f->db), .cut_frames = f->cut_frames,
                                       .deep = f->deep };
        state_out_file(f->state->saved, &r);
    }
}

void
feed_add_file(struct feed *f, const struct series_file *file)
{
    struct series_file *known;

    f->series = f->series ? f->series : series_new();
    if (*file->name) {
        known = series_add(f->series, file->name);
    } else {
        char *number = g_strdup_printf("file %u", (unsigned)series_count(f->series) + 1);
        known = series_add(f->series, number);
        g_free(number);
    }
    if (known) {
        char *name = known->name;
        *known = *file;
        known->name = name;
        known->first_frame = f->base + 1;
        known->last_frame = f->base + file->num_frames;
    }
}
