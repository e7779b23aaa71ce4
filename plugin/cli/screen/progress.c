/* progress.c - how far a long reading is.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "progress.h"

#include "terminal.h"

#include <glib.h>
#include <stdio.h>

void
progress_begin(struct progress *p)
{
    *p = (struct progress){ .begun = g_get_monotonic_time(), .terminal = is_terminal(stderr) };
}

void
progress_show(struct progress *p, uint32_t frames, int64_t done, int64_t all)
{
    int64_t now = g_get_monotonic_time(), spent = now - p->begun;
    double seconds = (double)spent / G_USEC_PER_SEC;

    if (!p->terminal || spent < G_USEC_PER_SEC || now - p->shown < G_USEC_PER_SEC / 4) {
        return;
    }
    p->shown = now;
    fprintf(stderr, "\r\033[K%u frames, %.0f a second", frames, frames / seconds);
    if (all > 0 && done > 0 && done <= all) {
        double share = (double)done / (double)all;
        fprintf(stderr, ", %.0f %%, %.0f s left", 100 * share, seconds / share - seconds);
    }
    (void)fflush(stderr);
}

void
progress_end(struct progress *p)
{
    if (p->shown) {
        fprintf(stderr, "\r\033[K");
        (void)fflush(stderr);
    }
}
