/* check_notify.c - errors that a peer says by a notify: of an exchange, of a packet's SPI.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "words/quoted.h"

#include <espial/shape.h>
#include <string.h>

enum { LONE_NOTIFY = 8, SMALL_NOTIFY_DATA = 8 };    /* octets */
#define AGAIN_S 60.0            /* within which who met TEMPORARY_FAILURE has tried again */
#define AT_WORK_S 5.0           /* around a request that meets another one */

/* Errors that a check of their own explains. */
static bool
explained(uint8_t major, const struct exchange *about, uint16_t type)
{
    if (type == N2_NO_PROPOSAL_CHOSEN || type == N2_AUTHENTICATION_FAILED ||
        type == N2_INVALID_SPI) {
        return true;
    }
    if (major == 1) {
        return type == N1_INVALID_ID_INFORMATION && about;
    }
    return type == N2_INVALID_KE_PAYLOAD || type == N2_INTERNAL_ADDRESS_FAILURE ||
           type == N2_FAILED_CP_REQUIRED || type == N2_TS_UNACCEPTABLE ||
           type == N2_INVALID_SELECTORS;
}

/* How the tries of one side to make or replace an SA went, from x on. */
struct tries {
    unsigned num;               /* x's and those after it that got an answer as short */
    uint32_t last;              /* frame of the last such answer */
    bool succeeds, waits;       /* a later one got more; or has no answer so far */
};

/* An answer that nobody could read, by its length: only a notify fits (RFC 7296 section 1.3). */
static const struct exchange_message *
lone_notify(const struct ike_sa *sa, const struct exchange *x)
{
    uint32_t least = sadb_sk_length(sa->chosen, LONE_NOTIFY),
             most = sadb_sk_length(sa->chosen, LONE_NOTIFY + SMALL_NOTIFY_DATA);
    const struct exchange_message *answer =
        x->type == V2_CREATE_CHILD_SA && x->unreadable && x->request && x->response && least &&
                x->messages.len == 2 ?
            message_at(x, 1) :
            NULL;

    return answer && !answer->readable && !answer->fragment && answer->length >= least &&
                   answer->length <= most ?
               answer :
               NULL;
}

static struct tries
tries_from(const struct ike_sa *sa, const struct exchange *x)
{
    struct tries t = { .num = 0 };
    double last = x->response_time;
    guint looked = 0;

    for (guint i = x->index; i < sa->exchanges.len && looked < SADB_MAX_PER_PEER; i++, looked++) {
        const struct exchange *one = sa->exchanges.at[i];
        const struct exchange_message *answer = lone_notify(sa, one);
        if (one->type != V2_CREATE_CHILD_SA || one->injected) {
            continue;
        }
        /* What the other side makes in the meantime is what this one wanted, too. */
        if (!answer) {
            t.succeeds |= one->response > x->request && one->request_time < last + AGAIN_S;
            t.waits |= !one->response && one->by_initiator == x->by_initiator;
        } else if (one->by_initiator == x->by_initiator) {
            t.num++;
            t.last = answer->frame;
            last = answer->time;
        }
    }
    return t;
}

/* The refuser was at work on its SAs itself: TEMPORARY_FAILURE and CHILD_SA_NOT_FOUND come of that
 * (RFC 7296 section 2.25). */
static bool
at_work(const struct ike_sa *sa, const struct exchange *x)
{
    for (struct newest n = newest_first(sa->exchanges.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct exchange *other = sa->exchanges.at[n.i];
        if (other->request && other->by_initiator != x->by_initiator &&
            (other->type == V2_CREATE_CHILD_SA ||
             exchange_shape(sa, other, false) == SHAPE_DELETE ||
             exchange_shape(sa, other, false) == SHAPE_DELETE_CHILD ||
             exchange_shape(sa, other, false) == SHAPE_DELETE_IKE) &&
            other->request_time > x->request_time - AT_WORK_S &&
            other->request_time < x->response_time + AT_WORK_S) {
            return true;
        }
    }
    return false;
}

static void
infer_refusal(struct findings *out, const struct ike_sa *sa, const struct exchange *x)
{
    struct scope where = { .basis = BASIS_INFERRED, .sa = sa, .exchange = x->index };
    const struct exchange_message *answer = lone_notify(sa, x);
    struct tries t = answer ? tries_from(sa, x) : (struct tries){ .num = 0 };
    char who[ADDR_TEXT_MAX], more[96] = ", and no other try follows", remedy[TEXT_MAX];

    if (!answer || t.succeeds || t.waits || (t.num == 1 && at_work(sa, x))) {
        return;
    }
    where.frame = answer->frame;
    ip_print(answer->from_initiator ? &sa->initiator.addr : &sa->responder.addr, who, sizeof who);
    if (t.num > 1) {
        g_snprintf(more, sizeof more, "; %u more tries up to frame %u end the same way",
                   t.num - 1, t.last);
    }
    g_snprintf(remedy, sizeof remedy,
               "Compare the encryption, integrity and PFS group of the Child SA on both ends, then "
               "its networks; if a tunnel fails at its first rekey, PFS usually differs. The log "
               "of %s names the reason at this time, and the IKE keys would show it.", who);
    where.remedy = remedy;
    finding_add(out, CHECK_error_notify, &where,
                "%s answers CREATE_CHILD_SA (frame %u) with %u bytes, the length of a lone notify "
                "with %s%s. Suggests a refusal, most often of the proposals or the traffic "
                "selectors.",
                who, x->request, (unsigned)answer->length, sa->chosen->text, more);
}

/* The try before x of the same side ended in the same way: that one tells of both. */
static bool
tells_of(const struct ike_sa *sa, const struct exchange *x)
{
    guint looked = 0;

    for (guint i = x->index; i > 0 && looked < SADB_MAX_PER_PEER; i--, looked++) {
        const struct exchange *before = sa->exchanges.at[i - 1];
        if (before->type == x->type && before->by_initiator == x->by_initiator &&
            !before->injected) {
            return lone_notify(sa, before) != NULL;
        }
    }
    return false;
}

static void
infer_refusals(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i);
        for (guint k = 0; k < sa->exchanges.len; k++) {
            const struct exchange *x = sa->exchanges.at[k];
            if (lone_notify(sa, x) && !tells_of(sa, x)) {
                infer_refusal(out, sa, x);
            }
        }
    }
}

/* It answers messages to UDP 4500 that have no other answer: udp_4500_blocked reports both. */
static bool
is_of_silence(const struct check_in *in, const struct denied *w)
{
    const struct ike_sa *sa = w->sa;

    for (struct newest n = newest_first(sa->exchanges.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct exchange *x = sa->exchanges.at[n.i];
        if (x->type == w->denial->exchange && silence_denial(sa, x) &&
            silence_reason(in->db, sa, x) == SILENCE_4500) {
            return true;
        }
    }
    return false;
}

/* Whoever has lost the SA says so in clear, and so can anybody: only the end tells. */
static void
report_denials(const struct check_in *in, struct findings *out)
{
    for (struct denied w = { 0 }; denied_next(in->db, &w);) {
        const struct denial *d = w.denial;
        uint8_t major = w.sa->major;
        struct scope where = scope_denied(&w);
        char who[ADDR_TEXT_MAX], name[64], phase[64], says[128];
        if (w.refuted || explained(major, NULL, d->type) || is_of_silence(in, &w)) {
            continue;
        }
        where.variant = d->type;
        where.remedy = error_remedy(major, d->type);
        finding_add(out, CHECK_error_notify, &where, "%s sends %s in %s%s.",
                    ip_print(&d->src, who, sizeof who),
                    notify_name(major, d->type, name, sizeof name),
                    exchange_name(major, d->exchange, phase, sizeof phase),
                    error_say(major, &(struct ike_notify){ .type = d->type }, says, sizeof says));
    }
}

/* The newest exchange that the refuser has begun itself and that was open when x began: its frame,
 * 0 where there is none. */
static uint32_t
own_exchange(const struct ike_sa *sa, const struct exchange *x)
{
    for (struct newest n = newest_first(sa->exchanges.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct exchange *other = sa->exchanges.at[n.i];
        if (other->request && other->by_initiator != x->by_initiator &&
            (other->type == V2_CREATE_CHILD_SA || other->type == V2_INFORMATIONAL) &&
            !other->liveness && (!other->response || other->response > x->request)) {
            return other->request;
        }
    }
    return 0;
}

/* What two rekeys or deletions at once lead to is no fault (RFC 7296 section 2.25). */
static bool
report_collision(const struct check_in *in, struct findings *out, struct scope where, uint16_t type)
{
    const struct exchange *x = in->ike->about;
    char who[ID_TEXT_MAX], name[64], about[32] = "", own[96] = "";
    uint32_t frame;

    if (in->msg->major != 2 || !x || x->type != V2_CREATE_CHILD_SA ||
        (type != N2_TEMPORARY_FAILURE && type != N2_CHILD_SA_NOT_FOUND)) {
        return false;
    }
    frame = own_exchange(in->ike->sa, x);
    if (x->rekeys_spi) {
        g_snprintf(about, sizeof about, " of SPI %08x", x->rekeys_spi);
    }
    if (frame) {
        g_snprintf(own, sizeof own, "; it started an exchange of its own in frame %u", frame);
    }
    if (type == N2_TEMPORARY_FAILURE) {
        where.remedy = "Nothing needs to be done if a later try succeeds: the peer is rekeying or "
                       "closing the same SA at this time. If every try ends this way, check its "
                       "log.";
    } else {
        where.remedy = "Nothing needs to be done if the peer has just deleted this Child SA: its "
                       "Delete and this request have crossed. Otherwise the two ends disagree on "
                       "which Child SAs exist: take the tunnel down on both and connect again.";
    }
    finding_add(out, CHECK_error_notify, &where,
                "%s answers the %s%s in frame %u with %s%s.", message_sender(in, who, sizeof who),
                x->rekeys_spi || x->rekeys_ike ? "rekey" : "CREATE_CHILD_SA", about, x->request,
                notify_name(2, type, name, sizeof name), own);
    return true;
}

void
check_error_notify(const struct check_in *in, struct findings *out)
{
    const struct ike_message *m = in->msg;
    char who[ID_TEXT_MAX], name[64], phase[64], says[128];

    if (!m) {
        infer_refusals(in, out);
        suspect_refused_children(in, out);
        report_denials(in, out);
        return;
    }

    for (size_t i = 0; message_is_new(in) && i < m->num_notifies; i++) {
        const struct ike_notify *n = &m->notifies[i];
        const struct exchange *x = in->ike->about;
        struct scope where = scope_message(in);
        const struct exchange_message *last;
        uint32_t asked;
        if (!notify_is_error(m->major, n->type) || explained(m->major, x, n->type)) {
            continue;
        }
        where.basis = notify_basis(n);
        where.variant = n->type;
        if (report_collision(in, out, where, n->type)) {
            continue;
        }
        where.remedy = error_remedy(m->major, n->type);
        error_say(m->major, n, says, sizeof says);
        last = x && x != in->ike->exchange ? last_message(x, 0) : NULL;
        asked = last ? last->frame : x && in->ike->is_response ? x->request : 0;
        if (asked) {
            finding_add(out, CHECK_error_notify, &where, "%s answers %s (frame %u) with %s%s.",
                        message_sender(in, who, sizeof who), phase_name(in, x, phase, sizeof phase),
                        asked, notify_name(m->major, n->type, name, sizeof name), says);
        } else {
            finding_add(out, CHECK_error_notify, &where, "%s sends %s in %s%s.",
                        message_sender(in, who, sizeof who),
                        notify_name(m->major, n->type, name, sizeof name),
                        phase_name(in, x, phase, sizeof phase), says);
        }
    }
}

/* more: what the notify tells of the packet beside its SPI, as a sentence; "". */
static void
reject_spi(struct findings *out, enum check_id check, struct scope where, const char *who,
           uint32_t spi, const char *more)
{
    if (where.child && !where.child->negotiated_in) {
        finding_add(out, check, &where,
                    "%s rejects a packet of SPI %08x, Child SA %u (inferred, since frame %u).%s",
                    who, spi, where.child->id, where.child->request_frame, more);
    } else if (where.child) {
        finding_add(out, check, &where,
                    "%s rejects a packet of SPI %08x, Child SA %u (frame %u).%s", who, spi,
                    where.child->id, where.child->negotiated_in, more);
    } else {
        where.remedy =
            "Check which end sent the packet, and which SA it uses: one from before the capture, "
            "from before a restart, or of another peer behind that address. Take the tunnel down "
            "on both ends and connect again.";
        finding_add(out, check, &where,
                    "%s rejects a packet of SPI %08x, which no captured exchange negotiated.%s",
                    who, spi, more);
    }
}

static const struct child_sa *
child_of_spi(const struct ike_sa *sa, uint32_t spi)
{
    const struct child_list *children = &sa->children;

    for (struct newest i = newest_first(children->len, SADB_MAX_LOOKED_AT); newest_next(&i);) {
        const struct child_sa *k = children->at[i.i];
        if (k->spi_i == spi || k->spi_r == spi) {
            return k;
        }
    }
    return NULL;
}

/* INVALID_SELECTORS quotes the start of the packet (RFC 7296 section 3.10.1). */
static void
say_quoted(const struct ike_notify *n, struct scope *where, char *out, size_t size)
{
    struct quoted q;
    char packet[TEXT_MAX], i[TS_TEXT_MAX], r[TS_TEXT_MAX], frame[32] = "";
    const struct child_sa *c = where->child;

    out[0] = '\0';
    if (n->type != N2_INVALID_SELECTORS || !quoted_read(&q, n->data)) {
        return;
    }
    where->also = quoted_frame(&q, c);
    if (where->also) {
        g_snprintf(frame, sizeof frame, " (frame %u)", where->also);
    }
    if (q.is_outer || !c || !c->num_ts_i || !c->num_ts_r) {
        g_snprintf(out, (gulong)size, " It quotes the packet: %s%s.",
                   quoted_say(&q, packet, sizeof packet), frame);
    } else {
        g_snprintf(out, (gulong)size,
                   " It quotes the inner packet: %s; the SA is for %s === %s.",
                   quoted_say(&q, packet, sizeof packet),
                   selectors_print(c->ts_i, c->num_ts_i, i, sizeof i),
                   selectors_print(c->ts_r, c->num_ts_r, r, sizeof r));
    }
}

static void
about_spi(const struct check_in *in, struct findings *out, enum check_id check,
          const struct ike_notify *n)
{
    struct cur c;
    uint32_t spi = 0;
    char who[ID_TEXT_MAX], more[2 * TEXT_MAX];
    struct scope where;

    if (!n) {
        return;
    }
    /* INVALID_SPI carries the SPI as data, the others in its field (RFC 7296 section 3.10.1). */
    c = cur_of(n->spi.len == 4 ? n->spi.at : n->data.at, n->spi.len == 4 ? 4 : n->data.len);
    where = scope_message(in);
    where.basis = notify_basis(n);
    message_sender(in, who, sizeof who);
    if (!cur_u32(&c, &spi)) {
        finding_add(out, check, &where, "%s rejects a packet but does not say of which SPI.", who);
        return;
    }
    where.child = child_of_spi(where.sa, spi);
    where.variant = spi;
    say_quoted(n, &where, more, sizeof more);
    reject_spi(out, check, where, who, spi, more);
}

static void
denied_spis(const struct check_in *in, struct findings *out)
{
    for (struct denied w = { 0 }; denied_next(in->db, &w);) {
        char who[ADDR_TEXT_MAX];
        if (w.denial->type == N2_INVALID_SPI && !w.refuted) {
            struct scope where = scope_denied(&w);
            where.child = child_of_spi(w.sa, w.denial->spi);
            where.variant = w.denial->spi;
            reject_spi(out, CHECK_invalid_spi, where, ip_print(&w.denial->src, who, sizeof who),
                       w.denial->spi, "");
        }
    }
}

void
check_invalid_spi(const struct check_in *in, struct findings *out)
{
    if (in->ike) {
        about_spi(in, out, CHECK_invalid_spi, new_message_notify(in, N2_INVALID_SPI));
    } else {
        denied_spis(in, out);
    }
}

void
check_invalid_selectors(const struct check_in *in, struct findings *out)
{
    about_spi(in, out, CHECK_invalid_selectors,
              in->msg->major == 2 ? new_message_notify(in, N2_INVALID_SELECTORS) : NULL);
}
