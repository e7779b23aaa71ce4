/* run.c - calls the checks whose rows name a trigger, in the order of the table.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

void
checks_message(struct findings *out, const struct sadb *db, const struct plan *plan,
               const struct ike_message *msg, const struct ike_event *event)
{
    const struct check_in in = { .db = db, .plan = plan, .msg = msg, .ike = event };

#define CHECK(name, severity, group, trigger, ...) \
    if ((trigger) & ON_MESSAGE) {                   \
        check_##name(&in, out);                     \
    }
#include "checks.def"
#undef CHECK
}

void
checks_packet(struct findings *out, const struct sadb *db, const struct plan *plan,
              const struct ipsec_event *event)
{
    const struct check_in in = { .db = db, .plan = plan, .ipsec = event };

#define CHECK(name, severity, group, trigger, ...) \
    if ((trigger) & ON_PACKET) {                    \
        check_##name(&in, out);                     \
    }
#include "checks.def"
#undef CHECK
}

void
checks_path(struct findings *out, const struct sadb *db, const struct plan *plan,
            const struct path_event *event)
{
    const struct check_in in = { .db = db, .plan = plan, .path = event };

#define CHECK(name, severity, group, trigger, ...) \
    if ((trigger) & ON_PATH) {                      \
        check_##name(&in, out);                     \
    }
#include "checks.def"
#undef CHECK
}

void
checks_end(struct findings *out, const struct sadb *db, const struct plan *plan)
{
    const struct check_in in = { .db = db, .plan = plan };

    if (!findings_end(out)) {
        return;
    }
#define CHECK(name, severity, group, trigger, ...) \
    if ((trigger) & ON_END) {                       \
        check_##name(&in, out);                     \
    }
#include "checks.def"
#undef CHECK
}
