/* path.c - what happens on the path of an SA: ICMP errors that quote it, fragments,
 * clear packets that it should have carried.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <string.h>

static bool
is_ike_port(uint16_t port)
{
    return port == PORT_IKE || port == PORT_NATT;
}

static bool
see_icmp(struct sadb *db, struct path_event *e)
{
    bool ike = e->packet->protocol == IP_UDP &&
               (is_ike_port(e->packet->src_port) || is_ike_port(e->packet->dst_port));
    bool to_r;

    if (!ike && e->packet->protocol != IP_ESP && e->packet->protocol != IP_AH) {
        return false;
    }
    e->sa = sadb_ike_between(db, &e->packet->src, &e->packet->dst);
    if (e->packet->spi) {
        e->child = sadb_child_at(db, e->packet->protocol == IP_AH ? PROTO_AH : PROTO_ESP,
                                 e->packet->spi, &e->packet->dst, e->at.frame, &to_r);
        e->sa = e->child ? e->child->ike_sa : e->sa;
    }
    return true;
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

    if (first) {
        if (g_hash_table_size(db->fragments) >= SADB_MAX_FRAGMENTS) {
            g_hash_table_remove_all(db->fragments);
            store_cap(&db->store, "datagrams in fragments");
        }
        g_hash_table_add(db->fragments, g_memdup2(&key, sizeof key));
    } else if (!g_hash_table_contains(db->fragments, &key)) {
        return false;
    }
    e->sa = sadb_ike_between(db, &e->at.src, &e->at.dst);
    return true;
}

/* IKE, and what the peers say to each other beside a tunnel, is not what it protects. */
static bool
may_be_protected(const struct child_sa *c, const struct inner_packet *p)
{
    bool peers = (ip_equal(&p->src, &c->addr_i) && ip_equal(&p->dst, &c->addr_r)) ||
                 (ip_equal(&p->src, &c->addr_r) && ip_equal(&p->dst, &c->addr_i));
    bool live = c->state == CHILD_INSTALLED && c->established && c->basis != BASIS_INFERRED &&
                !c->deleted_in;

    return live && (!peers || c->transport) &&
           !(p->protocol == IP_UDP && p->has_ports &&
             (is_ike_port(p->src_port) || is_ike_port(p->dst_port)));
}

static bool
see_clear(struct sadb *db, struct path_event *e)
{
    for (struct newest n = newest_first(db->child_sas->len, SADB_MAX_CLEAR_SAS); newest_next(&n);) {
        const struct child_sa *c = database_child_sa(db, n.i);
        struct clear_packet one = { e->at.frame, e->at.time, e->packet->clear, c, true };
        if (!may_be_protected(c, &e->packet->clear)) {
            continue;
        }
        one.to_responder = child_admits(c, &e->packet->clear, true) == ADMITTED;
        if (!one.to_responder && child_admits(c, &e->packet->clear, false) != ADMITTED) {
            continue;
        }
        if (db->clear->len >= SADB_MAX_CLEAR) {
            store_cap(&db->store, "clear packets that an SA should protect");
            return false;
        }
        g_array_append_val(db->clear, one);
        e->child = c;
        e->sa = c->ike_sa;
        return true;
    }
    return false;
}

/* RFC 3948 section 2.3: one octet that only keeps the mapping. */
static bool
see_keepalive(struct sadb *db, struct path_event *e)
{
    const struct ike_sa *sa = sadb_ike_between(db, &e->at.src, &e->at.dst);
    const struct endpoint *from;
    bool by_initiator;

    e->sa = sa;
    if (!sa) {
        return false;
    }
    by_initiator = ip_equal(&e->at.src, &sa->initiator.addr);
    from = by_initiator ? &sa->initiator : &sa->responder;
    if (ike_sa_behind_nat(sa, by_initiator) && from->port != e->at.src_port &&
        from->port != PORT_IKE) {
        e->old_src_port = from->port;
    }
    track_sent(db, sa, by_initiator, e->at.time);
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
    if (e->packet->kind == PATH_KEEPALIVE) {
        return see_keepalive(db, e);
    }
    if (e->packet->kind == PATH_UNMARKED) {
        e->sa = sadb_ike_between(db, &e->at.src, &e->at.dst);
        return true;
    }
    return e->packet->kind == PATH_ICMP     ? see_icmp(db, e) :
           e->packet->kind == PATH_FRAGMENT ? see_fragment(db, e) :
                                              see_clear(db, e);
}
