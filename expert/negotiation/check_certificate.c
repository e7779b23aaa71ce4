/* check_certificate.c - the certificates of both ends: their time and their names (RFC 7296
 * sections 2.15, 3.5 and 3.6).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"
#include "x509.h"

/* 2004-01-10: a capture whose clock is before this has no clock, and says nothing of dates. */
enum { FIRST_CREDIBLE_TIME = 1 << 30 };

/* "2026-11-27 10:00:00 UTC" */
static char *
print_date(int64_t seconds, char *out, size_t size)
{
    GDateTime *date = g_date_time_new_from_unix_utc(seconds);
    char *text = date ? g_date_time_format(date, "%Y-%m-%d %H:%M:%S UTC") : NULL;

    g_strlcpy(out, text ? text : "a date out of range", size);
    g_free(text);
    if (date) {
        g_date_time_unref(date);
    }
    return out;
}

/* "3 days", "2 hours", "45 s" */
static char *
print_span(double seconds, char *out, size_t size)
{
    double day = 86400, hour = 3600;
    double unit = seconds >= 2 * day ? day : seconds >= 2 * hour ? hour : 1;

    g_snprintf(out, size, "%.0f %s", seconds / unit,
               unit == day  ? "days" :
               unit == hour ? "hours" :
                              "s");
    return out;
}

static const char *
print_sender(const struct check_in *in, char *out, size_t size)
{
    const struct ike_event *e = in->ike;

    return endpoint_print(e->from_initiator ? &e->sa->initiator : &e->sa->responder, out, size);
}

/* One finding for each certificate of the message whose date on that side the frame lies beyond. */
static void
report_dates(const struct check_in *in, struct findings *out, unsigned check)
{
    double now = in->ike->at.time;
    bool expired = check == CHECK_certificate_expired;
    char who[ID_TEXT_MAX], date[64], apart[64];

    if (!message_is_new(in) || now < FIRST_CREDIBLE_TIME) {
        return;
    }
    for (struct certificate_walk w = { 0 }; certificate_next(&w, in->msg);) {
        const struct certificate *c = &w.certificate;
        int64_t limit = expired ? c->not_after : c->not_before;
        double beyond = expired ? now - (double)limit : (double)limit - now;
        struct scope where = scope_message(in);
        if (beyond <= 0) {
            continue;
        }
        where.variant = 2 * w.payload + in->ike->from_initiator;
        finding_add(out, check, &where,
                    "%s sends the %s \"%s\" (issued by \"%s\"), which %s %s, %s %s this frame.",
                    print_sender(in, who, sizeof who),
                    c->authority ? "authority's certificate" : "certificate", c->subject, c->issuer,
                    expired ? "expired on" : "is valid from",
                    print_date(limit, date, sizeof date), print_span(beyond, apart, sizeof apart),
                    expired ? "before" : "after");
    }
}

void
check_certificate_expired(const struct check_in *in, struct findings *out)
{
    report_dates(in, out, CHECK_certificate_expired);
}

void
check_certificate_not_yet_valid(const struct check_in *in, struct findings *out)
{
    report_dates(in, out, CHECK_certificate_not_yet_valid);
}

void
check_weak_certificate(const struct check_in *in, struct findings *out)
{
    char who[ID_TEXT_MAX], key[64], signature[64];

    if (!message_is_new(in)) {
        return;
    }
    for (struct certificate_walk w = { 0 }; certificate_next(&w, in->msg);) {
        const struct certificate *c = &w.certificate;
        struct scope where = scope_message(in);
        if (!c->key_short && !c->hash_weak) {
            continue;
        }
        where.variant = 2 * w.payload + in->ike->from_initiator;
        g_snprintf(key, sizeof key, "has a key of %s with %u bits", c->key, c->key_bits);
        g_snprintf(signature, sizeof signature, "is signed with %s", c->signature);
        finding_add(out, CHECK_weak_certificate, &where, "%s sends the %s \"%s\", which %s%s%s.",
                    print_sender(in, who, sizeof who),
                    c->authority ? "authority's certificate" : "certificate", c->subject,
                    c->key_short ? key : "", c->key_short && c->hash_weak ? " and " : "",
                    c->hash_weak ? signature : "");
    }
}

/* Where that side shows a certificate of another name. */
static struct scope
scope_misnamed(const struct ike_sa *sa, const struct peer_certificate *shown)
{
    return (struct scope){ .sa = sa, .exchange = NO_ID, .frame = shown->frame,
                           .variant = shown == sa->certificate_r };
}

void
check_certificate_name_mismatch(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    const struct peer_certificate *shown;
    const struct endpoint *who;
    struct scope where;

    if (!message_is_new(in)) {
        return;
    }
    shown = e->from_initiator ? e->sa->certificate_i : e->sa->certificate_r;
    who = e->from_initiator ? &e->sa->initiator : &e->sa->responder;
    if (shown && shown->frame == e->at.frame && shown->naming == NAMING_DIFFERS && who->id) {
        where = scope_misnamed(e->sa, shown);
        where.basis = e->basis;
        finding_add(out, CHECK_certificate_name_mismatch, &where,
                    "%s identifies itself as %s, but its certificate \"%s\" names %s.",
                    e->from_initiator ? "The initiator" : "The responder", who->id,
                    shown->certificate.subject,
                    shown->certificate.names[0] ? shown->certificate.names :
                                                  "no other identity (it has no subjectAltName)");
    }
    /* the other side refuses who showed it */
    shown = e->from_initiator ? e->sa->certificate_r : e->sa->certificate_i;
    if (shown && shown->naming == NAMING_DIFFERS &&
        ike_find_notify(in->msg, in->msg->major == 1 ? N1_AUTHENTICATION_FAILED :
                                                       N2_AUTHENTICATION_FAILED)) {
        where = scope_misnamed(e->sa, shown);
        finding_raise(out, CHECK_certificate_name_mismatch, &where, SEV_WARN, NULL,
                      "The other side then rejects the authentication (frame %u).", e->at.frame);
    }
}
