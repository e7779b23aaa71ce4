/* capture.c - owns what is known of the open capture file, from its opening to its closing.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"

#include "espial.h"

#include <epan/epan.h>

static struct feed *open_file;          /* NULL where none is open */
static char *save_to;                   /* NULL: no state is wanted */

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
                              .seed = g_random_int(), .verify = prefs_verify(),
                              .state_file = prefs_state_file(),
                              .name = g_getenv("ESPIAL_CAPTURE_NAME"), .tell = prefs_tell };

    capture_forget();
    open_file = feed_new(&o);
    feed_save_to(open_file, save_to);
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

uint32_t
capture_frame(const packet_info *pinfo)
{
    return (open_file ? open_file->base : 0) + pinfo->num;
}

uint32_t
capture_frame_here(uint32_t frame)
{
    uint32_t base = open_file ? open_file->base : 0;

    return frame > base ? frame - base : 0;
}

char *
capture_frame_name(uint32_t frame)
{
    return series_frame_name(open_file ? open_file->series : NULL, frame);
}

const char *
capture_text(const char *text, char **copy)
{
    *copy = open_file && open_file->base ?
                series_text_in_file(open_file->series, open_file->base, text) : NULL;
    return *copy ? *copy : text;
}

void
capture_save_to(const char *path)
{
    g_free(save_to);
    save_to = g_strdup(path);
    if (open_file) {
        feed_save_to(open_file, save_to);
    }
}

void
capture_save(void)
{
    if (open_file) {
        feed_save(open_file);
    }
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
