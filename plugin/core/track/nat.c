/* nat.c - who is behind a NAT, from the hashes that IKE carries (RFC 7296 section 2.23,
 * RFC 3947 section 3.2).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <string.h>

enum { DIGEST_MAX = 64 };

static bool
hash_of(const struct ike_sa *sa, GChecksumType *out)
{
    static const struct { uint16_t prf; GChecksumType type; } table[] = {
        { PRF_HMAC_MD5, G_CHECKSUM_MD5 },
        { PRF_HMAC_SHA1, G_CHECKSUM_SHA1 },
        { PRF_HMAC_SHA2_256, G_CHECKSUM_SHA256 },
        { PRF_HMAC_SHA2_384, G_CHECKSUM_SHA384 },
        { PRF_HMAC_SHA2_512, G_CHECKSUM_SHA512 },
    };

    *out = G_CHECKSUM_SHA1;
    if (sa->major == 2) {
        return true;
    }
    for (size_t i = 0; sa->chosen && i < sa->chosen->p->num_transforms; i++) {
        const struct transform *t = &sa->chosen->p->transforms[i];
        for (size_t k = 0; t->type == TRANSFORM_PRF && k < G_N_ELEMENTS(table); k++) {
            if (table[k].prf == t->id) {
                *out = table[k].type;
                return true;
            }
        }
    }
    return false;
}

static gsize
hash(GChecksumType type, const uint8_t spi_i[8], const uint8_t spi_r[8], const struct ip_addr *a,
     uint16_t port, uint8_t digest[DIGEST_MAX])
{
    GChecksum *sum = g_checksum_new(type);
    uint8_t be[2] = { (uint8_t)(port >> 8), (uint8_t)port };
    gsize len = DIGEST_MAX;

    g_checksum_update(sum, spi_i, 8);
    g_checksum_update(sum, spi_r, 8);
    g_checksum_update(sum, a->bytes, (gssize)ip_len(a));
    g_checksum_update(sum, be, 2);
    g_checksum_get_digest(sum, digest, &len);
    g_checksum_free(sum);
    return len;
}

static bool
hash_is(const struct ike_message *m, GChecksumType type, const struct ip_addr *a, uint16_t port,
        const struct span *is)
{
    uint8_t digest[DIGEST_MAX];
    gsize len = hash(type, m->spi_i, m->spi_r, a, port, digest);

    return is->len == len && memcmp(digest, is->at, len) == 0;
}

static uint64_t
first_octets(const uint8_t *at, size_t len)
{
    uint64_t first = 0;

    if (len) {
        memcpy(&first, at, MIN(len, sizeof first));
    }
    return first;
}

/* A sender may hash the port that it is about to float to. */
static bool
matches(const struct ike_message *m, GChecksumType type, const struct ip_addr *a, uint16_t port,
        const struct span *is)
{
    return hash_is(m, type, a, port, is) ||
           ((port == PORT_IKE || port == PORT_NATT) &&
            hash_is(m, type, a, port == PORT_IKE ? PORT_NATT : PORT_IKE, is));
}

/* One hash that a sender made of its own address. */
static void
read_source(struct nat_evidence *out, const struct ike_message *m, GChecksumType type,
            const struct sighting *at, const struct span *is)
{
    out->source_differs &= !matches(m, type, &at->src, at->src_port, is);
    out->forced |= hash_is(m, type, &at->src, 0, is);
    out->source_hash = out->source_hash ? out->source_hash : first_octets(is->at, is->len);
}

static bool
read_hashes(struct nat_evidence *out, const struct ike_message *m, GChecksumType type,
            const struct sighting *at)
{
    static const uint8_t none[8];
    struct nat_evidence now = { .seen = true, .source_differs = true, .frame = at->frame };
    bool source = false, destination = false, destination_ok = false;

    /* IKE begins on 500 or 4500 (RFC 7296 section 2.23): another source port is a NAT's, unless
     * both ends have ports of their own. */
    now.port_translated = at->src_port != PORT_IKE && at->src_port != PORT_NATT && !at->own_ports;
    now.without_spi_r = memcmp(m->spi_r, none, sizeof none) == 0;
    for (size_t i = 0; m->major == 2 && i < m->num_notifies; i++) {
        const struct ike_notify *n = &m->notifies[i];
        if (n->type == N2_NAT_DETECTION_SOURCE_IP) {
            source = true;
            read_source(&now, m, type, at, &n->data);
        } else if (n->type == N2_NAT_DETECTION_DESTINATION_IP) {
            destination = true;
            destination_ok |= matches(m, type, &at->dst, at->dst_port, &n->data);
        }
    }
    /* RFC 3947 section 3.2: the first is the destination's, the rest the sender's own. */
    for (size_t i = 0; m->major == 1 && i < m->num_nat_d; i++) {
        if (i == 0) {
            destination = true;
            destination_ok = matches(m, type, &at->dst, at->dst_port, &m->nat_d[i]);
        } else {
            source = true;
            read_source(&now, m, type, at, &m->nat_d[i]);
        }
    }
    if (!source || !destination) {
        return false;
    }
    now.destination_differs = !destination_ok;
    now.forced &= now.source_differs;
    now.source_differs &= !now.forced;
    *out = now;
    return true;
}

static enum nat
nat_of_sides(bool initiator, bool responder)
{
    if (initiator && responder) {
        return NAT_BOTH;
    }
    if (initiator) {
        return NAT_INITIATOR;
    }
    return responder ? NAT_RESPONDER : NAT_NONE;
}

/* Only the side's own address looks translated, and nothing says by what. */
static bool
own_hash_alone(const struct nat_evidence *e)
{
    return e->source_differs && !e->destination_differs && !e->port_translated && !e->proven;
}

/* A side is translated when its own hash differs on the way to the other, or when the
 * other hashed what the wire here no longer shows.  Both own hashes wrong while both
 * destinations fit is what an implementation sends to force encapsulation, and what is seen
 * between two NATs: a translated port tells, or the address that a side has for its identity. */
static enum nat
verdict(const struct ike_sa *sa)
{
    const struct nat_evidence *i = &sa->nat_i, *r = &sa->nat_r;
    bool behind_i = i->source_differs || r->destination_differs;
    bool behind_r = r->source_differs || i->destination_differs;

    if (!i->seen || !r->seen) {
        return NAT_UNKNOWN;
    }
    /* Seen, not reckoned: hashes may be forced or fit the other side of the NAT. */
    if (sa->after_nat) {
        return nat_of_sides(sa->beyond_i.family != 0, sa->beyond_r.family != 0);
    }
    if (own_hash_alone(i) && own_hash_alone(r)) {
        return NAT_FORCED;
    }
    if ((i->forced || r->forced) && !behind_i && !behind_r) {
        return NAT_FORCED;
    }
    /* One side's port is translated; the other's own hash alone, which may be forced, adds none. */
    if (i->source_differs && i->port_translated && own_hash_alone(r)) {
        behind_r = false;
    }
    if (r->source_differs && r->port_translated && own_hash_alone(i)) {
        behind_i = false;
    }
    return nat_of_sides(behind_i, behind_r);
}

void
track_nat_again(struct ike_sa *sa)
{
    sa->nat = verdict(sa);
}

/* One packet, captured once on each side of a NAT: it has one of its addresses changed.  A probe
 * of MOBIKE (RFC 4555 section 3.10) goes out from several addresses as packets of their own. */
bool
track_translated(const struct sadb *db, struct ike_sa *sa, const struct exchange *x,
                 const struct exchange_message *first, const struct sighting *at)
{
    /* What the SA's addresses are says nothing of a message that moves it. */
    const struct recent_message *was = track_recent(db, first->frame);
    bool from_i = first->from_initiator;
    const struct ip_addr *near = from_i ? &sa->initiator.addr : &sa->responder.addr;
    const struct ip_addr *far = from_i ? &sa->responder.addr : &sa->initiator.addr;
    bool src = ip_equal(&at->src, was ? &was->src : near);
    bool dst = ip_equal(&at->dst, was ? &was->dst : far);
    struct ip_addr *beyond;

    if (at->src.family != near->family || src == dst || first->ip_id != at->ip_id ||
        (x->type == V2_INFORMATIONAL && !at->ip_id)) {
        return false;
    }
    beyond = src == from_i ? &sa->beyond_r : &sa->beyond_i;
    if (!beyond->family) {
        *beyond = src ? at->dst : at->src;
        sa->before_nat = sa->before_nat ? sa->before_nat : first->frame;
        sa->after_nat = at->frame;
    }
    return true;
}

/* One side's mapping is followed: between two NATs the initiator's, for it must reach the other. */
void
track_sent(struct sadb *db, const struct ike_sa *sa, bool from_initiator, const struct sighting *at)
{
    double time = at->time;
    struct nat_life *life;

    if (!sa || !ike_sa_behind_nat(sa, from_initiator) ||
        (!from_initiator && ike_sa_behind_nat(sa, true))) {
        return;
    }
    life = (struct nat_life *)sa->nat_life;
    if (!life) {
        life = (struct nat_life *)store_alloc(&db->store, sizeof *life);
        database_ike_sa(db, sa->id)->nat_life = life;
    }
    /* Keepalives from another port, which anybody can send, count once more follows from there. */
    if (life->other_port == at->src_port && life->other_time > life->last_sent) {
        time = life->other_time;
    }
    life->silence = life->last_sent > 0 ? time - life->last_sent : 0;
    life->last_sent = at->time;
    life->other_port = 0;
}

/* The side's identity is an address, not that on the wire, and its hash is made of it. */
static bool
proves(const struct ike_sa *sa, const struct nat_evidence *its, const struct endpoint *side,
       GChecksumType type)
{
    static const uint8_t none[8];
    static const uint16_t ports[] = { PORT_IKE, PORT_NATT };
    uint8_t digest[DIGEST_MAX];
    struct ip_addr own;

    if (!side->id || !ip_parse(&own, side->id) || ip_equal(&own, &side->addr)) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(ports); i++) {
        gsize len =
            hash(type, sa->spi_i, its->without_spi_r ? none : sa->spi_r, &own, ports[i], digest);
        if (first_octets(digest, len) == its->source_hash) {
            return true;
        }
    }
    return false;
}

/* Hashes that seem forced, until an identity shows of what they are made. */
static void
look_at_identities(struct turn *t, GChecksumType type)
{
    struct ike_event *e = t->e;
    const struct ike_message *m = t->m;
    struct ike_sa *sa = t->sa;

    if (sa->nat != NAT_FORCED || !(e->nat_decided || m->id_i.present || m->id_r.present)) {
        return;
    }
    sa->nat_i.proven |= proves(sa, &sa->nat_i, &sa->initiator, type);
    sa->nat_r.proven |= proves(sa, &sa->nat_r, &sa->responder, type);
    sa->nat = verdict(sa);
    e->nat_by_identity = sa->nat != NAT_FORCED;
    e->nat_decided |= e->nat_by_identity;
}

/* --- which NAT traversal an end knows --------------------------------------------------------- */

/* RFC 3947 section 3.1: the MD5 of the document's name, of drafts also with a line's end. */
static const struct { const char *name; enum nat_t it; } documents[] = {
    { "RFC 3947", NAT_T_RFC },
    { "draft-ietf-ipsec-nat-t-ike-00", NAT_T_DRAFT_00 },
    { "draft-ietf-ipsec-nat-t-ike-01", NAT_T_DRAFT_00 },
    { "draft-ietf-ipsec-nat-t-ike-02", NAT_T_DRAFT_02 },
    { "draft-ietf-ipsec-nat-t-ike-02\n", NAT_T_DRAFT_02 },
    { "draft-ietf-ipsec-nat-t-ike-03", NAT_T_DRAFT_02 },
    { "draft-ietf-ipsec-nat-t-ike-04", NAT_T_DRAFT_04 },
    { "draft-ietf-ipsec-nat-t-ike-05", NAT_T_DRAFT_04 },
    { "draft-ietf-ipsec-nat-t-ike-06", NAT_T_DRAFT_04 },
    { "draft-ietf-ipsec-nat-t-ike-07", NAT_T_DRAFT_04 },
    { "draft-ietf-ipsec-nat-t-ike-08", NAT_T_DRAFT_04 },
    { "draft-ietf-ipsec-nat-t-ike", NAT_T_DRAFT_04 },
};
enum { VENDOR_ID = 16 };

static uint8_t
flavour_of(const struct span *vendor)
{
    static uint8_t ids[G_N_ELEMENTS(documents)][VENDOR_ID];
    static bool made;

    for (size_t i = 0; i < G_N_ELEMENTS(documents) && !made; i++) {
        GChecksum *sum = g_checksum_new(G_CHECKSUM_MD5);
        gsize len = VENDOR_ID;
        g_checksum_update(sum, (const guchar *)documents[i].name, -1);
        g_checksum_get_digest(sum, ids[i], &len);
        g_checksum_free(sum);
    }
    made = true;
    for (size_t i = 0; i < G_N_ELEMENTS(documents) && vendor->len == VENDOR_ID; i++) {
        if (memcmp(ids[i], vendor->at, VENDOR_ID) == 0) {
            return (uint8_t)documents[i].it;
        }
    }
    return 0;
}

static void
see_flavours(struct turn *t)
{
    const struct ike_message *m = t->m;
    uint8_t *to = t->e->from_initiator ? &t->sa->nat_t_i : &t->sa->nat_t_r;

    if (m->encrypted) {
        return;
    }
    for (size_t i = 0; i < m->num_vendors && m->major == 1; i++) {
        *to |= flavour_of(&m->vendors[i]);
    }
    if (m->major == 2 && ike_find_notify(m, N2_NAT_DETECTION_SOURCE_IP)) {
        *to |= NAT_T_V2;
    }
}

void
track_nat(struct turn *t)
{
    struct ike_event *e = t->e;
    const struct ike_message *m = t->m;
    struct ike_sa *sa = t->sa;
    GChecksumType type;
    enum nat now;

    see_flavours(t);
    if (m->truncated || !hash_of(sa, &type)) {
        return;
    }
    for (size_t i = 0; i < m->num_payloads && m->major == 1; i++) {
        sa->draft_nat_t |=
            m->payloads[i].type == V1P_NAT_D_DRAFT || m->payloads[i].type == V1P_NAT_OA_DRAFT;
    }
    if (read_hashes(e->from_initiator ? &sa->nat_i : &sa->nat_r, m, type, &e->at)) {
        now = verdict(sa);
        e->nat_decided = now != NAT_UNKNOWN && now != sa->nat;
        sa->nat = now != NAT_UNKNOWN ? now : sa->nat;
    }
    look_at_identities(t, type);
}
