/* say.c - what a check says of a message or packet: what it is about, and in which words.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "expert.h"

#include <stdio.h>

const char *
spi_say(uint32_t spi, char out[SPI_WORD_MAX])
{
    if (!spi) {
        return "unknown";
    }
    snprintf(out, SPI_WORD_MAX, "%08x", spi);
    return out;
}

const char *
ike_spis_say(const struct ike_sa *sa, char *out, size_t size)
{
    uint64_t i = 0, r = 0;

    for (unsigned k = 0; k < sizeof sa->spi_i; k++) {
        i = i << 8 | sa->spi_i[k];
        r = r << 8 | sa->spi_r[k];
    }
    g_snprintf(out, (gulong)size,
               "%s %016" G_GINT64_MODIFIER "x and %016" G_GINT64_MODIFIER "x",
               sa->major == 1 ? "cookies" : "SPIs", i, r);
    return out;
}

const char *
ipsec_name(uint8_t protocol)
{
    return protocol == PROTO_AH ? "AH" : "ESP";
}

struct scope
scope_message(const struct check_in *in)
{
    const struct ike_event *e = in->ike;

    return (struct scope){ .basis = e->basis, .frame = e->at.frame, .sa = e->sa,
                           .exchange = e->about ? e->about->index : NO_ID };
}

struct scope
scope_path(const struct check_in *in)
{
    const struct path_event *e = in->path;

    return (struct scope){ .basis = BASIS_OBSERVED,
                           .frame = e->at.frame,
                           .sa = e->sa,
                           .child = e->child,
                           .exchange = NO_ID };
}

struct scope
scope_packet(const struct check_in *in)
{
    const struct ipsec_event *e = in->ipsec;

    return (struct scope){ .basis = BASIS_OBSERVED, .frame = e->at.frame,
                           .sa = e->child ? e->child->ike_sa : NULL, .child = e->child,
                           .stream = e->stream, .exchange = NO_ID };
}

struct scope
scope_stream(const struct stream *s, uint32_t frame)
{
    return (struct scope){ .basis = BASIS_OBSERVED,
                           .frame = frame,
                           .sa = s->child ? s->child->ike_sa : NULL,
                           .child = s->child,
                           .stream = s,
                           .exchange = NO_ID };
}

const char *
stream_carried_in(const struct stream *s, char *out, size_t size)
{
    bool natt = s->src_port == PORT_NATT || s->dst_port == PORT_NATT;

    if (s->src_port) { /* the responder's port: of the other end a NAT may have made another */
        g_snprintf(out, (gulong)size, "%s %u", s->in_tcp ? "TCP" : "UDP",
                   natt ? (unsigned)PORT_NATT : s->to_responder ? s->dst_port : s->src_port);
        return out;
    }
    return s->protocol == PROTO_AH ? "AH (IP protocol 51)" : "ESP (IP protocol 50)";
}

/* An SA's packets come from and go to its ends, wherever they are by now. */
static bool
at_ends(const struct stream *s)
{
    const struct child_sa *c = s->child;
    bool to_r = s->to_responder;

    return ip_equal(&s->src, to_r ? &c->addr_i : &c->addr_r) &&
           ip_equal(&s->dst, to_r ? &c->addr_r : &c->addr_i);
}

bool
stream_is_strange(const struct stream *s)
{
    const struct child_sa *c = s->child;

    if (!s->strange || !c || c->ike_sa->path_unsure || at_ends(s)) {
        return false;
    }
    for (struct newest n = newest_first(c->streams.len, SADB_MAX_PER_SPI); newest_next(&n);) {
        const struct stream *one = c->streams.at[n.i];
        if (one->to_responder != s->to_responder && ip_equal(&one->src, &s->dst) &&
            ip_equal(&one->dst, &s->src)) {
            return false;
        }
    }
    return true;
}

uint32_t
stream_num_good(const struct stream *s)
{
    const struct child_sa *c = s->child;
    uint32_t good = s->good;

    for (guint i = 0; !s->good && c && i < c->streams.len && i < SADB_MAX_PER_SPI; i++) {
        const struct stream *one = c->streams.at[i];
        if (one->spi == s->spi && one->to_responder == s->to_responder) {
            good += one->good;
        }
    }
    return good;
}

bool
message_is_new(const struct check_in *in)
{
    return in->ike->sa && in->ike->message && !in->ike->retransmission_of && !in->ike->duplicate &&
           !in->ike->probe && !in->ike->message->forged && !in->ike->message->injected;
}

const struct ike_notify *
new_message_notify(const struct check_in *in, uint16_t type)
{
    return message_is_new(in) ? ike_find_notify(in->msg, type) : NULL;
}

enum basis
notify_basis(const struct ike_notify *n)
{
    return n->inner ? BASIS_DECRYPTED : BASIS_OBSERVED;
}

const char *
phase_name(const struct check_in *in, const struct exchange *x, char *out, size_t size)
{
    if (x && (x->type == V1_MAIN || x->type == V1_AGGRESSIVE)) {
        snprintf(out, size, "phase 1 (%s mode)", x->type == V1_MAIN ? "main" : "aggressive");
    } else if (x && x->type == V1_QUICK) {
        g_strlcpy(out, "quick mode", size);
    } else {
        exchange_name(in->msg ? in->msg->major : 2, x ? x->type : 0, out, size);
    }
    return out;
}

const char *
message_sender(const struct check_in *in, char *out, size_t size)
{
    return ip_print(&in->ike->at.src, out, size);
}

const char *
message_receiver(const struct check_in *in, char *out, size_t size)
{
    const struct ike_event *e = in->ike;

    if (!e->sa) {
        return ip_print(&e->at.dst, out, size);
    }
    return endpoint_print(e->from_initiator ? &e->sa->responder : &e->sa->initiator, out, size);
}

bool
waits_for_first_answer(const struct check_in *in)
{
    const struct exchange *x = in->ike->about;

    return x && (x->type == V1_AGGRESSIVE || x->type == V1_MAIN) && !in->msg->encrypted &&
           !in->ike->from_initiator && x->request && !x->response && sadb_whole_messages(x) == 1;
}

/* Some message of phase 1 is in the capture. */
static bool
has_phase1(const struct ike_sa *sa)
{
    for (uint32_t i = 0; i < sa->exchanges.len && i < SADB_MAX_LOOKED_AT; i++) {
        uint8_t type = sa->exchanges.at[i]->type;
        if (type == V1_MAIN || type == V1_AGGRESSIVE) {
            return true;
        }
    }
    return false;
}

bool
refuses_quick_mode(const struct check_in *in)
{
    const struct ike_event *e = in->ike;
    const struct exchange *x = e->about;

    if (!x || x->type == V1_QUICK) {
        return x != NULL;
    }
    if (!in->msg->encrypted || x->type == V1_MAIN) {
        return false;           /* main mode's last message is the responder's */
    }
    if (x->type == V1_AGGRESSIVE) {
        return e->sa->established_in && !e->from_initiator;
    }
    return x == e->exchange && (e->sa->established_in || !has_phase1(e->sa));
}

bool
denied_next(const struct sadb *db, struct denied *w)
{
    for (; w->ike_sa < sadb_num_ike_sas(db); w->ike_sa++, w->next = 0) {
        w->sa = sadb_ike_sa(db, w->ike_sa);
        if (w->next < w->sa->denials.len) {
            w->denial = &w->sa->denials.at[w->next++];
            w->refuted = denial_is_refuted(w->sa, w->denial);
            return true;
        }
    }
    return false;
}

struct scope
scope_denied(const struct denied *w)
{
    return (struct scope){ .basis = BASIS_OBSERVED, .frame = w->denial->frame, .sa = w->sa,
                           .exchange = NO_ID };
}
