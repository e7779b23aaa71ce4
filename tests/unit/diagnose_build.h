/* diagnose_build.h - findings of one's own, and the diagnoses that come of them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_TEST_DIAGNOSE_BUILD_H
#define ESPIAL_TEST_DIAGNOSE_BUILD_H

#include "report_build.h"

/* A finding of one's own on a Child SA; remedy NULL: the row's. */
static inline void
find_on(struct conversation *c, enum check_id check, uint32_t at, const struct ike_sa *sa,
        const struct child_sa *child, const char *remedy)
{
    struct scope where = { .basis = BASIS_OBSERVED, .frame = at, .sa = sa, .child = child,
                           .exchange = NO_ID, .remedy = remedy, .variant = at };

    finding_add(c->found, check, &where, "Seen in frame %u.", at);
}

static inline const struct diagnoses *
diagnosed(struct conversation *c)
{
    return report_now(c).diagnoses;
}

/* Without what the checks say of the made messages, which hold only what matters here. */
static inline const struct diagnoses *
diagnosed_quietly(struct conversation *c)
{
    forget_findings(c);
    return diagnosed(c);
}

static inline const char *
cause_at(const struct diagnoses *d, size_t i)
{
    const struct diagnosis *one = diagnoses_get(d, i);

    return one ? checks[one->cause].name : "";
}

static inline bool
says(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        printf("# said: %s\n", text);
        return false;
    }
    return true;
}

#endif
