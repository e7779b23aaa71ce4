/* bind.c - which Child SA a stream belongs to: a negotiated one by its SPI, else one that is
 * inferred.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

/* An answer to IKE_AUTH of which the fragments alone were captured, and could not be read, is no
 * message that counts. */
static bool
answered_in_fragments(const struct ike_sa *sa)
{
    for (struct newest n = newest_first(sa->exchanges.len, SADB_MAX_PER_SPI); newest_next(&n);) {
        const struct exchange *x = sa->exchanges.at[n.i];
        if (x->type == V2_IKE_AUTH && x->response && x->unreadable && !x->response_readable) {
            return true;
        }
    }
    return false;
}

/* Some message that nobody could read may have negotiated a Child SA.  Of IKEv1, whose messages
 * tell nobody that they are false, one of another exchange than quick mode cannot, where keys open
 * the others. */
static bool
has_unread_child(const struct ike_sa *sa)
{
    if (sa->major != 1 || !sa->num_readable || sa->exchanges.len > SADB_MAX_PER_PEER) {
        return sa->num_encrypted > sa->num_readable;
    }
    for (uint32_t i = 0; i < sa->exchanges.len; i++) {
        if (sa->exchanges.at[i]->unreadable && sa->exchanges.at[i]->type == V1_QUICK) {
            return true;
        }
    }
    return false;
}

static bool
unread(const struct ike_sa *sa)
{
    return has_unread_child(sa) || !sa->started_here || answered_in_fragments(sa);
}

/* RFC 4303 section 2.1: 1 to 255 are reserved. Some products use them, and then for all their SAs;
 * beside an SA whose SPIs are ordinary they are nobody's. */
static bool
is_nobodys(const struct stream *s, const struct ike_sa *sa)
{
    if (s->spi >= ESP_FIRST_FREE_SPI) {
        return false;
    }
    for (struct newest n = newest_first(sa->children.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct child_sa *c = sa->children.at[n.i];
        if (c->spi_i >= ESP_FIRST_FREE_SPI || c->spi_r >= ESP_FIRST_FREE_SPI) {
            return true;
        }
    }
    return false;
}

/* Without keys: a stream between the peers of an IKE SA whose exchanges nobody could
 * read belongs to a Child SA of it; opposite directions pair in order of birth. */
static struct child_sa *
infer_child(struct sadb *db, struct stream *s, struct ike_sa *sa, const struct ipsec_event *e)
{
    const struct ipsec_packet *p = e->packet;
    bool to_r = ip_equal(&s->dst, &sa->responder.addr);
    uint32_t *from = &sa->half_inferred[s->protocol == PROTO_ESP][to_r];
    struct child_sa *c = NULL;

    /* Those passed by never fit again: an SPI stays, and so do protocol and basis. */
    for (; *from < sa->children.len && !c; ++*from) {
        struct child_sa *old = track_child(sa, *from);
        if (old->basis == BASIS_INFERRED && old->protocol == s->protocol &&
            (to_r ? old->spi_r : old->spi_i) == 0) {
            c = old;
        }
    }
    if (!c) {
        c = sadb_child_new(db, sa, s->protocol, 0, 0);
        if (!c) {
            return NULL;
        }
        c->basis = BASIS_INFERRED;
        c->request_frame = e->at.frame;
    }
    sadb_child_spi(db, c, !to_r, s->spi);
    c->udp_encap = e->at.src_port && !e->at.tcp;
    c->tcp_encap = e->at.tcp;
    if (p->protocol == PROTO_AH && p->clear_read) {
        c->transport = !p->inner_tunnel;        /* its next header stands in clear */
        c->mode_read = true;
    }
    return c;
}

static struct child_sa *
child_by_source(const struct sadb *db, const struct stream *s, uint32_t frame, bool inferred,
                bool *to_responder)
{
    struct sa_key key = database_spi_key(db, s->protocol, s->spi, inferred);
    struct child_sa *c;

    for (struct walk w = store_walk(&db->store, &key, SADB_MAX_PER_SPI); (c = walk_next(&w));) {
        if (c->protocol != s->protocol || c->request_frame > frame) {
            continue;
        }
        if (c->spi_r == s->spi && ip_equal(&s->src, &c->addr_i)) {
            *to_responder = true;
            return c;
        }
        if (c->spi_i == s->spi && ip_equal(&s->src, &c->addr_r)) {
            *to_responder = false;
            return c;
        }
    }
    return NULL;
}

struct child_sa *
track_child_at(struct sadb *db, uint8_t protocol, uint32_t spi, const struct ip_addr *dst,
               uint32_t frame, bool *to_responder)
{
    const struct child_sa *c = sadb_child_at(db, protocol, spi, dst, frame, to_responder);

    return c ? database_child_sa(db, c->id) : NULL;
}

static void
set_tie(struct sadb *db, struct stream *s, struct child_sa *c, bool to_responder, uint32_t frame)
{
    if (s->child) {
        struct stream_tie old = { s->tied_frame, s->child, s->to_responder };
        struct stream_rare *rare = track_rare(db, s);
        if (!rare->ties) {
            rare->ties = store_array(&db->store, sizeof old);
        }
        g_array_append_val(rare->ties, old);
    }
    s->child = c;
    s->tied_frame = frame;
    s->to_responder = to_responder;
    s->basis = (uint8_t)c->basis;
    s->esn = child_has_esn(c);
    if (!s->last_iv && kept_counts_iv(c->chosen)) {
        s->last_iv = (uint64_t *)store_alloc(&db->store, STREAM_IVS * sizeof *s->last_iv);
    }
    store_add_stream(&db->store, &c->streams, s);
}

/* Its addresses are those of its Child SA's ends, or what a NAT makes of them. */
static bool
is_at_ends(const struct stream *s)
{
    const struct child_sa *c = s->child;
    bool to_r = s->to_responder;

    return (ip_equal(&s->src, to_r ? &c->addr_i : &c->addr_r) ||
            ike_sa_is_at(c->ike_sa, to_r, &s->src)) &&
           (ip_equal(&s->dst, to_r ? &c->addr_r : &c->addr_i) ||
            ike_sa_is_at(c->ike_sa, !to_r, &s->dst));
}

void
track_places_again(struct sadb *db, const struct ike_sa *sa)
{
    for (struct newest n = newest_first(sa->children.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct child_sa *c = sa->children.at[n.i];
        for (struct newest k = newest_first(c->streams.len, SADB_MAX_PER_PEER); newest_next(&k);) {
            struct stream *s =
                (struct stream *)g_ptr_array_index(db->streams, c->streams.at[k.i]->id);
            s->strange = s->strange && (s->child != c || !is_at_ends(s));
        }
    }
}

void
track_tie_stream(struct sadb *db, const struct ipsec_event *e, struct stream *s)
{
    uint8_t other = s->protocol == PROTO_AH ? PROTO_ESP : PROTO_AH;
    struct ike_sa *peers;
    const struct child_sa *beside;
    struct child_sa *c;
    bool to_r = s->to_responder;

    if (s->epoch == track_epoch(db, s)) {
        return;
    }
    s->peers = peers = sadb_ike_between(db, &s->src, &s->dst);
    c = track_child_at(db, s->protocol, s->spi, &s->dst, e->at.frame, &to_r);
    for (unsigned inferred = 0; inferred < 2 && !c; inferred++) {
        c = child_by_source(db, s, e->at.frame, inferred, &to_r);
    }
    if (!c && peers && unread(peers) && e->new_stream && !is_nobodys(s, peers)) {
        c = infer_child(db, s, peers, e);
        to_r = ip_equal(&s->dst, &peers->responder.addr);       /* both SPIs may be the same */
    }
    if (c && c != s->child) {
        set_tie(db, s, c, to_r, e->at.frame);
        s->strange = !is_at_ends(s);
    }
    beside = s->child ? NULL :
                        sadb_child_at(db, other, s->spi, &s->dst, e->at.frame, &to_r);
    if (beside || s->rare) {
        track_rare(db, s)->other_protocol = beside;
    }
    s->epoch = track_epoch(db, s);
}
