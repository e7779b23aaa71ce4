/* capture.c - owns what is known of the open capture file, from its opening to its closing.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"

#include "espial.h"

#include <epan/epan.h>

static struct feed *open_file;          /* NULL where none is open */

void
capture_forget(void)
{
    feed_free(open_file);
    open_file = NULL;
}

void
capture_begin(void)
{
    struct feed_options o = { .sadb = prefs_options(), .plan = prefs_make_plan(),
                              .keylog = prefs_keylog(), .logs = prefs_logs(),
                              .seed = g_random_int(), .verify = prefs_verify() };

    capture_forget();
    open_file = feed_new(&o);
}

void
capture_end(void)
{
    if (open_file) {
        feed_end(open_file);
    }
}

struct feed *
capture_to_feed(void)
{
    return open_file;
}

const struct sadb *
capture_db(void)
{
    return open_file ? open_file->db : NULL;
}

const struct findings *
capture_findings(void)
{
    return open_file ? open_file->findings : NULL;
}

const struct diagnoses *
capture_diagnoses(void)
{
    return open_file ? open_file->diagnoses : NULL;
}

const struct logs *
capture_logs(void)
{
    return open_file && open_file->ended ? open_file->logs : NULL;
}

bool
capture_report(struct report *out)
{
    if (!open_file) {
        return false;
    }
    feed_report(open_file, out);
    out->version = PLUGIN_VERSION_STR;
    out->wireshark = epan_get_version();
    return true;
}
