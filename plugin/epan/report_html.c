/* report_html.c - the HTML report: -z espial,html,OUT, and the Tools menu.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_html.h"

#include <epan/funnel.h>
#include <epan/plugin_if.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#define OPTION "espial,html,"

struct report {
    char *path, *name;          /* name of the capture, or NULL */
    struct traffic *traffic;
    bool from_menu;
    int drawn;
};

static tap_packet_status
on_packet(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *records, tap_flags_t flags _U_)
{
    struct report *r = (struct report *)data;
    double time = (double)pinfo->abs_ts.secs + (double)pinfo->abs_ts.nsecs / 1e9;

    for (const struct record *one = (const struct record *)records; one; one = one->next) {
        traffic_see(r->traffic, one, pinfo->num, time);
    }
    return TAP_PACKET_DONT_REDRAW;
}

static void
reset(void *data)
{
    struct report *r = (struct report *)data;

    traffic_free(r->traffic);
    r->traffic = traffic_new();
}

/* Not by way of a temporary file: the path may be a device. */
static bool
save(const char *path, const GString *page)
{
    FILE *out = g_fopen(path, "wb");
    bool good = out != NULL;

    if (good) {
        good = fwrite(page->str, 1, page->len, out) == page->len;
        good = fclose(out) == 0 && good;
    }
    if (!good) {
        report_failure("Espial: the HTML report cannot be written to %s: %s", path, g_strerror(errno));
    }
    return good;
}

static void
draw(void *data)
{
    struct report *r = (struct report *)data;
    GString *page;

    if (!capture.db) {
        return;
    }
    capture_end();
    page = g_string_sized_new(1 << 16);
    page_write(page, &capture, r->traffic, r->name);
    r->drawn = save(r->path, page) ? 1 : -1;
    g_string_free(page, TRUE);
}

static void
finish(void *data)
{
    struct report *r = (struct report *)data;

    traffic_free(r->traffic);
    g_free(r->path);
    g_free(r->name);
    g_free(r);
}

static bool
listen(struct report *r)
{
    GString *error = register_tap_listener("espial", r, NULL, TL_REQUIRES_NOTHING, reset, on_packet, draw, finish);

    if (error) {
        report_failure("Espial: %s", error->str);
        g_string_free(error, TRUE);
        finish(r);
        return false;
    }
    return true;
}

static struct report *
make_report(const char *path, const char *name)
{
    struct report *r = g_new0(struct report, 1);

    r->path = g_strdup(path);
    r->name = g_strdup(name);
    r->traffic = traffic_new();
    return r;
}

/* All behind the second comma is the path.  A tap is told nothing of the capture's name. */
static bool
start(const char *argument)
{
    const char *name = g_getenv("ESPIAL_CAPTURE_NAME");

    if (!g_str_has_prefix(argument, OPTION) || !argument[strlen(OPTION)]) {
        report_failure("Espial: -z espial,html,OUT needs the name of the file to write");
        return false;
    }
    return listen(make_report(argument + strlen(OPTION), name && *name ? name : NULL));
}

static STAT_INIT_RET start_html(const char *argument, void *data _U_) { STAT_INIT_RESULT(start(argument)); }

void
report_html_register(void)
{
    static stat_tap_ui html = { REGISTER_STAT_GROUP_GENERIC, NULL, "espial,html", start_html, 0, NULL };

    register_stat_tap_ui(&html, NULL);
}
