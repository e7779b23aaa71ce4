/* check_flow.c - conversations over the whole capture: answers that take another tunnel, and
 * answers that stop.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#include <stdio.h>

/* --- answers through another peer ---------------------------------------------------------- */

/* "Child SA 0 (SPI c1a2b3c4)" */
static void
say_child(const struct stream *s, char *out, size_t size)
{
    snprintf(out, size, "Child SA %u (SPI %08x)", s->child->id, s->spi);
}

void
check_asymmetric_tunnels(const struct check_in *in, struct findings *out)
{
    struct lone_ways *lone = lone_ways_find(in->db);
    struct shared_talk t;

    for (size_t i = 0; lone_ways_get(lone, i, &t); i++) {
        struct scope where = scope_stream(t.there, t.there->first_frame);
        char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX], other[ADDR_TEXT_MAX], here[48], there[48];
        bool one_host;
        if (!t.back || t.there->first_frame > t.back->first_frame) {
            continue; /* the other one of the pair reports it */
        }
        one_host = ip_equal(&t.there->src, &t.back->dst);
        where.also = t.back->first_frame;
        where.basis = t.proved ? BASIS_DECRYPTED : BASIS_INFERRED;
        say_child(t.there, here, sizeof here);
        say_child(t.back, there, sizeof there);
        ip_print(&t.there->src, from, sizeof from);
        ip_print(&t.there->dst, to, sizeof to);
        ip_print(one_host ? &t.back->src : &t.back->dst, other, sizeof other);
        finding_add(out, CHECK_asymmetric_tunnels, &where,
                    "%s carries packets only from %s to %s (%u), %s only from %s to %s (%u): %s",
                    here, from, to, t.num_there, there, one_host ? other : to,
                    one_host ? from : other, t.num_back,
                    t.proved ? "the same inner hosts use both, out through one tunnel and back "
                               "through the other." :
                               "they alternate one by one, which suggests requests in one tunnel "
                               "and their answers in the other.");
    }
    lone_ways_free(lone);
}

/* --- answers that stop --------------------------------------------------------------------- */

enum { STOPPED_PACKETS = 3,
       STOPPED_WAITS = 2,
       STOPPED_ACKS = 2, /* one may have waited since before the question */
       EXCHANGES = 3,
       MESSAGES_LOOKED_AT = 64 };

/* Blind: a row of packets of one length that asks as those before asked that were answered. */
static bool
asks_as_before(const struct flow_run *r, const struct flow_way *w)
{
    double each = (r->last_time - r->first_time) / (r->packets - 1);
    double usual = (w->last_question - w->first_question) / (w->questions - 1);
    uint32_t near = UINT32_MAX;

    if (r->packets <= 2 * w->most || each < 0.5 * (double)w->pace || r->alike < r->packets) {
        return false;
    }
    for (size_t i = 0; i < FLOW_LENGTHS; i++) {
        uint32_t l = w->lengths[i];
        near = l ? MIN(near, l > r->length ? l - r->length : r->length - l) : near;
    }
    return near == 0 || (near <= 64 && each >= 0.4 * usual && each <= 2.5 * usual);
}

/* The same packet again and again, each time later. */
static bool
asks_again(const struct flow_run *r)
{
    return r->alike >= 4 && r->grown >= 2;
}

/* Packets of the other direction come in another SA meanwhile.  Clients behind one NAT have one
 * address, and ports of their own. */
static bool
answered_elsewhere(const struct sadb *db, const struct child_sa *c, const struct stream *s)
{
    const struct flow_run *r = &c->flow->run;

    for (size_t i = 0; i < sadb_num_streams(db); i++) {
        const struct stream *one = sadb_stream(db, i);
        if (one->child != c && ip_equal(&one->src, &s->dst) && ip_equal(&one->dst, &s->src) &&
            one->last_time >= r->first_time && one->first_time <= r->last_time &&
            (!one->dst_port || !s->src_port || one->dst_port == s->src_port)) {
            return true;
        }
    }
    return false;
}

/* The newest stream of the direction that goes on. */
static const struct stream *
stream_of_run(const struct child_sa *c)
{
    const struct flow_run *r = &c->flow->run;
    const struct stream *last = NULL;

    for (guint i = 0; i < c->streams.len; i++) {
        const struct stream *s = c->streams.at[i];
        if (s->to_responder == r->to_responder && !stream_is_strange(s) &&
            (!last || s->last_frame > last->last_frame)) {
            last = s;
        }
    }
    return last;
}

/* Packets come back with numbers that the receiver has had: sequence_went_back says so. */
static bool
numbers_went_back(const struct child_sa *c, const struct flow_run *r)
{
    for (guint i = 0; i < c->streams.len; i++) {
        const struct stream *s = c->streams.at[i];
        if (s->to_responder != r->to_responder && stream_rare(s)->line &&
            stream_rare(s)->line->proved &&
            stream_rare(s)->line->last_frame > r->first_frame) {
            return true;
        }
    }
    return false;
}

/* What IKE shows of the end that has fallen silent. */
struct gain {
    guint64 gets, sends;        /* packets */
};
struct sign {
    enum { SIGN_NONE,
           SIGN_DENIES,
           SIGN_ANEW,
           SIGN_OTHER_DEVICE,
           SIGN_OTHER_CLIENT,
           SIGN_LIVES,
           SIGN_DEAD } kind;
    uint32_t frame;
    const struct ike_sa *sa;
};

static bool
denies(const struct ike_sa *sa, const struct flow_run *r, const struct stream *s, struct sign *out)
{
    for (uint32_t i = 0; i < sa->denials.len; i++) {
        const struct denial *d = &sa->denials.at[i];
        if (d->frame > r->first_frame && !denial_is_refuted(sa, d) && ip_equal(&d->src, &s->dst) &&
            (!d->spi || d->spi == s->spi)) {
            *out = (struct sign){ SIGN_DENIES, d->frame, sa };
            return true;
        }
    }
    return false;
}

static bool
same_identity(const struct ike_sa *a, const struct ike_sa *b)
{
    return a->initiator.id && b->initiator.id && g_strcmp0(a->initiator.id, b->initiator.id) == 0;
}

/* The frame of the last packet that c had the other way than the run of unanswered ones. */
static uint32_t
last_answer(const struct child_sa *c)
{
    uint32_t last = 0;

    for (struct newest n = newest_first(c->streams.len, SADB_MAX_PER_SPI); newest_next(&n);) {
        const struct stream *s = c->streams.at[n.i];
        if (s->to_responder != c->flow->run.to_responder && !stream_is_strange(s)) {
            last = MAX(last, s->last_frame);
        }
    }
    return last;
}

/* Packets of the Child SAs of sa to its initiator, and from it. */
static struct gain
gain_of(const struct ike_sa *sa)
{
    struct gain g = { 0, 0 };

    for (struct newest n = newest_first(sa->children.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct child_sa *c = sa->children.at[n.i];
        for (struct newest k = newest_first(c->streams.len, SADB_MAX_PER_SPI); newest_next(&k);) {
            const struct stream *s = c->streams.at[k.i];
            if (!stream_is_strange(s)) {
                *(s->to_responder ? &g.sends : &g.gets) += s->packets;
            }
        }
    }
    return g;
}

/* Another client of the same gateway came up when the answers stopped, and gets more than it asks
 * for: that may be the answers (RFC 3948 section 5.2; RFC 4301 section 4.4.1). */
static bool
takes_answers(const struct child_sa *c, const struct ike_sa *one, const struct ike_sa *sa)
{
    const struct flow_run *r = &c->flow->run;
    struct gain g;

    if (!r->to_responder || !one->established_in || one->established_in > r->last_frame ||
        one->established_in < last_answer(c) || same_identity(one, sa) ||
        !ip_equal(&one->responder.addr, &sa->responder.addr)) {
        return false;
    }
    g = gain_of(one);
    return g.gets >= g.sends + STOPPED_PACKETS;
}

/* Both are clients behind one NAT. */
static bool
share_nat(const struct ike_sa *one, const struct ike_sa *sa)
{
    return ip_equal(&one->initiator.addr, &sa->initiator.addr) &&
           one->initiator.port != sa->initiator.port &&
           (ike_sa_behind_nat(one, true) || ike_sa_behind_nat(sa, true));
}

/* Another client behind the same NAT, which gets the answers; NULL where there is none. */
static const struct ike_sa *
neighbour_gets(const struct sadb *db, const struct child_sa *c)
{
    const struct ike_sa *sa = child_holder(db, c);

    for (size_t n = sa->id + 1; n < sadb_num_ike_sas(db) && n - sa->id <= SADB_MAX_LOOKED_AT;
         n++) {
        const struct ike_sa *one = sadb_ike_sa(db, n);
        if (one->rekeys == NO_ID && one->stood && share_nat(one, sa) && takes_answers(c, one, sa)) {
            return one;
        }
    }
    return NULL;
}

static bool
has_stopped(const struct sadb *db, const struct child_sa *c)
{
    const struct flow_run *r = c->flow ? &c->flow->run : NULL;
    const struct flow_way *w;
    uint32_t waited;
    double end;
    bool asks;

    if (!r || r->packets < STOPPED_PACKETS || c->rekeyed_by != NO_ID || c->state == CHILD_FAILED ||
        !c->flow->way[0].packets || !c->flow->way[1].packets) {
        return false;
    }
    if (length_decides(db, c, r->to_responder)) {
        return false;
    }
    w = &c->flow->way[r->to_responder];
    end = c->deleted_in ? c->deleted_time : sadb_last_time(db);
    waited = r->waited + (end - r->last_time >= flow_patience(w));
    /* Who acknowledges more and more gets answers, and the capture lacks them. */
    asks = r->read ? r->read == r->packets && w->questions > 0 && r->acked < STOPPED_ACKS :
                     w->questions >= EXCHANGES && (asks_as_before(r, w) || asks_again(r));
    return asks && (waited >= STOPPED_WAITS || neighbour_gets(db, c));
}

/* Another client at the same address: by its identity or, where that is unknown, by its port. */
static bool
other_client(const struct ike_sa *one, const struct ike_sa *sa)
{
    if (one->initiator.id && sa->initiator.id) {
        return !same_identity(one, sa);
    }
    return share_nat(one, sa);
}

/* An IKE SA that comes up about the time when the answers stop: of the same two, of the same
 * identity from elsewhere, or of another client that gets what this one lacks. */
static bool
newer(const struct sadb *db, const struct child_sa *c, const struct ike_sa *sa,
      const struct stream *s, struct sign *out)
{
    const struct flow *f = c->flow;

    for (size_t n = sa->id + 1; n < sadb_num_ike_sas(db); n++) {
        const struct ike_sa *one = sadb_ike_sa(db, n);
        const struct ip_addr *i = &one->initiator.addr, *r = &one->responder.addr;
        bool there = ip_equal(i, &s->src) && ip_equal(r, &s->dst),
             back = ip_equal(i, &s->dst) && ip_equal(r, &s->src);
        if (one->rekeys != NO_ID || !one->stood) {
            continue;
        }
        if (takes_answers(c, one, sa)) {
            *out = (struct sign){ SIGN_OTHER_CLIENT, one->established_in, one };
            return true;
        }
        if (there && other_client(one, sa)) {
            continue;
        }
        if ((there || back) && one->first_frame > f->run.first_frame) {
            *out = (struct sign){ SIGN_ANEW, one->first_frame, one };
            return true;
        }
        if (!there && !back && one->established_in && one->established_in < f->run.last_frame &&
            f->run.to_responder && same_identity(one, sa) && ip_equal(r, &s->dst)) {
            *out = (struct sign){ SIGN_OTHER_DEVICE, one->established_in, one };
            return true;
        }
    }
    return false;
}

/* The silent end has spoken IKE since then: an answer, or a request of its own.  Of IKEv1 what
 * nobody could read and nothing follows may be its Delete. */
static uint32_t
speaks_in(const struct ike_sa *sa, const struct exchange *x, const struct flow_run *r)
{
    const struct exchange_message *last = ike_sa_last_word(sa);

    if (x->by_initiator == r->to_responder) {
        return x->request > r->first_frame ? x->response : 0;
    }
    return x->request > r->first_frame && !(last && last->frame == x->request) ? x->request : 0;
}

/* Liveness checks and all other IKE since then.  IKEv1's checks are answered by an exchange of the
 * other end (RFC 3706 section 5.2), and its other Informationals by nothing. */
static void
liveness(const struct ike_sa *sa, const struct flow_run *r, struct sign *out)
{
    for (struct newest n = newest_first(sa->exchanges.len, MESSAGES_LOOKED_AT); newest_next(&n);) {
        const struct exchange *x = sa->exchanges.at[n.i];
        uint32_t spoke = x->injected ? 0 : speaks_in(sa, x, r);
        if (spoke) {
            *out = (struct sign){ SIGN_LIVES, spoke, sa };
            return;
        }
        if (x->request > r->first_frame && x->by_initiator == r->to_responder && !x->injected &&
            (sa->major == 2 || x->liveness)) {
            *out = (struct sign){ SIGN_DEAD, x->request, sa };
        }
    }
}

static struct sign
look_for_sign(const struct sadb *db, const struct child_sa *c, const struct stream *s)
{
    const struct ike_sa *sa = child_holder(db, c);
    struct sign sign = { SIGN_NONE, 0, NULL };

    if (!denies(sa, &c->flow->run, s, &sign) && !newer(db, c, sa, s, &sign)) {
        liveness(sa, &c->flow->run, &sign);
    }
    return sign;
}

/* What follows from the sign, and what to do. */
static void
say_cause(const struct stream *s, struct sign sign, const char *who, char *cause, char *remedy)
{
    char at[ADDR_TEXT_MAX], port[16] = "";
    struct gain g;

    switch (sign.kind) {
    case SIGN_DENIES:
        snprintf(cause, TEXT_MAX, "frame %u says that %s no longer has the SA", sign.frame, who);
        snprintf(remedy, TEXT_MAX,
                 "Check whether %s was restarted at this time. Connect again from the other end, "
                 "and enable liveness checks (DPD) there, which end a lost SA within their "
                 "interval.",
                 who);
        break;
    case SIGN_ANEW:
        ip_print(&sign.sa->initiator.addr, at, sizeof at);
        snprintf(cause, TEXT_MAX, "frame %u starts IKE SA %u from %s: the old SA was lost",
                 sign.frame, sign.sa->id, at);
        snprintf(remedy, TEXT_MAX,
                 "Check whether %s was restarted at this time. Liveness checks (DPD) on the end "
                 "that continued to send end a lost SA within their interval; shorten it if this "
                 "took too long.",
                 who);
        break;
    case SIGN_OTHER_DEVICE:
        ip_print(&sign.sa->initiator.addr, at, sizeof at);
        snprintf(cause, TEXT_MAX,
                 "the same identity connected from %s in frame %u, and %s may have dropped this SA "
                 "in favour of that one",
                 at, sign.frame, who);
        snprintf(remedy, TEXT_MAX,
                 "Give each device its own identity, or configure %s to keep both SAs; if one "
                 "device has moved, it must delete the old SA or use MOBIKE.",
                 who);
        break;
    case SIGN_OTHER_CLIENT:
        ip_print(&sign.sa->initiator.addr, at, sizeof at);
        g = gain_of(sign.sa);
        if (ike_sa_behind_nat(sign.sa, true)) {
            snprintf(port, sizeof port, ", port %u,", sign.sa->initiator.port);
        }
        snprintf(cause, TEXT_MAX,
                 "IKE SA %u of %s%s came up in frame %u and gets %" G_GUINT64_FORMAT " packets for "
                 "%" G_GUINT64_FORMAT " that it sends: %s may send there what belongs in this one",
                 sign.sa->id, at, port, sign.frame, g.gets, g.sends, who);
        snprintf(remedy, TEXT_MAX,
                 "Check on %s that the policies of the two clients differ, each with its client's "
                 "own address instead of the whole pool. Clients behind one NAT in transport mode "
                 "(L2TP) cannot be distinguished by address: connect one at a time, mark them by "
                 "their UDP port, or use tunnel mode with an address for each.",
                 who);
        break;
    case SIGN_LIVES:
        snprintf(cause, TEXT_MAX, "%s still sends IKE (frame %u): it is running, and ESP is lost "
                                  "or dropped, or the host behind it does not answer",
                 who, sign.frame);
        snprintf(remedy, TEXT_MAX,
                 "Check whether %s still has SPI %08x and counts its packets. If the count rises, "
                 "the host behind it does not answer, or the path back is blocked (firewall, NAT, "
                 "route); if not, the path there is blocked. If it no longer has that SPI, delete "
                 "the SA on both ends and connect again.",
                 who, s->spi);
        break;
    case SIGN_DEAD:
        snprintf(cause, TEXT_MAX, "%s does not answer IKE either (frame %u): it is down, has lost "
                                  "the SA, or cannot be reached",
                 who, sign.frame);
        snprintf(remedy, TEXT_MAX,
                 "Check whether %s is running and reachable on UDP 500 and 4500; if it was "
                 "restarted, connect again from the other end.",
                 who);
        break;
    case SIGN_NONE:
        snprintf(cause, TEXT_MAX,
                 "%s has lost the SA or drops its packets, the host behind it does not answer, or "
                 "the path back is blocked or was not captured",
                 who);
        snprintf(remedy, TEXT_MAX,
                 "Check whether %s still has SPI %08x. If it does not, it was restarted or "
                 "replaced the SA: connect again, and enable liveness checks (DPD). If it does, "
                 "check whether it counts packets: if the count rises, check whether the host "
                 "behind it answers and whether the path back is blocked; if not, the path there "
                 "is blocked.",
                 who, s->spi);
        break;
    }
}

/* The gateway sends to another client behind the same NAT what it owes this one: their selectors
 * are the same, though nobody read them. */
static void
report_neighbour(struct findings *out, const struct child_sa *c, const struct stream *s,
                 const struct ike_sa *one)
{
    const struct flow_run *r = &c->flow->run;
    struct scope where = scope_stream(s, r->first_frame);
    char nat[ADDR_TEXT_MAX];
    struct gain g = gain_of(one);

    where.also = one->established_in;
    where.basis = BASIS_INFERRED;
    where.remedy =
        "Connect only one client at a time from behind this NAT, or configure the gateway to "
        "distinguish such clients by their UDP port (connection marks, unique policies). Tunnel "
        "mode with an address for each client, as with IKEv2, has no such conflict.";
    finding_add(out, CHECK_duplicate_child_sa, &where,
                "Two clients behind the NAT %s use ports %u and %u. Since IKE SA %u of port %u "
                "came up (frame %u), nothing goes to port %u, although it sends %u packets in "
                "Child SA %u (frames %u to %u), and port %u gets %" G_GUINT64_FORMAT
                " packets for %" G_GUINT64_FORMAT " that it sends.",
                ip_print(&one->initiator.addr, nat, sizeof nat), c->ike_sa->initiator.port,
                one->initiator.port, one->id, one->initiator.port, one->established_in,
                c->ike_sa->initiator.port, r->packets, c->id, r->first_frame, r->last_frame,
                one->initiator.port, g.gets, g.sends);
    finding_raise(out, CHECK_duplicate_child_sa, &where, SEV_WARN, NULL,
                  "Suggests that both have the same selectors: their addresses do not distinguish "
                  "them.");
}

void
check_stream_stopped(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_child_sas(in->db); i++) {
        const struct child_sa *c = sadb_child_sa(in->db, i);
        const struct flow_run *r = c->flow ? &c->flow->run : NULL;
        char who[ADDR_TEXT_MAX], cause[TEXT_MAX], remedy[TEXT_MAX];
        const struct stream *s;
        const struct ike_sa *neighbour;
        struct scope where;
        struct sign sign;
        if (!has_stopped(in->db, c) || !(s = stream_of_run(c)) || numbers_went_back(c, r) ||
            answered_elsewhere(in->db, c, s)) {
            continue;
        }
        neighbour = c->basis == BASIS_INFERRED ? neighbour_gets(in->db, c) : NULL;
        if (neighbour) {
            report_neighbour(out, c, s, neighbour);
            continue;
        }
        sign = look_for_sign(in->db, c, s);
        say_cause(s, sign, ip_print(&s->dst, who, sizeof who), cause, remedy);
        where = scope_stream(s, r->first_frame);
        where.also = r->last_frame;
        where.basis = r->read ? BASIS_DECRYPTED : BASIS_INFERRED;
        where.remedy = remedy;
        finding_add(out, CHECK_stream_stopped, &where,
                    "Since frame %u nothing comes back from %s in Child SA %u, while %u packets "
                    "that require an answer%s go out (SPI %08x, frames %u to %u); before that, %u "
                    "came back. %s%s.",
                    r->first_frame, who, c->id, r->packets, r->read ? "" : ", by their shape,",
                    s->spi, r->first_frame, r->last_frame,
                    c->flow->way[!r->to_responder].packets,
                    r->read && sign.kind == SIGN_NONE           ? "Possible reasons: " :
                    r->read && sign.kind != SIGN_OTHER_CLIENT ? "The reason: " :
                                                                "Suggests: ",
                    cause);
    }
}
