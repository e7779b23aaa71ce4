/* check_crypto.c - how strong what was offered and chosen is (RFC 8221, RFC 8247, RFC 9395).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#include <espial/hash.h>
#include <string.h>

/* octets: RFC 2409 section 5, RFC 7296 section 2.10 */
enum { V1_NONCE_MIN = 8, NONCE_MIN = 16, NONCE_MAX = 256 };

/* The answer that this message gives to an offer, or NULL. */
static const struct kept_proposal *
chosen_here(const struct check_in *in)
{
    const struct exchange *x = in->ike->exchange;

    if (!message_is_new(in) || !x->chosen) {
        return NULL;
    }
    return x->chosen->frame == in->ike->at.frame ? x->chosen : NULL;
}

/* What an administrator can set instead.  IKEv1 has neither AEAD ciphers nor Curve25519, and one
 * attribute for the hash and the PRF (RFC 2409 appendix A); NULL: what the row says. */
static const char *
better(uint8_t major, uint8_t protocol, uint8_t type)
{
    if (major != 1) {
        return NULL;
    }
    if (type == TRANSFORM_KE) {
        return "Configure MODP_2048 or ECP_256 on both ends, or better, move to IKEv2.";
    }
    if (protocol != PROTO_IKE) {
        return NULL;
    }
    switch (type) {
    case TRANSFORM_ENCR:
        return "Configure AES_CBC_256 as the encryption of phase 1 on both ends, or better, move "
               "to IKEv2.";
    case TRANSFORM_INTEG:
        return "Configure SHA2_256 as the hash of phase 1 on both ends, or better, move to IKEv2.";
    default:
        return "Configure SHA2_256 as the hash of phase 1 on both ends: in IKEv1 one setting "
               "determines both the PRF and the integrity algorithm (weak_integrity).";
    }
}

static void
weak(const struct check_in *in, struct findings *out, enum check_id check, uint8_t type)
{
    const struct kept_proposal *k = chosen_here(in);

    for (size_t i = 0; k && i < k->p->num_transforms; i++) {
        const struct transform *t = &k->p->transforms[i];
        enum requirement r = t->type == type ? transform_requirement(k->p->protocol, t) : REQ_NONE;
        const char *rfc = k->p->protocol == PROTO_IKE || type == TRANSFORM_KE ? "RFC 8247" :
                                                                                "RFC 8221";
        const char *layer = k->p->protocol == PROTO_IKE ? "IKE" : ipsec_name(k->p->protocol);
        struct scope where = scope_message(in);
        char name[64];
        if (r == REQ_NONE) {
            continue;
        }
        where.child = in->ike->child;
        where.remedy = better(in->msg->major, k->p->protocol, type);
        transform_print(t, name, sizeof name);
        if (in->msg->major == 1 && strcmp(rfc, "RFC 8247") == 0) {
            /* RFC 8247 section 1: IKEv1 is out of its scope. */
            finding_add(out, check, &where,
                        "%s is chosen for %s (%s) and is too weak: RFC 8247 %s even for IKEv2.",
                        name, layer, k->text,
                        r == REQ_MUST_NOT ? "rules it out" : "advises against it");
            continue;
        }
        finding_add(out, check, &where, "%s is chosen for %s (%s); %s says that it %s be used.",
                    name, layer, k->text, rfc, r == REQ_MUST_NOT ? "must not" : "should not");
    }
}

void
check_weak_encryption(const struct check_in *in, struct findings *out)
{
    weak(in, out, CHECK_weak_encryption, TRANSFORM_ENCR);
}

void
check_weak_integrity(const struct check_in *in, struct findings *out)
{
    weak(in, out, CHECK_weak_integrity, TRANSFORM_INTEG);
}

void
check_weak_prf(const struct check_in *in, struct findings *out)
{
    weak(in, out, CHECK_weak_prf, TRANSFORM_PRF);
}

void
check_weak_dh_group(const struct check_in *in, struct findings *out)
{
    weak(in, out, CHECK_weak_dh_group, TRANSFORM_KE);
}

/* The offer holds a better transform of the same type. */
static bool
offered_better(const struct offer_list *offered, uint8_t protocol, uint8_t type)
{
    for (guint i = 0; i < offered->len; i++) {
        const struct proposal *p = (offered->at[i])->p;
        for (size_t k = 0; p->protocol == protocol && k < p->num_transforms; k++) {
            const struct transform *t = &p->transforms[k];
            if (t->type == type && t->id && transform_requirement(protocol, t) == REQ_NONE) {
                return true;
            }
        }
    }
    return false;
}

/* Among names joined by ", ": DES_CBC is not 3DES_CBC. */
static bool
listed(const char *list, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = strstr(list, name); at; at = strstr(at + len, name)) {
        if ((at == list || at[-1] == ' ') && (at[len] == 0 || at[len] == ',')) {
            return true;
        }
    }
    return false;
}

void
check_weak_offered(const struct check_in *in, struct findings *out)
{
    const struct exchange *x = in->ike->exchange;
    char name[64], list[SUITE_TEXT_MAX] = "", who[ID_TEXT_MAX];
    struct scope where;

    if (!message_is_new(in) || !in->msg->num_proposals || x->request != in->ike->at.frame ||
        !x->offered->len) {
        return;
    }
    for (guint i = 0; i < x->offered->len; i++) {
        const struct proposal *p =
            (x->offered->at[i])->p;
        for (size_t k = 0; k < p->num_transforms; k++) {
            const struct transform *t = &p->transforms[k];
            if (transform_requirement(p->protocol, t) == REQ_NONE ||
                !offered_better(x->offered, p->protocol, t->type)) {
                continue;
            }
            transform_print(t, name, sizeof name);
            if (!listed(list, name)) {
                g_strlcat(list, list[0] ? ", " : "", sizeof list);
                g_strlcat(list, name, sizeof list);
            }
        }
    }
    if (list[0]) {
        where = scope_message(in);
        finding_add(out, CHECK_weak_offered, &where, "%s offers %s along with stronger ones.",
                    message_sender(in, who, sizeof who), list);
    }
}

static uint16_t
cipher_of(const struct proposal *p)
{
    for (size_t i = 0; i < p->num_transforms; i++) {
        if (p->transforms[i].type == TRANSFORM_ENCR) {
            return p->transforms[i].id;
        }
    }
    return 0;
}

void
check_no_integrity(const struct check_in *in, struct findings *out)
{
    const struct kept_proposal *k = chosen_here(in);
    struct scope where;

    if (!k || (k->p->protocol != PROTO_ESP && k->p->protocol != PROTO_IKE) || !cipher_of(k->p) ||
        encr_is_aead(cipher_of(k->p)) || suite_type_mask(k->p) >> TRANSFORM_INTEG & 1) {
        return;
    }
    where = scope_message(in);
    where.child = in->ike->child;
    finding_add(
        out, CHECK_no_integrity, &where,
        "%s (chosen in frame %u) has no integrity protection: packets can be altered unnoticed.",
        k->text, k->frame);
}

void
check_no_encryption(const struct check_in *in, struct findings *out)
{
    const struct kept_proposal *k = chosen_here(in);
    struct scope where;

    if (!k || (k->p->protocol != PROTO_AH &&
               (k->p->protocol != PROTO_ESP ||
                (cipher_of(k->p) != ENCR_NULL && cipher_of(k->p) != ENCR_NULL_AES_GMAC)))) {
        return;
    }
    where = scope_message(in);
    where.child = in->ike->child;
    finding_add(out, CHECK_no_encryption, &where,
                "%s (chosen in frame %u) does not encrypt: anyone on the path can read the "
                "traffic.",
                k->text, k->frame);
}

static const char *
readable_inner(const struct esp_readable *r, char *out, size_t size)
{
    char protocol[SUITE_TEXT_MAX], src[ADDR_TEXT_MAX], dst[ADDR_TEXT_MAX];

    ip_protocol_name(r->inner.protocol, protocol, sizeof protocol);
    if (r->tunnel) {
        g_snprintf(out, (gulong)size, "%s from %s to %s (tunnel mode)", protocol,
                   ip_print(&r->inner.src, src, sizeof src),
                   ip_print(&r->inner.dst, dst, sizeof dst));
    } else if (r->inner.has_ports) {
        g_snprintf(out, (gulong)size, "%s from port %u to %u (transport mode)", protocol,
                   r->inner.src_port, r->inner.dst_port);
    } else {
        g_snprintf(out, (gulong)size, "%s (transport mode)", protocol);
    }
    return out;
}

void
check_esp_null_seen(const struct check_in *in, struct findings *out)
{
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX], inner[SUITE_TEXT_MAX * 2];

    for (size_t i = 0; i < sadb_num_streams(in->db); i++) {
        const struct stream *s = sadb_stream(in->db, i);
        const struct esp_readable *r = stream_rare(s)->readable;
        bool ordered = ip_compare(&s->src, &s->dst) <= 0;
        struct scope where = { .basis = BASIS_INFERRED, .exchange = NO_ID };
        if (!stream_is_readable(s) || stream_is_strange(s)) {
            continue;
        }
        where.frame = r->frame;
        where.sa = s->child ? s->child->ike_sa : NULL;
        where.variant = hash_octets(hash_seed(), ordered ? &s->src : &s->dst, sizeof s->src);
        where.variant = hash_octets(where.variant, ordered ? &s->dst : &s->src, sizeof s->src);
        finding_add(out, CHECK_esp_null_seen, &where,
                    "ESP from %s to %s with SPI %08x is readable without a key: padding, next "
                    "header and inner header of %u of its first %u packets match an ICV of %u "
                    "octets. Frame %u carries %s. Suggests NULL encryption.",
                    ip_print(&s->src, from, sizeof from), ip_print(&s->dst, to, sizeof to), s->spi,
                    r->fits[r->way], s->readable_asked, esp_readable_icv(r->way), r->frame,
                    readable_inner(r, inner, sizeof inner));
    }
}

static bool
refuses_in_clear(const struct exchange *x)
{
    return x->type == V1_INFORMATIONAL && x->messages.len && message_at(x, 0)->refused &&
           !message_at(x, 0)->encrypted;
}

/* Who only refuses uses nothing: the first exchange of the IKE SA that is something else. */
static bool
begins_to_negotiate(const struct check_in *in)
{
    const struct ike_event *e = in->ike;

    if (!e->exchange || refuses_in_clear(e->exchange)) {
        return false;
    }
    if (e->new_sa) {
        return true;
    }
    for (guint i = 0; i < e->exchange->index; i++) {
        if (!refuses_in_clear(e->sa->exchanges.at[i])) {
            return false;
        }
    }
    return e->exchange->index > 0 && message_is_new(in) && e->exchange->messages.len == 1;
}

void
check_ikev1_in_use(const struct check_in *in, struct findings *out)
{
    struct scope where;

    if (!in->ike->sa || in->msg->major != 1 || !begins_to_negotiate(in)) {
        return;
    }
    where = scope_message(in);
    where.exchange = NO_ID;
    finding_add(out, CHECK_ikev1_in_use, &where,
                "IKE SA %u uses IKEv1, which is deprecated (RFC 9395).",
                in->ike->sa->id);
}

void
check_aggressive_mode_psk(const struct check_in *in, struct findings *out)
{
    const struct kept_proposal *k = chosen_here(in);
    const struct endpoint *i;
    char who[ID_TEXT_MAX], gateway[ADDR_TEXT_MAX];
    struct scope where;
    uint16_t method;

    if (!k || in->msg->exchange != V1_AGGRESSIVE) {
        return;
    }
    method = k->p->attr.auth_method;
    if (method != AUTH1_PSK && method != AUTH1_XAUTH_PSK_I && method != AUTH1_XAUTH_PSK_R) {
        return;
    }
    i = &in->ike->sa->initiator;
    where = scope_message(in);
    finding_add(out, CHECK_aggressive_mode_psk, &where,
                "The identity of %s and the hash of %s are sent in clear (frames %u and %u): the "
                "pre-shared key can be guessed offline.",
                endpoint_print(i, who, sizeof who),
                ip_print(&in->ike->at.src, gateway, sizeof gateway), in->ike->exchange->request,
                in->ike->at.frame);
}

static size_t
prf_half(const struct kept_proposal *k)
{
    static const struct {
        uint16_t id;
        size_t half;
    } table[] = { { 1, 8 }, { 2, 10 }, { 5, 16 }, { 6, 24 }, { 7, 32 } };

    for (size_t i = 0; k && i < k->p->num_transforms; i++) {
        for (size_t n = 0; k->p->transforms[i].type == TRANSFORM_PRF && n < G_N_ELEMENTS(table);
             n++) {
            if (table[n].id == k->p->transforms[i].id) {
                return table[n].half;
            }
        }
    }
    return 0;
}

void
check_nonce_too_short(const struct check_in *in, struct findings *out)
{
    const struct ike_message *m = in->msg;
    size_t least, len = m->nonce.len;
    char who[ID_TEXT_MAX];
    struct scope where;

    if (!message_is_new(in) || !m->nonce.at || m->truncated || m->error) {
        return;
    }
    least = m->major == 1 ? V1_NONCE_MIN : MAX((size_t)NONCE_MIN, prf_half(chosen_here(in)));
    if (len >= least && len <= NONCE_MAX) {
        return;
    }
    where = scope_message(in);
    finding_add(out, CHECK_nonce_too_short, &where,
                "%s sends a nonce of %" G_GSIZE_FORMAT " octets; %" G_GSIZE_FORMAT " to %d are "
                "allowed.",
                message_sender(in, who, sizeof who), len, least, NONCE_MAX);
}

void
check_post_quantum(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    const struct child_sa *c = e->child;
    struct scope where = scope_message(in);

    if (e->sa && e->established && e->sa->post_quantum) {
        bool kem = kept_has_ml_kem(e->sa->chosen);
        finding_add(out, CHECK_post_quantum, &where,
                    kem ? "IKE SA %u is protected against quantum computers: %s." :
                          "IKE SA %u is protected against quantum computers: %s (both ends "
                          "announce a post-quantum pre-shared key; it protects the keys if both "
                          "have the same one).",
                    e->sa->id, e->sa->chosen ? e->sa->chosen->text : "of an unknown suite");
    }
    /* A Child SA of IKE_AUTH has no key exchange of its own. */
    if (c && message_is_new(in) && c->negotiated_in == e->at.frame && kept_has_ml_kem(c->chosen)) {
        where.child = c;
        finding_add(out, CHECK_post_quantum, &where,
                    "Child SA %u is protected against quantum computers by its own key exchange: "
                    "%s.",
                    c->id, c->chosen->text);
    }
}
