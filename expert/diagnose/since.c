/* since.c - when something begins, in words: the time of day, the frame, and how far into the
 * capture.  Times are in UTC, so that a report does not depend on where it is made.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "diagnose.h"

enum {
    CLOCK_UNSET_BEFORE = 1072915200,    /* 2004: a clock that shows less was never set */
    LATE_S = 5                          /* later than that into the capture is worth a word */
};

void
put_span(GString *out, double seconds)
{
    unsigned long s = seconds > 0 ? (unsigned long)(seconds + 0.5) : 0;

    if (s < 1) {
        g_string_append(out, "less than a second");
    } else if (s < 60) {
        g_string_append_printf(out, "%lu s", s);
    } else if (s < 3600) {
        g_string_append_printf(out, "%lu min", s / 60);
        if (s % 60) {
            g_string_append_printf(out, " %lu s", s % 60);
        }
    } else {
        g_string_append_printf(out, "%lu h", s / 3600);
        if (s % 3600 / 60) {
            g_string_append_printf(out, " %lu min", s % 3600 / 60);
        }
    }
}

bool
put_clock(GString *out, const struct diagnoses *d, double time)
{
    bool days = sadb_last_time(d->db) - sadb_first_time(d->db) >= 24 * 3600.0;
    GDateTime *at = time >= CLOCK_UNSET_BEFORE ? g_date_time_new_from_unix_utc((gint64)time) : NULL;
    const char *form = days ? "%Y-%m-%d %H:%M:%S UTC" : "%H:%M:%S UTC";
    char *text = at ? g_date_time_format(at, form) : NULL;

    if (text) {
        g_string_append(out, text);
    }
    if (at) {
        g_date_time_unref(at);
    }
    g_free(text);
    return at != NULL;
}

bool
begins_late(const struct diagnoses *d, const struct diagnosis *one)
{
    return one->first_time - sadb_first_time(d->db) >= LATE_S;
}

void
put_since(GString *out, const struct diagnoses *d, const struct diagnosis *one)
{
    if (!begins_late(d, one)) {
        g_string_append_printf(out, "frame %u", one->first_frame);
        return;
    }
    g_string_append(out, put_clock(out, d, one->first_time) ? " (" : "");
    g_string_append_printf(out, "frame %u, ", one->first_frame);
    put_span(out, one->first_time - sadb_first_time(d->db));
    g_string_append(out, " into the capture");
    g_string_append(out, one->first_time >= CLOCK_UNSET_BEFORE ? ")" : "");
}

void
put_begin(GString *out, const struct diagnoses *d, const struct diagnosis *one)
{
    if (!begins_late(d, one)) {
        return;
    }
    g_string_append(out, " It begins ");
    if (one->first_time >= CLOCK_UNSET_BEFORE) {
        g_string_append(out, "at ");
        put_clock(out, d, one->first_time);
        g_string_append(out, ", ");
    }
    put_span(out, one->first_time - sadb_first_time(d->db));
    g_string_append(out, " into the capture.");
}
