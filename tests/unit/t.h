/* t.h - the least a unit test needs: T(condition) says where it failed and goes on;
 * main ends with "return t_done();".  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_TEST_T_H
#define ESPIAL_TEST_T_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static unsigned t_run, t_failed;

#define T(cond) t_check((cond), __FILE__, __LINE__, #cond)
/* Texts: shows what was there instead. */
#define T_STR(got, want) t_text((got), (want), __FILE__, __LINE__, #got)

static inline void
t_check(bool ok, const char *file, int line, const char *expression)
{
    t_run++;
    if (!ok) {
        t_failed++;
        fprintf(stderr, "%s:%d: failed: %s\n", file, line, expression);
    }
}

static inline void
t_text(const char *got, const char *want, const char *file, int line, const char *expression)
{
    t_check(strcmp(got, want) == 0, file, line, expression);
    if (strcmp(got, want) != 0) {
        fprintf(stderr, "    got \"%s\", want \"%s\"\n", got, want);
    }
}

static inline int
t_done(void)
{
    printf("%u checks, %u failed\n", t_run, t_failed);
    return t_failed || !t_run;
}

#endif
