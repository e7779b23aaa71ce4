/* facts.c - names of facts, and what follows from one fact alone.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

#include <string.h>

const struct offer_list no_offers;
const struct address_list no_addresses;

static const char *const basis_names[] = { "observed", "decrypted", "configured", "inferred" };
static const char *const ike_state_names[] = { "half_open", "established", "failed", "rekeyed",
                                               "deleted" };
static const char *const child_state_names[] = { "installed", "rekeyed", "deleted", "failed" };

const char *
basis_name(enum basis b)
{
    return basis_names[b];
}

const char *
ike_sa_state_name(enum ike_sa_state s)
{
    return ike_state_names[s];
}

const char *
child_state_name(enum child_state s)
{
    return child_state_names[s];
}

const char *
nat_name(enum nat n)
{
    static const char *const names[] = { NULL, "none", "initiator", "responder", "both", "forced" };

    return names[n];
}

static bool
same_end(const struct endpoint *a, const struct endpoint *b)
{
    return ip_equal(&a->addr, &b->addr) &&
           (a->id && b->id ? strcmp(a->id, b->id) == 0 : !a->id && !b->id && a->port == b->port);
}

static bool
other_user(const struct ike_sa *a, const struct ike_sa *b)
{
    return a->user && b->user && strcmp(a->user, b->user) != 0;
}

const char *
ike_sa_user(const struct ike_sa *sa)
{
    return sa->user ? sa->user : sa->initiator.id;
}

bool
ike_sa_same_peers(const struct ike_sa *a, const struct ike_sa *b)
{
    return !other_user(a, b) && same_end(&a->initiator, &b->initiator) &&
           same_end(&a->responder, &b->responder);
}

bool
ike_sa_same_ends(const struct ike_sa *a, const struct ike_sa *b)
{
    return ike_sa_same_peers(a, b) ||
           (same_end(&a->initiator, &b->responder) && same_end(&a->responder, &b->initiator));
}

const struct exchange_message *
ike_sa_last_word(const struct ike_sa *sa)
{
    const struct exchange_message *first = NULL;

    for (struct newest n = newest_first(sa->exchanges.len, SADB_MAX_PER_PEER);
         sa->major == 1 && newest_next(&n);) {
        const struct exchange *x = sa->exchanges.at[n.i];
        const struct exchange_message *m = x->messages.len ? &x->messages.at[0] : NULL;
        if (!m || x->injected) {
            continue;
        }
        if (x->type != V1_INFORMATIONAL || x->messages.len > 1 || !m->encrypted || m->readable ||
            (first && first->from_initiator != m->from_initiator)) {
            return x->type == V1_INFORMATIONAL ? NULL : first;
        }
        first = m;
    }
    return NULL;
}

bool
ike_sa_is_at(const struct ike_sa *sa, bool initiator, const struct ip_addr *a)
{
    return ip_equal(a, initiator ? &sa->initiator.addr : &sa->responder.addr) ||
           ip_equal(a, initiator ? &sa->beyond_i : &sa->beyond_r);
}

bool
ike_sa_behind_nat(const struct ike_sa *sa, bool initiator)
{
    return sa->nat == NAT_BOTH || sa->nat == (initiator ? NAT_INITIATOR : NAT_RESPONDER);
}

bool
ike_sa_has_user(const struct ike_sa *sa)
{
    return sa->user || sa->eap ||
           (sa->major == 1 && sa->auth_method >= AUTH1_XAUTH_PSK_I &&
            sa->auth_method <= AUTH1_XAUTH_REVISED_RSA_ENCRYPTION_R);
}

bool
ike_sa_same_person(const struct ike_sa *a, const struct ike_sa *b)
{
    if (ike_sa_has_user(a) || ike_sa_has_user(b)) {
        return a->user && b->user && strcmp(a->user, b->user) == 0;
    }
    return a->initiator.id && b->initiator.id && strcmp(a->initiator.id, b->initiator.id) == 0;
}

bool
ike_spi_is_zero(const uint8_t spi[8])
{
    static const uint8_t zero[8];

    return memcmp(spi, zero, sizeof zero) == 0;
}

char *
endpoint_print(const struct endpoint *e, char *out, size_t size)
{
    if (e->id) {
        g_strlcpy(out, e->id, size);
        return out;
    }
    return ip_print(&e->addr, out, size);
}

const struct selector *
exchange_selectors(const struct exchange *x, bool by, size_t *num)
{
    *num = by ? x->num_ts_i : x->num_ts_r;
    return by || !x->ts ? x->ts : x->ts + x->num_ts_i;
}

/* Main Mode's messages of one side: SA, KE and nonce, identity and proof. */
static unsigned
step_of(const struct exchange_message *m)
{
    if (m->encrypted) {
        return 3;
    }
    if (m->has_sa) {
        return 1;
    }
    return m->has_ke ? 2 : 0;
}

const struct exchange *
sadb_first_exchange(const struct ike_sa *sa)
{
    for (guint i = 0; i < sa->exchanges.len && i <= SADB_MAX_REQUESTS; i++) {
        if (!sa->exchanges.at[i]->injected) {
            return sa->exchanges.at[i];
        }
    }
    return sa->exchanges.len ? sa->exchanges.at[0] : NULL;
}

unsigned
sadb_whole_messages(const struct exchange *x)
{
    unsigned n = 0, seen = 0;

    for (guint i = 0; i < x->messages.len; i++) {
        const struct exchange_message *m = &x->messages.at[i];
        unsigned step = step_of(m), bit = 1u << (2 * step + m->from_initiator);
        if (m->fragment || m->forged || m->injected ||
            (x->type == V1_MAIN && step && (seen & bit))) {
            continue;
        }
        seen |= bit;
        n++;
    }
    return n;
}

const struct selector *
child_selectors(const struct child_sa *c, bool initiator, size_t *num)
{
    *num = initiator ? c->num_ts_i : c->num_ts_r;
    return initiator ? c->ts_i : c->ts_r;
}

enum admission
child_admits(const struct child_sa *c, const struct inner_packet *p, bool to_responder)
{
    size_t num_src, num_dst;
    const struct selector *src = child_selectors(c, to_responder, &num_src);
    const struct selector *dst = child_selectors(c, !to_responder, &num_dst);

    return MAX(selectors_admit(src, num_src, p, true), selectors_admit(dst, num_dst, p, false));
}

const char *
child_mode(const struct child_sa *c)
{
    if (c->basis == BASIS_INFERRED && !c->mode_read) {
        return NULL;
    }
    return c->transport ? "transport" : "tunnel";
}

bool
child_same_selectors(const struct child_sa *a, const struct child_sa *b)
{
    if (a->num_ts_i != b->num_ts_i || a->num_ts_r != b->num_ts_r || !a->num_ts_i) {
        return false;
    }
    for (size_t i = 0; i < a->num_ts_i; i++) {
        if (!selector_equal(&a->ts_i[i], &b->ts_i[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < a->num_ts_r; i++) {
        if (!selector_equal(&a->ts_r[i], &b->ts_r[i])) {
            return false;
        }
    }
    return true;
}

bool
child_has_esn(const struct child_sa *c)
{
    for (size_t i = 0; c && c->chosen && i < c->chosen->p->num_transforms; i++) {
        const struct transform *t = &c->chosen->p->transforms[i];
        if (t->type == TRANSFORM_ESN && t->id == ESN_EXT_SEQ) {
            return true;
        }
    }
    return false;
}

const char *
kept_text(const struct kept_proposal *k, char out[SUITE_TEXT_MAX])
{
    return k->text ? k->text : proposal_print(k->p, out, SUITE_TEXT_MAX);
}

bool
kept_is_null(const struct kept_proposal *chosen)
{
    for (size_t i = 0; chosen && i < chosen->p->num_transforms; i++) {
        const struct transform *t = &chosen->p->transforms[i];
        if (t->type == TRANSFORM_ENCR && encr_is_null(t->id)) {
            return true;
        }
    }
    return false;
}

bool
kept_counts_iv(const struct kept_proposal *chosen)
{
    for (size_t i = 0; chosen && i < chosen->p->num_transforms; i++) {
        const struct transform *t = &chosen->p->transforms[i];
        if (t->type == TRANSFORM_ENCR && encr_counts_iv(t->id)) {
            return true;
        }
    }
    return false;
}

uint32_t
sadb_sk_length(const struct kept_proposal *chosen, uint32_t inner)
{
    struct encr_geometry g = { 0 };
    uint8_t icv = 0;
    bool known = false;

    for (size_t i = 0; chosen && i < chosen->p->num_transforms; i++) {
        const struct transform *t = &chosen->p->transforms[i];
        if (t->type == TRANSFORM_ENCR) {
            known = encr_geometry(t->id, &g);
        } else if (t->type == TRANSFORM_INTEG && t->id != 0 && !integ_icv_len(t->id, &icv)) {
            return 0;
        }
    }
    if (!known) {
        return 0;
    }
    /* Pad Length takes one octet; stream and AEAD modes need no padding in IKE. */
    uint32_t block = g.block > 4 ? g.block : 1;
    return 28 + 4 + g.iv + (inner + 1 + block - 1) / block * block + (g.icv ? g.icv : icv);
}

/* a packet and its protected copy, captured at both sides of a gateway */
#define NEAR_SECONDS 1.0

/* A capture point that sees both sides of the encryption shows each packet twice: then
 * the SA carries traffic while the clear packets pass. */
bool
clear_packet_is_explained(const struct clear_packet *p)
{
    /* Half of the negotiation was captured: packets of that direction cannot be told. */
    if ((p->to_responder ? p->child->spi_r : p->child->spi_i) == 0) {
        return true;
    }
    /* So many streams of one SA are forged sources: nothing is said then. */
    if (p->child->streams.len > SADB_MAX_LOOKED_AT) {
        return true;
    }
    for (guint i = 0; i < p->child->streams.len; i++) {
        const struct stream *s = p->child->streams.at[i];
        if (s->to_responder == p->to_responder && p->time >= s->first_time - NEAR_SECONDS &&
            p->time <= s->last_time + NEAR_SECONDS) {
            return true;
        }
    }
    return false;
}

/* Packets that left before the notify come at once: both are of one host. */
#define UNDER_WAY_SECONDS 0.01

/* INVALID_SPI is of one Child SA: that another one is used says nothing. */
static bool
denies(const struct denial *d, const struct child_sa *c)
{
    return d->type != N2_INVALID_SPI || !c->spi_i || !c->spi_r || c->spi_i == d->spi ||
           c->spi_r == d->spi;
}

bool
denial_is_refuted(const struct ike_sa *sa, const struct denial *d)
{
    if (d->refuted) {
        return true;
    }
    for (struct newest n = newest_first(sa->children.len, SADB_MAX_LOOKED_AT); newest_next(&n);) {
        const struct child_sa *c = sa->children.at[n.i];
        for (struct newest k = newest_first(c->streams.len, SADB_MAX_PER_SPI); newest_next(&k);) {
            const struct stream *s = c->streams.at[k.i];
            if (s->child == c && denies(d, c) && s->to_responder == d->from_initiator &&
                s->last_frame > d->frame && s->last_time - d->time > UNDER_WAY_SECONDS) {
                return true;
            }
        }
    }
    return false;
}

double
flow_patience(const struct flow_way *w)
{
    return MAX(0.1, 4 * (double)w->slowest);
}

bool
flow_question_is_lost(const struct flow_question *q, double patience, double now)
{
    if (q->tcp) {
        return q->first_frame && q->sent >= 4 &&
               (q->back || q->length >= FLOW_FULL_SEGMENT);
    }
    return q->first_frame && now - q->last_time >= patience;
}

bool
stream_two_lines(const struct stream *s)
{
    const struct stream_line *l = stream_rare(s)->line;

    return l && l->proved && (l->main_since > 1 || l->turns >= STREAM_LINE_TURNS);
}

const struct stream_rare *
stream_rare(const struct stream *s)
{
    static const struct stream_rare nothing;

    return s->rare ? s->rare : &nothing;
}

double
stream_lost_percent(const struct stream *s)
{
    return s->numbers ? 100.0 * (double)s->lost / (double)s->numbers : 0;
}

const char *
stream_carrier(const struct stream *s)
{
    if (s->in_tcp) {
        return " in TCP";
    }
    return s->src_port ? " in UDP" : "";
}

const char *
child_carrier(const struct child_sa *c)
{
    if (c->tcp_encap) {
        return " in TCP";
    }
    return c->udp_encap ? " in UDP" : "";
}

bool
kept_has_ml_kem(const struct kept_proposal *k)
{
    for (size_t i = 0; k && i < k->p->num_transforms; i++) {
        const struct transform *t = &k->p->transforms[i];
        if (t->type >= TRANSFORM_KE && t->type != TRANSFORM_ESN && ke_is_ml_kem(t->id)) {
            return true;
        }
    }
    return false;
}
