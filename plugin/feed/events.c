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

/* The second interface of a file is known before its first frame is read. */
void
feed_see_frame(struct feed *f, const struct feed_frame *frame, const char *point_name)
{
    if (frame->several_points) {
        sadb_expect_points(f->db);
    }
    sadb_see_point(f->db, frame->point, frame->number, frame->time, point_name);
    sadb_see_frame(f->db, frame->number, time_of(f, frame));
}

/* Of a message that no exchange holds. */
static const char *
told_alone(struct feed *f, const struct ike_message *m)
{
    char text[IKE_TEXT_MAX];

    return sadb_keep_line(f->db, ike_message_print(m, 0, text, sizeof text));
}

bool
feed_see_message(struct feed *f, struct seen_message *out, const struct sighting *at,
                 const struct octets *o, const struct ike_message *part_of, bool by_form)
{
    static struct ike_message m;        /* large, used for one call at a time */
    size_t len;

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

    sadb_see_ipsec(f->db, &e, at, p);
    checks_packet(f->findings, f->db, f->plan, &e);
}

bool
feed_see_path(struct feed *f, struct path_event *e, const struct sighting *at,
              const struct path_packet *p)
{
    if (!sadb_see_path(f->db, e, at, p)) {
        return false;
    }
    checks_path(f->findings, f->db, f->plan, e);
    return true;
}
