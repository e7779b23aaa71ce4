/* report_ndjson.c - "-z espial,ndjson[,OUT]": what is known of the capture as records, one a line,
 * on standard output or in a file.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"

#include <errno.h>
#include <espial/text.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#define OPTION "espial,ndjson"

static tap_packet_status
on_packet(void *data _U_, packet_info *pinfo _U_, epan_dissect_t *edt _U_, const void *tapped _U_,
          tap_flags_t flags _U_)
{
    return TAP_PACKET_DONT_REDRAW;
}

static bool
write_into(const char *path, const struct report *r)
{
    FILE *out = g_fopen(path, "wb");
    bool good;

    if (!out) {
        return false;
    }
    report_ndjson(out, r, NULL);
    good = !ferror(out);
    return fclose(out) == 0 && good;
}

/* data is the file's name, "" for standard output. */
static void
draw(void *data)
{
    const char *path = (const char *)data;
    const char *name = g_getenv("ESPIAL_CAPTURE_NAME");         /* a tap does not learn it */
    char *base = name && *name ? g_path_get_basename(name) : NULL;
    char *shown = base ? text_shown(base) : NULL;
    struct report r;

    if (capture_report(&r)) {
        r.file = shown;
        if (!*path) {
            report_ndjson(stdout, &r, NULL);
            (void)fflush(stdout);
        } else if (!write_into(path, &r)) {
            char *out = text_shown(path);
            report_failure("Espial: the records cannot be written to %s: %s", out,
                           g_strerror(errno));
            g_free(out);
        }
    }
    g_free(shown);
    g_free(base);
}

static STAT_INIT_RET
start(const char *arg, void *data _U_)
{
    const char *path = arg + strlen(OPTION);
    char *kept;
    GString *error;

    if (*path && (*path != ',' || !path[1])) {
        report_failure("Espial: -z %s: the name of the file follows: " OPTION ",FILE", arg);
        STAT_INIT_FAIL;
    }
    kept = g_strdup(*path ? path + 1 : "");
    error = register_tap_listener("espial", kept, NULL, TL_REQUIRES_NOTHING, NULL, on_packet, draw,
                                  g_free);
    if (error) {
        report_failure("Espial: %s", error->str);
        g_string_free(error, TRUE);
        g_free(kept);
        STAT_INIT_FAIL;
    }
    STAT_INIT_OK;
}

void
report_ndjson_register(void)
{
    static stat_tap_ui records = { REGISTER_STAT_GROUP_GENERIC, NULL, OPTION, start, 0, NULL };

    register_stat_tap_ui(&records, NULL);
}
