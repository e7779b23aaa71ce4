/* gen.c - prints CHECKS.md from the tables.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"

#include <stdio.h>

static const char *const why[NUM_CHECKS] = {
#define WHY(name, text) [CHECK_##name] = (text),
#include "why.def"
#undef WHY
};

static const char *
known_when(const struct check *c)
{
    return c->trigger == ON_END ? ", known at the end of the capture" :
           c->trigger & ON_END ? ", some of it known at the end of the capture" : "";
}

/* Returns 1 where a row lacks its reason. */
int
main(void)
{
    printf("# Checks\n\nGenerated from `expert/checks.def` and `expert/why.def`; a test compares them. The name is the display "
           "filter (`espial.NAME`). Each check says what is seen (and how severe that is), why it matters, what to do, and when it "
           "stays silent or knows less.\n");
    for (size_t i = 0; i < NUM_CHECKS; i++) {
        const struct check *c = &checks[i];
        if (!why[i]) {
            fprintf(stderr, "%s has no row in why.def\n", c->name);
            return 1;
        }
        printf("\n## %s\n\n**%s** (%s%s)\n\n- Why: %s\n- What to do: %s\n- When: %s\n- Reference: %s\n", c->name, c->title,
               severity_name(c->severity), known_when(c), why[i], c->remedy, c->doc, c->reference);
    }
    return 0;
}
