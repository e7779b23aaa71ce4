/* path.c - what happens on the path of an SA: ICMP errors that quote it, fragments,
 * clear packets that it should have carried.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <espial/hash.h>
#include <string.h>

static bool
is_ike_port(uint16_t port)
{
    return port == PORT_IKE || port == PORT_NATT;
}

/* A quoted datagram that is long enough for IKE, behind the marker where that is due, for ESP, or
 * for a keepalive. */
static bool
can_hold(const struct path_packet *p)
{
    if (p->src_port != PORT_NATT && p->dst_port != PORT_NATT) {
        return p->udp_octets >= IKE_HEADER;
    }
    if (p->spi) {
        return p->udp_octets >= ESP_HEADER + ESP_TRAILER;
    }
    return p->udp_octets == 1 || p->udp_octets >= NON_ESP_MARKER + IKE_HEADER;
}

/* Some SA of the capture has it, or is to have it. */
static bool
knows_esp(const struct sadb *db, const struct path_event *e)
{
    const struct path_packet *p = e->packet;
    struct stream_at s;

    return e->child || sadb_stream_at(db, &s, p->protocol == IP_AH ? PROTO_AH : PROTO_ESP, p->spi,
                                      0, &p->src, &p->dst, e->at.frame);
}

/* MOBIKE asks at several addresses which of them answers (RFC 4555 section 3.10): one that does not
 * is no fault. */
static bool
is_probe(struct sadb *db, const struct path_packet *p)
{
    struct sa_key key = store_key(&db->store, 'i', 0, p->ike_spi, 8, NULL, NULL);
    const struct ike_sa *sa;

    if (ike_spi_is_zero(p->ike_spi)) {
        return false;
    }
    for (struct walk w = store_walk(&db->store, &key, SADB_MAX_PER_SPI); (sa = walk_next(&w));) {
        if (sa->stood && memcmp(sa->spi_i, p->ike_spi, 8) == 0 &&
            !track_known_between(sa, &p->src, &p->dst)) {
            return true;
        }
    }
    return false;
}

static bool
see_icmp(struct sadb *db, struct path_event *e)
{
    const struct path_packet *p = e->packet;
    bool to_r, to_ike = is_ike_port(p->dst_port);

    if (p->protocol != IP_UDP && p->protocol != IP_ESP && p->protocol != IP_AH) {
        return false;
    }
    e->sa = sadb_ike_between(db, &p->src, &p->dst);
    if (p->spi) {
        e->child = sadb_child_at(db, p->protocol == IP_AH ? PROTO_AH : PROTO_ESP, p->spi, &p->dst,
                                 e->at.frame, &to_r);
        e->sa = e->child ? e->child->ike_sa : e->sa;
    }
    if (p->protocol != IP_UDP) {
        return e->sa || !p->spi || knows_esp(db, e);
    }
    if (!can_hold(p) || (!to_ike && !is_ike_port(p->src_port)) || is_probe(db, p)) {
        return false;
    }
    if (p->spi) {
        return knows_esp(db, e);
    }
    return to_ike || (e->sa && (e->sa->initiator.port == p->dst_port ||
                                e->sa->responder.port == p->dst_port || p->ike_major));
}

/* The first fragment names the protocol and, in UDP, the ports; the others follow it by
 * address and Identification. */
static bool
see_fragment(struct sadb *db, struct path_event *e)
{
    struct sa_key key = store_key(&db->store, 'f', e->packet->protocol, &e->at.ip_id,
                                  sizeof e->at.ip_id, &e->at.src, &e->at.dst);
    bool first = e->packet->protocol == IP_ESP || e->packet->protocol == IP_AH ||
                 (e->packet->protocol == IP_UDP && is_ike_port(e->packet->src_port) &&
                  is_ike_port(e->packet->dst_port));
    gpointer kind;

    e->sa = sadb_ike_between(db, &e->at.src, &e->at.dst);
    /* Behind a NAT one port is the NAT's; and a name server's answer may go to 4500. */
    first = first || (e->packet->protocol == IP_UDP && e->sa && (is_ike_port(e->packet->src_port) ||
                                                       is_ike_port(e->packet->dst_port)));
    if (first) {
        if (g_hash_table_size(db->fragments) >= SADB_MAX_FRAGMENTS) {
            g_hash_table_remove_all(db->fragments);
            store_cap(&db->store, "datagrams in fragments");
        }
        e->ike_major = e->packet->ike_major;
        e->ike_exchange = e->packet->ike_exchange;
        g_hash_table_replace(db->fragments, g_memdup2(&key, sizeof key),
                             GUINT_TO_POINTER((guint)e->ike_major << 8 | e->ike_exchange));
    } else if (g_hash_table_lookup_extended(db->fragments, &key, NULL, &kind)) {
        e->ike_major = (uint8_t)(GPOINTER_TO_UINT(kind) >> 8);
        e->ike_exchange = (uint8_t)GPOINTER_TO_UINT(kind);
    } else {
        return false;
    }
    if (first && e->packet->ike_major) {
        track_fragment(db, e);
    }
    return true;
}

static bool
is_live(const struct child_sa *c)
{
    return c->state == CHILD_INSTALLED && c->established && c->basis != BASIS_INFERRED &&
           !c->deleted_in;
}

/* IKE, and what the peers say to each other beside a tunnel, is not what it protects. */
static bool
is_ike(const struct inner_packet *p)
{
    return p->protocol == IP_UDP && p->has_ports &&
           (is_ike_port(p->src_port) || is_ike_port(p->dst_port));
}

static bool
is_between_peers(const struct child_sa *c, const struct inner_packet *p)
{
    return (ip_equal(&p->src, &c->addr_i) && ip_equal(&p->dst, &c->addr_r)) ||
           (ip_equal(&p->src, &c->addr_r) && ip_equal(&p->dst, &c->addr_i));
}

/* Whether both ends of c admit the packet in that direction.  The end with fewer selectors is
 * asked first, for it mostly refuses.  left is what may still be compared, below 0 when that did
 * not do. */
static bool
admits(const struct child_sa *c, const struct inner_packet *p, bool to_responder, int *left)
{
    size_t num[2];
    const struct selector *ends[2] = { child_selectors(c, to_responder, &num[0]),
                                       child_selectors(c, !to_responder, &num[1]) };
    size_t first = num[1] < num[0];

    for (size_t i = 0; i < 2; i++) {
        size_t end = i ? !first : first;
        *left -= (int)num[end];
        if (*left < 0 || selectors_admit(ends[end], num[end], p, end == 0) != ADMITTED) {
            return false;
        }
    }
    return true;
}

/* The newest Child SA that must protect the packet, or NULL. */
static const struct child_sa *
protector(struct sadb *db, const struct inner_packet *p, bool *to_responder)
{
    int left = SADB_MAX_CLEAR_SELECTORS;

    for (struct newest n = newest_first(db->child_sas->len, SADB_MAX_CLEAR_SAS);
         left >= 0 && newest_next(&n);) {
        const struct child_sa *c = database_child_sa(db, n.i);
        if (!is_live(c)) {
            continue;
        }
        *to_responder = admits(c, p, true, &left);
        if ((*to_responder || admits(c, p, false, &left)) &&
            (c->transport || !is_between_peers(c, p))) {
            return c;
        }
    }
    if (left < 0) {
        store_cap(&db->store, "selectors that a clear packet is compared with");
    }
    return NULL;
}

/* What no SA must protect comes again and again.  Only IKE messages make an SA that may, or change
 * one. */
static struct clear_miss *
miss_of(struct sadb *db, const struct inner_packet *p, uint64_t *hash)
{
    *hash = hash_octets(db->store.seed, p, sizeof *p);
    return &db->clear_misses[*hash % SADB_CLEAR_MISSES];
}

static bool
see_clear(struct sadb *db, struct path_event *e)
{
    const struct inner_packet *p = &e->packet->clear;
    struct clear_packet one = { .frame = e->at.frame,
                                .point = e->at.point,
                                .time = points_time(db->points, e->at.point, e->at.time),
                                .packet = *p };
    struct clear_miss *miss;
    uint64_t hash;

    if (is_ike(p) || db->clear_full) {
        return false;
    }
    miss = miss_of(db, p, &hash);
    if (miss->hash == hash && miss->num_ike == db->num_ike) {
        return false;
    }
    one.child = protector(db, p, &one.to_responder);
    if (!one.child && track_past(db, e)) {
        return false;
    }
    if (!one.child) {
        *miss = (struct clear_miss){ hash, db->num_ike };
        return false;
    }
    if (db->clear->len >= SADB_MAX_CLEAR) {
        store_cap(&db->store, "clear packets that an SA should protect");
        db->clear_full = true;
        return false;
    }
    g_array_append_val(db->clear, one);
    track_clear_kept(db, e);
    e->child = one.child;
    e->sa = one.child->ike_sa;
    return true;
}

/* Whose mapping a keepalive keeps.  Several clients behind one NAT differ by their ports alone, so
 * the IKE SA that has the port comes first; where none has it, the mapping of the only one that
 * lives has changed, and of several nobody can tell. */
static const struct ike_sa *
kept_alive(const struct sadb *db, const struct sighting *at, bool *moved)
{
    struct sa_key pair = store_pair_key(&db->store, &at->src, &at->dst);
    const struct ike_sa *sa, *only = NULL;
    unsigned living = 0;

    *moved = false;
    for (struct walk w = store_walk(&db->store, &pair, SADB_MAX_PER_PEER); (sa = walk_next(&w));) {
        bool by_initiator = ip_equal(&at->src, &sa->initiator.addr);
        const struct endpoint *from = by_initiator ? &sa->initiator : &sa->responder;
        if (!track_between(sa, &at->src, &at->dst) || sa->state == IKE_DELETED ||
            sa->state == IKE_REKEYED || sa->state == IKE_FAILED) {
            continue;
        }
        if (from->port == at->src_port) {
            return sa;
        }
        if (ike_sa_behind_nat(sa, by_initiator) && from->port != PORT_IKE) {
            living++;
            only = only ? only : sa;
        }
    }
    *moved = living == 1;
    return living == 1 ? only : NULL;
}

/* RFC 3948 section 2.3: one octet that only keeps the mapping. */
static bool
see_keepalive(struct sadb *db, struct path_event *e)
{
    bool moved, by_initiator;
    const struct ike_sa *sa = kept_alive(db, &e->at, &moved);

    e->sa = sa;
    if (!sa) {
        return false;
    }
    by_initiator = ip_equal(&e->at.src, &sa->initiator.addr);
    if (moved) {
        struct nat_life *its = (struct nat_life *)sa->nat_life;
        if (its && its->other_port != e->at.src_port) {
            its->other_port = e->at.src_port;
            its->other_time = e->at.time;
        }
        return false;
    }
    track_sent(db, sa, by_initiator, &e->at);
    if (sa->nat_life && ike_sa_behind_nat(sa, by_initiator)) {
        struct nat_life *life = (struct nat_life *)sa->nat_life;
        life->keepalives++;
        life->last_keepalive = e->at.frame;
    }
    return true;
}

bool
sadb_see_path(struct sadb *db, struct path_event *e, const struct sighting *at,
              const struct path_packet *p)
{
    memset(e, 0, sizeof *e);
    e->at = *at;
    e->packet = p;
    track_beside_clear(db, p, at);
    if (track_copied_path(db, e)) {
        return false;
    }
    if (e->packet->kind == PATH_KEEPALIVE) {
        return see_keepalive(db, e);
    }
    if (e->packet->kind == PATH_NEIGHBOR) {
        track_neighbor(db, e);
        return false;
    }
    if (e->packet->kind == PATH_UNMARKED || e->packet->kind == PATH_MARKED) {
        e->sa = sadb_ike_between(db, &e->at.src, &e->at.dst);
        return true;
    }
    return e->packet->kind == PATH_ICMP     ? see_icmp(db, e) :
           e->packet->kind == PATH_FRAGMENT ? see_fragment(db, e) :
                                              see_clear(db, e);
}
