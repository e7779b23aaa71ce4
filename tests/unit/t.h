/* t.h - the whole test framework.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_T_H
#define ESPIAL_T_H

#include <stdio.h>

static int t_failed, t_held;

#define T(cond) \
    do { \
        if (cond) { \
            t_held++; \
        } else { \
            t_failed++; \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #cond); \
        } \
    } while (0)

static inline int
t_done(void)
{
    printf("%d held, %d failed\n", t_held, t_failed);
    return t_failed || !t_held;
}

#endif
