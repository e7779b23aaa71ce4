/* points.c - packets that several capture points saw: the first sighting stands for all of them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <espial/hash.h>
#include <espial/points.h>
#include <string.h>

void
sadb_expect_points(struct sadb *db, bool sure)
{
    if (!db->points) {
        db->points = points_new(db->store.seed);
        points_doubt(db->points, !sure);
    }
}

void
sadb_see_point(struct sadb *db, uint8_t point, uint32_t frame, double time, const char *name)
{
    if (db->points && point) {
        points_see_frame(db->points, point, frame, time, name);
    }
}

static bool
compares(const struct sadb *db, const struct sighting *at)
{
    return at->point && points_compare(db->points);
}

static bool
see(struct sadb *db, const struct packet_mark *m, struct sighting *at, struct seen_elsewhere *was)
{
    bool copy = points_see(db->points, m, at, was);

    at->time = points_time(db->points, at->point, at->time);
    return copy;
}

/* The exchange that has the message of that frame, and the message. */
static void
find_message(const struct ike_sa *sa, uint32_t frame, struct ike_event *e)
{
    for (struct newest n = newest_first(sa->exchanges.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct exchange *x = sa->exchanges.at[n.i];
        for (guint i = 0; i < x->messages.len; i++) {
            if (x->messages.at[i].frame == frame) {
                e->exchange = x;
                e->message = &x->messages.at[i];
                return;
            }
        }
    }
}

/* The same message on the other side of a translation: the SA is known by both addresses. */
static void
learn_translation(struct sadb *db, const struct seen_elsewhere *was, const struct ike_event *e)
{
    struct ike_sa *sa = database_ike_sa(db, was->ike_sa);
    bool src = ip_equal(&e->at.src, &was->src), dst = ip_equal(&e->at.dst, &was->dst);
    struct ip_addr *beyond = dst == was->to_responder ? &sa->beyond_i : &sa->beyond_r;
    struct sa_key half;

    if (src == dst || beyond->family || track_known_between(sa, &e->at.src, &e->at.dst)) {
        return;
    }
    *beyond = src ? e->at.dst : e->at.src;
    sa->before_nat = sa->before_nat ? sa->before_nat : was->frame;
    sa->after_nat = e->at.frame;
    track_nat_again(sa);
    track_places_again(db, sa);
    half = store_half_key(&db->store, sa->spi_i, &e->at.src, &e->at.dst);
    store_pair_add(&db->store, sa, &e->at.src, &e->at.dst);
    store_add(&db->store, &half, sa);
}

bool
track_copied_message(struct sadb *db, struct ike_event *e, const struct ike_message *m,
                     const uint8_t *octets, size_t len)
{
    struct packet_owner last;
    struct packet_mark mark;
    struct seen_elsewhere was;

    if (!compares(db, &e->at) || len < IKE_HEADER) {
        return false;
    }
    /* A message that was joined from IKE's own fragments is no packet: its last fragment is. */
    if (!e->at.tcp && points_owner(db->points, e->at.frame, &last)) {
        e->copy_of = points_copy_of(db->points, e->at.frame);
        e->duplicate = e->copy_of != 0;
        return e->duplicate;
    }
    mark = points_mark(MARK_IKE, octets, IKE_HEADER, m->length == len ? octets : NULL, m->length);
    mark.numbered = m->major == 2;
    mark.answer = e->is_response;
    mark.asked_by_initiator = ((m->flags & FLAG_INITIATOR) != 0) != e->is_response;
    mark.message_id = m->message_id;
    if (!see(db, &mark, &e->at, &was)) {
        return false;
    }
    e->copy_of = was.frame;
    e->duplicate = true;
    e->from_initiator = was.to_responder;
    e->sa = was.ike_sa == NO_ID ? NULL : database_ike_sa(db, was.ike_sa);
    if (e->sa) {
        find_message(e->sa, was.frame, e);
        learn_translation(db, &was, e);
    }
    return true;
}

/* A packet of the stream on the other side of a translation: one that is lost on its way there is
 * of the same stream, though no other point shows it. */
static void
know_translated(struct sadb *db, struct stream *s, const struct sighting *at)
{
    if (!database_stream_of(db, s->protocol, s->spi, &at->src, &at->dst) &&
        db->stream_places.num < 2 * SADB_MAX_STREAMS) {
        database_place_stream(db, s, &at->src, &at->dst);
    }
}

void
track_translated_packet(const struct stream *s, struct sighting *at)
{
    if (!ip_equal(&at->src, &s->src) || !ip_equal(&at->dst, &s->dst)) {
        at->src = s->src;
        at->dst = s->dst;
        at->src_port = s->last_src_port;
        at->dst_port = s->dst_port;
    }
}

bool
track_copied_packet(struct sadb *db, struct ipsec_event *e)
{
    const struct ipsec_packet *p = e->packet;
    const uint64_t head[] = { p->has_iv ? p->iv : 0, (uint64_t)p->spi << 32 | p->seq };
    struct packet_mark mark;
    struct seen_elsewhere was;

    if (!compares(db, &e->at)) {
        return false;
    }
    mark = points_mark(p->protocol == PROTO_AH ? MARK_AH : MARK_ESP, head, sizeof head,
                       NULL, p->length);
    mark.whole = ipsec_sum(p);
    if (!see(db, &mark, &e->at, &was)) {
        return false;
    }
    e->copy_of = was.frame;
    e->duplicate = true;
    e->original = was.frame;
    if (was.stream != NO_ID) {
        struct stream *s = (struct stream *)g_ptr_array_index(db->streams, was.stream);
        know_translated(db, s, &e->at);
        e->stream = s;
        e->child = s->child;
        e->to_responder = s->to_responder;
        e->number = p->seq + s->now.ahead;
    }
    return true;
}

/* An ICMP error, of which a translation changes the addresses that it quotes, and no more. */
static struct packet_mark
mark_error(const struct path_packet *p, uint16_t ip_id)
{
    const uint64_t head[] = { hash_octets(1, p->ike_spi, sizeof p->ike_spi),
                              (uint64_t)p->spi << 32 | p->ike_id,
                              (uint64_t)p->udp_octets << 32 | (uint64_t)ip_id << 16 |
                                  (uint64_t)p->icmp_type << 8 | p->icmp_code };

    return points_mark(MARK_PATH, head, sizeof head, NULL, PATH_ICMP + 1u);
}

bool
track_copied_path(struct sadb *db, struct path_event *e)
{
    const struct path_packet *p = e->packet;
    struct packet_mark mark;
    struct seen_elsewhere was;

    if (!compares(db, &e->at)) {
        return false;
    }
    switch (p->kind) {
    case PATH_ICMP:
        mark = mark_error(p, e->at.ip_id);
        break;
    case PATH_FRAGMENT:
        mark = points_mark_fragment(e->at.ip_id);
        break;
    case PATH_CLEAR:
        /* Where nothing is known of it, track_clear_kept will tell whether it is of any SA. */
        if (!points_mark_inner(&mark, false, p->clear_octets.at, p->clear_octets.len) ||
            !points_know(db->points, &mark)) {
            return false;
        }
        break;
    default:
        return false;
    }
    return see(db, &mark, &e->at, &was);
}

void
track_clear_kept(struct sadb *db, const struct path_event *e)
{
    struct packet_owner known;
    struct packet_mark mark;
    struct seen_elsewhere was;

    /* Its time is that of its own clock: a packet that was met before is in the list already. */
    if (compares(db, &e->at) && !points_owner(db->points, e->at.frame, &known) &&
        points_mark_inner(&mark, false, e->packet->clear_octets.at,
                          e->packet->clear_octets.len)) {
        points_see(db->points, &mark, &e->at, &was);
    }
}

void
track_sealed(struct sadb *db, const struct ipsec_event *e, const struct sighting *at)
{
    const struct ipsec_packet *p = e->packet;
    struct packet_mark mark;
    struct seen_elsewhere was;

    if (compares(db, &e->at) && e->stream && p->has_inner && p->inner_tunnel &&
        p->icv != ICV_BAD &&
        points_mark_inner(&mark, true, p->inner_head, p->inner_head_len)) {
        points_see(db->points, &mark, at, &was);
        track_tell_point(db, at, NULL, e->stream, e->to_responder);
    }
}

void
track_tell_point(struct sadb *db, const struct sighting *at, const struct ike_sa *sa,
                 const struct stream *s, bool from_initiator)
{
    if (db->points && at->point) {
        const struct packet_owner owner = { sa ? sa->id : NO_ID, s ? s->id : NO_ID,
                                            from_initiator };
        points_tell(db->points, &owner);
    }
}

/* A stream may have been tied to its SA only later. */
static struct packet_owner
owner(const void *context, uint32_t ike_sa, uint32_t stream, bool to_responder)
{
    const struct sadb *db = (const struct sadb *)context;
    const struct stream *s = sadb_stream(db, stream);
    const struct ike_sa *sa;

    if (!s) {
        return (struct packet_owner){ ike_sa, stream, to_responder };
    }
    sa = s->child ? s->child->ike_sa : s->peers ? s->peers : sadb_ike_between(db, &s->src, &s->dst);
    return (struct packet_owner){ sa ? sa->id : NO_ID, stream,
                                  s->child ? s->to_responder :
                                             sa && ip_equal(&sa->initiator.addr, &s->src) };
}

void
track_points_end(struct sadb *db)
{
    if (db->points) {
        points_end(db->points, owner, db);
        if (points_capped(db->points)) {
            store_cap(&db->store, "packets of several capture points that are compared");
        }
    }
}
