/* checks.c - the table of checks, made of checks.def.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"

const struct check checks[NUM_CHECKS] = {
#define CHECK(name, severity, group, trigger, title, remedy, reference, doc, why) \
    { #name, title, remedy, reference, doc, why, #group, SEV_##severity, trigger },
#include "checks.def"
#undef CHECK
};
const unsigned num_checks = NUM_CHECKS;

const char *
severity_name(enum severity s)
{
    static const char *const names[] = { "chat", "note", "warning", "error" };

    return names[s];
}
