/* run.c - calls the checks of a trigger, in the order of the table.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

typedef void check_fn(const struct check_in *in, struct findings *out);

/* Of constants: the compiler keeps the calls that are due, and nothing else. */
static inline void
call_if(bool due, check_fn *check, const struct check_in *in, struct findings *out)
{
    if (due) {
        check(in, out);
    }
}

static inline bool
is_due_on_packet(unsigned trigger, bool of_sa)
{
    return (trigger & (of_sa ? (unsigned)ON_PACKET | ON_SA_PACKET : (unsigned)ON_PACKET)) != 0;
}

/* Nobody has proved anything yet; and what was refuted stays so. */
static bool
may_be_refuted(const struct ike_event *e)
{
    return e->sa && e->message &&
           (!e->sa->established_in || e->established || e->message->injected);
}

void
checks_message(struct findings *out, const struct sadb *db, const struct plan *plan,
               const struct ike_message *msg, const struct ike_event *event)
{
    const struct check_in in = { .db = db, .plan = plan, .msg = msg, .ike = event };

    if (event->copy_of) {
        return;                 /* another capture point has said all of it */
    }
    /* The octets are what they are; what they say is nobody's, or waits for the end. */
    if (event->standing == STANDING_UNLAWFUL || event->denial) {
        check_malformed_message(&in, out);
        check_unprotected_message(&in, out);
        return;
    }
    findings_judge(out, db);
    findings_begin_message(out, may_be_refuted(event) ? event->message->frame : 0);
#define CHECK(name, severity, group, trigger, ...) \
    call_if(((trigger) & ON_MESSAGE) != 0, check_##name, &in, out);
#include "checks.def"
#undef CHECK
    findings_end_message(out);
}

void
checks_packet(struct findings *out, const struct sadb *db, const struct plan *plan,
              const struct ipsec_event *event)
{
    const struct check_in in = { .db = db, .plan = plan, .ipsec = event };
    const bool of_sa = child_is_negotiated(event->child);

    if (event->copy_of) {
        return;
    }
    /* No receiver takes notice of it: only its form and where it comes from are worth a word. */
    if (event->forged) {
        check_outer_source_violation(&in, out);
        check_outer_destination_violation(&in, out);
        check_length_impossible(&in, out);
        check_truncated_sha256(&in, out);
        check_ah_length_wrong(&in, out);
        return;
    }
    if (event->echo) {
        check_outer_source_violation(&in, out);
        check_outer_destination_violation(&in, out);
        check_replay(&in, out);
        return;
    }
    if (event->unverified || event->doubtful) {
        findings_doubt(out, event->stream, event->unverified,
                       event->doubtful ? event->at.frame : 0);
    }
#define CHECK(name, severity, group, trigger, ...) \
    call_if(is_due_on_packet(trigger, of_sa), check_##name, &in, out);
#include "checks.def"
#undef CHECK
    findings_doubt(out, NULL, false, 0);
}

void
checks_path(struct findings *out, const struct sadb *db, const struct plan *plan,
            const struct path_event *event)
{
    const struct check_in in = { .db = db, .plan = plan, .path = event };

#define CHECK(name, severity, group, trigger, ...) \
    call_if(((trigger) & ON_PATH) != 0, check_##name, &in, out);
#include "checks.def"
#undef CHECK
}

void
/* cppcheck-suppress unusedFunction ; tests have no logs */
checks_end(struct findings *out, const struct sadb *db, const struct plan *plan)
{
    checks_end_logged(out, db, plan, NULL);
}

void
checks_end_logged(struct findings *out, const struct sadb *db, const struct plan *plan,
                  const struct logs *logs)
{
    const struct check_in in = { .db = db, .plan = plan, .logs = logs };

    findings_judge(out, db);
    if (!findings_end(out)) {
        return;
    }
    findings_foretold(out, db);
    explain_strays(out, db);
    explain_unsolicited(out, db);
    explain_translations(out, db);
    findings_drop(out);
    findings_settle(out, db);
#define CHECK(name, severity, group, trigger, ...) \
    call_if(((trigger) & ON_END) != 0, check_##name, &in, out);
#include "checks.def"
#undef CHECK
    findings_sum(out);
}
