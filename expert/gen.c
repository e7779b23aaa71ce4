/* gen.c - prints CHECKS.md from the table.  SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/check.h>

#include <stdio.h>

int
main(void)
{
    printf("# Checks\n\nGenerated from `expert/checks.def`; a test compares the two. The name is the display filter "
           "(`espial.NAME`).\n");
    for (size_t i = 0; i < NUM_CHECKS; i++) {
        const struct check *c = &checks[i];
        printf("\n## %s\n\n**%s** (%s%s)\n\n- What to do: %s\n- Silent: %s\n- Reference: %s\n", c->name, c->title,
               severity_name(c->severity), c->trigger == ON_END ? ", known at the end of the capture" : "", c->remedy,
               c->doc, c->reference);
    }
    return 0;
}
