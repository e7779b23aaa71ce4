/* report_html.c - the HTML report: -z espial,html,OUT, and the Tools menu.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"

#include <espial/text.h>

#include <epan/funnel.h>
#include <epan/plugin_if.h>
#include <gio/gio.h>
#include <string.h>

#define OPTION "espial,html,"

struct html_file {
    char *path, *name;          /* name of the capture, or NULL */
    struct traffic *traffic;
    int drawn;                  /* -1: it could not be written */
};

static tap_packet_status
on_packet(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped,
          tap_flags_t flags _U_)
{
    struct html_file *f = (struct html_file *)data;
    const struct frame_records *all = (const struct frame_records *)tapped;
    double time = (double)pinfo->abs_ts.secs + (double)pinfo->abs_ts.nsecs / 1e9;

    if (points_copy_of(sadb_points(capture_db()), capture_frame(pinfo))) {
        return TAP_PACKET_DONT_REDRAW;  /* counted where another point saw it */
    }
    for (unsigned i = 0; all && i < all->num; i++) {
        const struct record *one = all->at[i];
        struct traffic_packet p = { one->stream, one->lost, one->inner_src,
                                    one->inner_dst, capture_frame(pinfo), time };
        traffic_see(f->traffic, &p);
    }
    return TAP_PACKET_DONT_REDRAW;
}

static void
reset(void *data)
{
    struct html_file *f = (struct html_file *)data;

    traffic_free(f->traffic);
    f->traffic = traffic_new();
}

static bool
save(const char *path, const GString *page)
{
    char *why = report_save(path, page);

    if (why) {
        char *name = text_shown(path);
        report_failure("Espial: the HTML report cannot be written to %s: %s", name, why);
        g_free(name);
    }
    g_free(why);
    return !why;
}

static void
draw(void *data)
{
    struct html_file *f = (struct html_file *)data;
    struct report known;
    GString *page;
    char *date;

    if (!capture_report(&known)) {
        return;
    }
    known.title = prefs_report_title();
    known.author = prefs_report_author();
    known.date = date = report_date();
    page = g_string_sized_new(1 << 16);
    report_html(page, &known, f->traffic, f->name);
    f->drawn = save(f->path, page) ? 1 : -1;
    g_string_free(page, TRUE);
    g_free(date);
}

static void
finish(void *data)
{
    struct html_file *f = (struct html_file *)data;

    traffic_free(f->traffic);
    g_free(f->path);
    g_free(f->name);
    g_free(f);
}

static bool
listen(struct html_file *f)
{
    GString *error = register_tap_listener("espial", f, NULL, TL_REQUIRES_NOTHING, reset, on_packet,
                                           draw, finish);

    if (error) {
        report_failure("Espial: %s", error->str);
        g_string_free(error, TRUE);
        finish(f);
        return false;
    }
    return true;
}

static struct html_file *
make_report(const char *path, const char *name)
{
    struct html_file *f = g_new0(struct html_file, 1);

    f->path = g_strdup(path);
    f->name = g_strdup(name);
    f->traffic = traffic_new();
    return f;
}

/* All behind the second comma is the path.  A tap does not learn the capture's name. */
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

static STAT_INIT_RET
start_html(const char *argument, void *data _U_)
{
    STAT_INIT_RESULT(start(argument));
}

/* --- Tools > Espial ---------------------------------------------------------------- */

static void
tell(const char *format, const char *what)
{
    const funnel_ops_t *ops = funnel_get_funnel_ops();
    char *text = g_strdup_printf(format, what);

    if (ops && ops->new_text_window) {
        ops->set_text(ops->new_text_window(ops->ops_id, "Espial HTML report"), text);
    }
    g_free(text);
}

static bool
takes_files(const char *dir)
{
    GFile *folder = g_file_new_for_path(dir);
    GFileInfo *about = g_file_query_info(folder, G_FILE_ATTRIBUTE_ACCESS_CAN_WRITE,
                                         G_FILE_QUERY_INFO_NONE, NULL, NULL);
    bool takes =
        about && g_file_info_get_attribute_boolean(about, G_FILE_ATTRIBUTE_ACCESS_CAN_WRITE);

    g_clear_object(&about);
    g_object_unref(folder);
    return takes;
}

/* Beside the capture, else where temporary files go.  The name is one that only this report
 * has: no other file is overwritten. */
static char *
path_beside(const char *capture_path)
{
    char *dir = g_path_get_dirname(capture_path), *base = g_path_get_basename(capture_path), *dot,
         *name, *beside, *path;

    dot = strrchr(base, '.');
    if (dot && dot > base) {
        *dot = 0;
    }
    name = g_strconcat(base, ".espial.html", NULL);
    beside = g_build_filename(takes_files(dir) ? dir : g_get_tmp_dir(), name, NULL);
    path = g_canonicalize_filename(beside, NULL);       /* a browser has another folder */
    g_free(beside);
    g_free(name);
    g_free(base);
    g_free(dir);
    return path;
}

static void
show_report(const char *path)
{
    const funnel_ops_t *ops = funnel_get_funnel_ops();
    char *uri = g_filename_to_uri(path, NULL, NULL);

    tell("The report is in\n%s\n", path);
    if (uri && ops->browser_open_url) {
        ops->browser_open_url(uri);
    }
    g_free(uri);
}

/* The traffic of the streams is counted by going through the packets once more. */
static void
on_menu(void *data _U_)
{
    const funnel_ops_t *ops = funnel_get_funnel_ops();
    ws_info_t *info = NULL;
    struct html_file *f;
    char *path, *name;

    plugin_if_get_ws_info(&info);
    if (!capture_db() || !ops || !ops->retap_packets || !info || !info->cf_filename ||
        info->cf_state != FILE_READ_DONE) {
        tell("%s\n", "Open a capture first; a capture under way must be stopped.");
        return;
    }
    path = path_beside(info->cf_filename);
    name = g_path_get_basename(info->cf_filename);
    f = make_report(path, name);
    if (listen(f)) {
        ops->retap_packets(ops->ops_id);
        draw(f);
        if (f->drawn > 0) {
            show_report(path);
        }
        remove_tap_listener(f);
    }
    g_free(name);
    g_free(path);
}

void
report_html_register(void)
{
    static stat_tap_ui html = {
        REGISTER_STAT_GROUP_GENERIC, NULL, "espial,html", start_html, 0, NULL
    };

    register_stat_tap_ui(&html, NULL);
    funnel_register_menu("Espial/HTML Report of This Capture", REGISTER_TOOLS_GROUP_UNSORTED,
                         on_menu, NULL, NULL, FALSE);
}
