/* check_log.c - what a daemon's log says and the packets exclude.
 *
 * A log is written by its own clock and may leave things out; what it says counts here only where
 * it is tied by SPI or message, and where the packets leave no other reading.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#include <string.h>

#define CLOCK_MARGIN 0.75       /* seconds: how far the clock of a log may be off */
#define LAST_PACKETS 5.0        /* seconds that a daemon may go on sending in an SA that it ends */

enum { WHOLE_SECONDS = 1 };

/* "the log of the initiator, 192.0.2.10, says (charon.log line 42, 12:03:07)" */
static const char *
whose(const struct logs *logs, const struct log_line *line, const struct ike_sa *sa, char *out,
      size_t size)
{
    const char *side = logs_side(logs, line, sa);
    const struct endpoint *end = side[0] == 'i' ? &sa->initiator : &sa->responder;
    char addr[ADDR_TEXT_MAX], where[TEXT_MAX];

    g_snprintf(out, size, "The log of the %s, %s, says (%s)", side,
               ip_print(&end->addr, addr, sizeof addr),
               log_line_print(logs, line, where, sizeof where));
    return out;
}

/* The line's time by the capture's clock, as late as it may have been. */
static double
margin_of(const struct log_line *line)
{
    double fraction = line->time - (double)(int64_t)line->time;

    return CLOCK_MARGIN + (fraction > 0 ? 0 : WHOLE_SECONDS);
}

/* The request of that end that the line sends again: the last one before it. */
static const struct exchange *
request_of(const struct ike_sa *sa, const struct log_line *line, bool by_initiator)
{
    const struct exchange *found = NULL;

    for (guint i = 0; i < sa->exchanges.len; i++) {
        const struct exchange *x = sa->exchanges.at[i];
        if (x->by_initiator == by_initiator && x->request && x->request_time <= line->at &&
            (line->has_mid ? x->message_id == line->mid :
                             line->exchange && x->type == line->exchange)) {
            found = x;
        }
    }
    return found;
}

/* The answer is one that its receiver takes: not cut, forged or fragmented. */
static bool
answer_is_whole(const struct exchange *x)
{
    for (guint i = 0; i < x->messages.len; i++) {
        const struct exchange_message *m = &x->messages.at[i];
        if (m->frame == x->response) {
            return !m->truncated && !m->forged && !m->injected && !m->wrong && !m->fragment;
        }
    }
    return false;
}

/* It sends a request again that was answered before. */
static void
sent_again(const struct check_in *in, struct findings *out, const struct log_line *line,
           const struct ike_sa *sa)
{
    const struct exchange *x;
    char who[TEXT_MAX], name[64], seconds[G_ASCII_DTOSTR_BUF_SIZE];
    struct scope where = { .basis = BASIS_INFERRED, .sa = sa };
    bool initiator = logs_side(in->logs, line, sa)[0] == 'i';

    if (sa->major != 2 || !(x = request_of(sa, line, initiator)) || !x->response || x->injected ||
        !answer_is_whole(x) || x->response_time > line->at - margin_of(line) ||
        x->response_time < x->request_time) {
        return;
    }
    where.frame = x->response;
    where.exchange = x->index;
    where.also = x->request;
    finding_add(out, CHECK_log_contradicts, &where,
                "%s: \"%s\". But frame %u had answered that request, %s %u of frame %u, %s s "
                "before: the answer passed the capture point, but did not reach the daemon.",
                whose(in->logs, line, sa, who, sizeof who), line->text, x->response,
                exchange_name(2, x->type, name, sizeof name), x->message_id, x->request,
                g_ascii_formatd(seconds, sizeof seconds, "%.1f", line->at - x->response_time));
}

/* It says that the IKE SA is up, which its own message refuses. */
static void
up_and_refused(const struct check_in *in, struct findings *out, const struct log_line *line,
               const struct ike_sa *sa)
{
    char who[TEXT_MAX];
    struct scope where = { .basis = BASIS_INFERRED, .frame = sa->failed_in, .sa = sa,
                           .exchange = NO_ID };
    bool initiator = logs_side(in->logs, line, sa)[0] == 'i';

    if (sa->state != IKE_FAILED || !sa->failed_read || sa->stood ||
        sa->failed_by_initiator != initiator) {
        return;
    }
    finding_add(out, CHECK_log_contradicts, &where,
                "%s: \"%s\". But it rejects IKE SA %u itself in frame %u.",
                whose(in->logs, line, sa, who, sizeof who), line->text, sa->id, sa->failed_in);
}

/* It says that the Child SA is ended, and goes on sending in it. */
static void
ended_and_used(const struct check_in *in, struct findings *out, const struct log_line *line,
               const struct ike_sa *sa)
{
    const struct child_sa *c = sadb_child_sa(in->db, line->child_sa);
    bool initiator = logs_side(in->logs, line, sa)[0] == 'i';

    for (guint i = 0; c && i < c->streams.len; i++) {
        const struct stream *s = c->streams.at[i];
        struct scope where = scope_stream(s, s->last_frame);
        char who[TEXT_MAX], seconds[G_ASCII_DTOSTR_BUF_SIZE];
        double after = s->last_time - line->at;
        if (s->to_responder != initiator || !s->packets || stream_is_strange(s) ||
            after < LAST_PACKETS + margin_of(line)) {
            continue;
        }
        where.basis = BASIS_INFERRED;
        where.child = c;
        finding_add(out, CHECK_log_contradicts, &where,
                    "%s: \"%s\". But that end continues to send in it for %s s after that, up to "
                    "frame %u.",
                    whose(in->logs, line, sa, who, sizeof who), line->text,
                    g_ascii_formatd(seconds, sizeof seconds, "%.1f", after), s->last_frame);
    }
}

void
check_log_contradicts(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; in->logs && i < logs_num_lines(in->logs); i++) {
        const struct log_line *line = logs_line(in->logs, i);
        const struct ike_sa *sa;
        if (!line->phrase || line->at <= 0 ||
            (line->tie != LOG_BY_SPI && line->tie != LOG_BY_MESSAGE) || line->ike_sa == NO_ID) {
            continue;
        }
        sa = sadb_ike_sa(in->db, line->ike_sa);
        if (!logs_side(in->logs, line, sa)) {
            continue;
        }
        if (line->again) {
            sent_again(in, out, line, sa);
        } else if (line->phrase->kind == LOG_IKE_UP) {
            up_and_refused(in, out, line, sa);
        } else if (line->phrase->kind == LOG_DOWN && line->child_sa != NO_ID &&
                   g_str_has_prefix(line->text, "closing ")) {
            ended_and_used(in, out, line, sa);
        }
    }
}
