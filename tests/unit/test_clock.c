/* What is kept of many frames: when each was captured, and what its message holds.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/limits.h>
#include <espial/sadb.h>

#include <math.h>

static void
each_frame(void)
{
    struct sadb *db = sadb_new(1);

    T(sadb_time_of(db, 7) == 0);
    sadb_see_frame(db, 2, 100.25);
    sadb_see_frame(db, 3, 100.25);
    sadb_see_frame(db, 9, 160.5);
    sadb_see_frame(db, 10, 90);         /* a clock that was set back */
    T(sadb_time_of(db, 2) == 100.25 && sadb_time_of(db, 3) == 100.25);
    T(sadb_time_of(db, 8) == 100.25);   /* not seen: not later than that */
    T(sadb_time_of(db, 9) == 160.5 && sadb_time_of(db, 10) == 90);
    T(sadb_time_of(db, 1) == 100.25);
    sadb_free(db);
}

/* Frames apart by step; how far the worst is from what is said of it. */
static double
worst_of(uint32_t n, double step)
{
    struct sadb *db = sadb_new(1);
    double worst = 0;

    for (uint32_t i = 1; i <= n; i++) {
        sadb_see_frame(db, i, 1000 + i * step);
    }
    for (uint32_t i = 1; i <= n; i++) {
        double early = 1000 + i * step - sadb_time_of(db, i);
        T(early >= 0);
        worst = fmax(worst, early);
    }
    sadb_free(db);
    return worst;
}

static void
many_frames(void)
{
    T(worst_of(SADB_MAX_INSTANTS, 0.01) == 0);
    T(worst_of(4 * SADB_MAX_INSTANTS, 0.00001) < 0.001);        /* 2.6 s */
    T(worst_of(4 * SADB_MAX_INSTANTS, 0.01) < 0.1);             /* 44 min */
    T(worst_of(4 * SADB_MAX_INSTANTS, 0.01) > 0);
}

/* --- lines of messages that no exchange holds ---- */

static void
lines(void)
{
    struct sadb *db = sadb_new(1);
    const char *first = sadb_keep_line(db, "request 0");
    char text[32];

    for (unsigned i = 0; i < SADB_MAX_LOOSE_LINES; i++) {
        g_snprintf(text, sizeof text, "request %u", i);
        T(sadb_keep_line(db, text) != NULL);
    }
    T(!*sadb_caps(db));
    T(sadb_keep_line(db, "request -1") == NULL);
    T_STR(*sadb_caps(db), "contents of IKE messages of no exchange as text");
    T(sadb_keep_line(db, "request 0") == first);
    T_STR(first, "request 0");
    sadb_free(db);
}

int
main(void)
{
    each_frame();
    many_frames();
    lines();
    return t_done();
}
