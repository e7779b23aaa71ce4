/* logged.c - what the log of the end that decided says of a diagnosis: why, and with which values.
 *
 * A log is its owner's word: it explains what the packets show, and is no evidence itself.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "diagnose.h"

#include <string.h>

enum { REASONS_SAID = 2, LISTS_SAID = 3 };

#define LOG_ABOUT_NEGOTIATION \
    (LOG_ABOUT_PROPOSAL | LOG_ABOUT_SELECTORS | LOG_ABOUT_AUTH | LOG_ABOUT_IDENTITY | \
     LOG_ABOUT_CERTIFICATE | LOG_ABOUT_ADDRESS | LOG_ABOUT_MESSAGE)

/* What may be the reason of a cause. */
static unsigned
about_of(unsigned check)
{
    switch (check) {
    case CHECK_ts_unacceptable:
        return LOG_ABOUT_SELECTORS;
    case CHECK_address_assignment_failed:
        return LOG_ABOUT_ADDRESS;
    case CHECK_one_way:
    case CHECK_stream_stopped:
        return LOG_ABOUT_PACKET | LOG_ABOUT_INNER;
    case CHECK_replay:
    case CHECK_out_of_window:
    case CHECK_spi_unknown:
        return LOG_ABOUT_PACKET;
    case CHECK_inner_source_violation:
    case CHECK_inner_selector_violation:
    case CHECK_virtual_ip_violation:
    case CHECK_wrong_child_sa:
        return LOG_ABOUT_INNER;
    case CHECK_request_unanswered:
    case CHECK_negotiation_abandoned:
    case CHECK_retransmission:
    case CHECK_error_notify:
    case CHECK_dead_peer:
        return LOG_ABOUT_NEGOTIATION;
    case CHECK_closed_at_once:
    case CHECK_flapping:
    case CHECK_identity_contended:
        return LOG_ABOUT_NEGOTIATION | LOG_ABOUT_STATE;
    default:
        break;
    }
    switch (check_rule(check)->area) {
    case AREA_REFUSAL:
        return LOG_ABOUT_PROPOSAL | LOG_ABOUT_IDENTITY;
    case AREA_AUTH:
        return LOG_ABOUT_AUTH | LOG_ABOUT_IDENTITY | LOG_ABOUT_CERTIFICATE | LOG_ABOUT_MESSAGE;
    case AREA_TRANSFORM:
        return LOG_ABOUT_PACKET;
    default:
        return 0;
    }
}

/* Where the line must stand: a reason is told between what it judges and what it leads to. */
struct stretch {
    uint32_t ike_sa, first, last;
    bool packets;               /* of streams the frames between are not known */
};

static struct stretch
stretch_of(const struct diagnoses *d, const struct finding *f, unsigned about)
{
    uint32_t id = finding_ike_sa(d->db, f);
    const struct ike_sa *sa = id == NO_ID ? NULL : sadb_ike_sa(d->db, id);
    struct stretch s = { id, 0, UINT32_MAX, (about & (LOG_ABOUT_PACKET | LOG_ABOUT_INNER)) != 0 };
    const struct exchange *x;

    if (!sa || s.packets || f->exchange >= sa->exchanges.len) {
        return s;
    }
    x = sa->exchanges.at[f->exchange];
    s.first = x->request ? x->request : f->frame;
    s.last = MAX(f->frame, x->response);
    for (guint i = 0; i < x->messages.len; i++) {
        const struct exchange_message *m = &x->messages.at[i];
        s.last = MAX(s.last, m->frame);
        if (m->again && m->again->frames.len) {
            s.last = MAX(s.last, m->again->frames.at[m->again->frames.len - 1]);
        }
    }
    /* With EAP or XAUTH, and in later messages of phase 1, what is judged came before. */
    if (check_rule(f->check)->area != AREA_REFUSAL) {
        s.first = sa->first_frame;
    }
    return s;
}

static bool
stands_in(const struct log_line *line, const struct stretch *s, const struct diagnosis *one)
{
    if (line->tie == LOG_LOOSE || line->ike_sa != s->ike_sa || line->ike_sa == NO_ID) {
        return false;
    }
    if (!s->packets) {
        return line->frame >= s->first && line->frame <= s->last;
    }
    for (guint i = 0; line->child_sa != NO_ID && i < one->child_sas->len; i++) {
        if (g_array_index(one->child_sas, uint32_t, i) == line->child_sa) {
            return true;
        }
    }
    return line->child_sa == NO_ID || one->child_sas->len == 0;
}

/* A packet inside the tunnel is one that the finding tells of. */
static bool
fits_packet(const struct log_line *line, const struct finding *f)
{
    char addr[ADDR_TEXT_MAX];

    return !(line->phrase->about & LOG_ABOUT_INNER) || !line->place[0].addr.family ||
           about_of(f->check) != LOG_ABOUT_INNER ||
           strstr(f->detail, ip_print(&line->place[0].addr, addr, sizeof addr));
}

/* The reasons found, by how much they say. */
struct reasons {
    const struct log_line *at[REASONS_SAID];
    unsigned num;
};

static bool
same_reason(const struct log_line *a, const struct log_line *b)
{
    return a->phrase == b->phrase ||
           (a->phrase->means && b->phrase->means &&
            strcmp(a->phrase->means, b->phrase->means) == 0);
}

static void
add_reason(struct reasons *r, const struct log_line *line)
{
    for (unsigned i = 0; i < r->num; i++) {
        if (same_reason(r->at[i], line)) {
            return;
        }
        if (r->at[i]->phrase->kind == LOG_DECISION && line->phrase->kind == LOG_REASON) {
            r->at[i] = line;
            return;
        }
    }
    if (r->num < REASONS_SAID && (!r->num || line->phrase->kind == LOG_REASON)) {
        r->at[r->num++] = line;
    }
}

/* Of several proposals those that do not fit are told too: it was decided so where the daemon says
 * that none did. */
static bool
is_decided(const struct diagnoses *d, const struct log_line *reason)
{
    const GArray *there = logs_of_frame(d->logs, reason->frame);

    if (reason->phrase->about != LOG_ABOUT_PROPOSAL || reason->phrase->kind == LOG_DECISION) {
        return true;
    }
    for (guint i = 0; there && i < there->len; i++) {
        const struct log_line *line = logs_line(d->logs, g_array_index(there, uint32_t, i));
        if (line->phrase && line->phrase->kind == LOG_DECISION && line->file == reason->file &&
            line->group == reason->group) {
            return true;
        }
    }
    return false;
}

static bool
is_reason(const struct diagnoses *d, const struct log_line *line, unsigned about)
{
    return line->phrase && (line->phrase->about & about) &&
           (line->phrase->kind == LOG_REASON || line->phrase->kind == LOG_DECISION) &&
           is_decided(d, line);
}

static void
find_reasons(const struct diagnoses *d, const struct diagnosis *one, const struct finding *f,
             struct reasons *out)
{
    unsigned about = about_of(one->cause);
    struct stretch s = stretch_of(d, f, about);
    const GArray *there = about && s.ike_sa != NO_ID ? logs_of_sa(d->logs, s.ike_sa) : NULL;

    out->num = 0;
    for (guint i = 0; there && i < there->len; i++) {
        const struct log_line *line = logs_line(d->logs, g_array_index(there, uint32_t, i));
        if (is_reason(d, line, about) && stands_in(line, &s, one) && fits_packet(line, f)) {
            add_reason(out, line);
        }
    }
}

/* "the responder, 198.51.100.20": whose log it is. */
static void
put_owner(const struct diagnoses *d, GString *out, const struct log_line *line)
{
    const struct ike_sa *sa = sadb_ike_sa(d->db, line->ike_sa);
    const char *side = logs_side(d->logs, line, sa);
    const struct endpoint *end =
        side && side[0] == 'i' ? &sa->initiator : side ? &sa->responder : NULL;
    char addr[ADDR_TEXT_MAX];

    if (end) {
        g_string_append_printf(out, "the %s, %s", side, ip_print(&end->addr, addr, sizeof addr));
    } else {
        g_string_append(out, "one end");
    }
}

/* The lists that the decision compares: in front of the reason or behind it, by the same daemon at
 * the same message. */
static GString *
lists_of(const struct diagnoses *d, const struct log_line *reason, enum log_kind kind,
         GArray *quoted)
{
    const GArray *there = logs_of_frame(d->logs, reason->frame);
    GString *out = g_string_new(NULL);
    unsigned n = 0;

    if (reason->phrase->about != LOG_ABOUT_PROPOSAL) {
        return out;
    }
    for (guint i = 0; there && i < there->len; i++) {
        const struct log_line *line = logs_line(d->logs, g_array_index(there, uint32_t, i));
        const char *list;
        if (!line->phrase || line->phrase->kind != kind || line->file != reason->file ||
            line->group != reason->group || n == LISTS_SAID) {
            continue;
        }
        list = strstr(line->text, line->phrase->text) + strlen(line->phrase->text);
        if (*list && !strstr(out->str, list)) {
            g_string_append_printf(out, "%s%s", n++ ? "; " : "", list);
            g_array_append_val(quoted, line->id);
        }
    }
    return out;
}

/* says: of the first one, what it does; NULL. */
static void
put_reason(const struct diagnoses *d, GString *text, const struct log_line *line, const char *says)
{
    char where[TEXT_MAX];
    size_t len = strlen(line->text);

    if (says) {
        g_string_append(text, " The log of ");
        put_owner(d, text, line);
        g_string_append_printf(text, ", %s", says);
    } else {
        g_string_append(text, "; and");
    }
    while (len && (line->text[len - 1] == ':' || line->text[len - 1] == '.')) {
        len--;
    }
    g_string_append_printf(text, " (%s): \"%.*s\"",
                           log_line_print(d->logs, line, where, sizeof where), (int)len,
                           line->text);
    if (line->phrase->means) {
        g_string_append_printf(text, ", that is, %s", line->phrase->means);
    }
}

/* With both lists the remedy names the suites. */
static char *
remedy_of(const struct diagnoses *d, const struct log_line *line, const GString *received,
          const GString *configured)
{
    GString *out;

    if (!configured->len) {
        return g_strdup(line->phrase->remedy);
    }
    out = g_string_new("Configure a common suite on both ends: according to its log, ");
    put_owner(d, out, line);
    g_string_append_printf(out, ", accepts %s", configured->str);
    if (received->len) {
        g_string_append_printf(out, "; the other end offers %s", received->str);
    }
    g_string_append(out, ". Add one of the former to what the other end offers or, if it is strong "
                         "enough, one of the latter to what this end accepts.");
    return g_string_free(out, FALSE);
}

bool
put_logged(const struct diagnoses *d, GString *text, struct diagnosis *one)
{
    const struct finding *cause = findings_get(d->all, g_array_index(one->evidence, uint32_t, 0));
    struct reasons reasons = { .num = 0 };
    GString *received, *configured;
    const char *says;

    if (d->logs) {
        find_reasons(d, one, cause, &reasons);
    }
    if (!reasons.num) {
        return false;
    }
    says = reasons.at[0]->phrase->about & (LOG_ABOUT_PACKET | LOG_ABOUT_INNER) ?
               "says what happened to it" :
               "says why";
    for (unsigned i = 0; i < reasons.num; i++) {
        put_reason(d, text, reasons.at[i], i == 0 ? says : NULL);
        g_array_append_val(one->log_lines, reasons.at[i]->id);
    }
    g_string_append_c(text, '.');
    received = lists_of(d, reasons.at[0], LOG_RECEIVED, one->log_lines);
    configured = lists_of(d, reasons.at[0], LOG_CONFIGURED, one->log_lines);
    if (received->len && configured->len) {
        g_string_append_printf(text, " According to that log it received %s and is configured for "
                                     "%s.",
                               received->str, configured->str);
    }
    one->own_remedy = remedy_of(d, reasons.at[0], received, configured);
    if (one->own_remedy) {
        one->remedy = one->own_remedy;
    }
    g_string_free(received, TRUE);
    g_string_free(configured, TRUE);
    return true;
}

void
put_logged_doubt(const struct diagnoses *d, GString *out, const struct tunnel *t)
{
    struct reasons reasons = { .num = 0 };

    for (guint k = 0; d->logs && k < t->ike_sas->len; k++) {
        const GArray *there = logs_of_sa(d->logs, g_array_index(t->ike_sas, uint32_t, k));
        for (guint i = 0; there && i < there->len; i++) {
            const struct log_line *line = logs_line(d->logs, g_array_index(there, uint32_t, i));
            if (is_reason(d, line, LOG_ABOUT_NEGOTIATION) &&
                (line->tie == LOG_BY_SPI || line->tie == LOG_BY_MESSAGE)) {
                add_reason(&reasons, line);
            }
        }
    }
    for (unsigned i = 0; i < reasons.num; i++) {
        put_reason(d, out, reasons.at[i], i == 0 ? "reports a refusal" : NULL);
    }
    g_string_append(out, reasons.num ? "." : "");
}
