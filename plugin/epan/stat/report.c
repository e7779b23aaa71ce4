/* report.c - the reports of -z.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"

#include <espial/text.h>
#include <stdio.h>
#include <string.h>

enum report_kind {
    REPORT_SAS, REPORT_FINDINGS, REPORT_DIAGNOSIS, REPORT_LOG, REPORT_POINTS,
    REPORT_FILES, REPORT_JSON
};

struct listing {
    enum report_kind kind;
    enum severity least;
    uint32_t most_sas;          /* 0: all */
    bool one_line;
};

static tap_packet_status
on_packet(void *data _U_, packet_info *pinfo _U_, epan_dissect_t *edt _U_, const void *p _U_,
          tap_flags_t flags _U_)
{
    return TAP_PACKET_DONT_REDRAW;
}

static void
draw_json(struct report *r)
{
    const char *name = g_getenv("ESPIAL_CAPTURE_NAME");         /* a tap does not learn it */
    char *base = name && *name ? g_path_get_basename(name) : NULL;
    char *shown = base ? text_shown(base) : NULL;

    r->file = shown;
    report_json(stdout, r);
    g_free(shown);
    g_free(base);
}

static void
draw(void *data)
{
    const struct listing *what = (const struct listing *)data;
    struct report r;

    if (!capture_report(&r)) {
        return;
    }
    r.least = what->least;
    r.one_line = what->one_line;
    r.most_sas = what->most_sas;
    switch (what->kind) {
    case REPORT_SAS:
        report_sas(stdout, &r);
        break;
    case REPORT_FINDINGS:
        report_findings(stdout, &r);
        break;
    case REPORT_DIAGNOSIS:
        report_diagnosis(stdout, &r);
        break;
    case REPORT_LOG:
        report_log(stdout, &r);
        break;
    case REPORT_POINTS:
        report_points(stdout, &r);
        break;
    case REPORT_FILES:
        report_files(stdout, &r);
        break;
    default:
        draw_json(&r);
        break;
    }
    (void)fflush(stdout);
}

/* The severity behind the last comma, where the kind takes one: "espial,findings,warning". */
static bool
read_least(const char *arg, const char *name, enum severity *out)
{
    const char *word = arg + strlen(name);

    *out = SEV_CHAT;
    if (!*word) {
        return true;
    }
    for (unsigned s = SEV_CHAT; *word == ',' && s <= SEV_ERROR; s++) {
        if (strcmp(word + 1, severity_name((enum severity)s)) == 0) {
            *out = (enum severity)s;
            return true;
        }
    }
    return false;
}

/* The number behind the last comma of "espial,sas,100". */
static bool
read_most(const char *arg, const char *name, uint32_t *out)
{
    const char *word = arg + strlen(name);
    guint64 n;

    if (*word != ',' || !g_ascii_string_to_unsigned(word + 1, 10, 1, G_MAXUINT32, &n, NULL)) {
        return false;
    }
    *out = (uint32_t)n;
    return true;
}

static STAT_INIT_RET
start(enum report_kind kind, const char *name, const char *arg)
{
    struct listing *what = g_new0(struct listing, 1);
    GString *error;

    what->kind = kind;
    what->least = SEV_CHAT;
    what->one_line = kind == REPORT_JSON && strcmp(arg + strlen(name), ",line") == 0;
    if (!what->one_line && !(kind == REPORT_SAS && read_most(arg, name, &what->most_sas)) &&
        !read_least(arg, name, &what->least)) {
        report_failure("Espial: -z %s: the severity is chat, note, warning or error", arg);
        g_free(what);
        STAT_INIT_FAIL;
    }
    error = register_tap_listener("espial", what, NULL, TL_REQUIRES_NOTHING, NULL, on_packet, draw,
                                  g_free);
    if (error) {
        report_failure("Espial: %s", error->str);
        g_string_free(error, TRUE);
        g_free(what);
        STAT_INIT_FAIL;
    }
    STAT_INIT_OK;
}

static STAT_INIT_RET
start_sas(const char *arg, void *data _U_)
{
    STAT_INIT_RESULT(start(REPORT_SAS, "espial,sas", arg));
}
static STAT_INIT_RET
start_findings(const char *arg, void *data _U_)
{
    STAT_INIT_RESULT(start(REPORT_FINDINGS, "espial,findings", arg));
}
static STAT_INIT_RET
start_diagnosis(const char *arg, void *data _U_)
{
    STAT_INIT_RESULT(start(REPORT_DIAGNOSIS, "espial,diagnosis", arg));
}
static STAT_INIT_RET
start_log(const char *arg, void *data _U_)
{
    STAT_INIT_RESULT(start(REPORT_LOG, "espial,log", arg));
}
static STAT_INIT_RET
start_points(const char *arg, void *data _U_)
{
    STAT_INIT_RESULT(start(REPORT_POINTS, "espial,points", arg));
}
static STAT_INIT_RET
start_files(const char *arg, void *data _U_)
{
    STAT_INIT_RESULT(start(REPORT_FILES, "espial,files", arg));
}
static STAT_INIT_RET
start_json(const char *arg, void *data _U_)
{
    STAT_INIT_RESULT(start(REPORT_JSON, "espial,json", arg));
}

void
report_register(void)
{
    static stat_tap_ui sas = {
        REGISTER_STAT_GROUP_GENERIC, NULL, "espial,sas", start_sas, 0, NULL
    };
    static stat_tap_ui findings = {
        REGISTER_STAT_GROUP_GENERIC, NULL, "espial,findings", start_findings, 0, NULL
    };
    static stat_tap_ui diagnosis = {
        REGISTER_STAT_GROUP_GENERIC, NULL, "espial,diagnosis", start_diagnosis, 0, NULL
    };
    static stat_tap_ui log = {
        REGISTER_STAT_GROUP_GENERIC, NULL, "espial,log", start_log, 0, NULL
    };
    static stat_tap_ui points = {
        REGISTER_STAT_GROUP_GENERIC, NULL, "espial,points", start_points, 0, NULL
    };
    static stat_tap_ui files = {
        REGISTER_STAT_GROUP_GENERIC, NULL, "espial,files", start_files, 0, NULL
    };
    static stat_tap_ui json = {
        REGISTER_STAT_GROUP_GENERIC, NULL, "espial,json", start_json, 0, NULL
    };

    register_stat_tap_ui(&sas, NULL);
    register_stat_tap_ui(&findings, NULL);
    register_stat_tap_ui(&diagnosis, NULL);
    register_stat_tap_ui(&points, NULL);
    register_stat_tap_ui(&log, NULL);
    register_stat_tap_ui(&files, NULL);
    register_stat_tap_ui(&json, NULL);
    report_html_register();
    report_state_register();
    report_ndjson_register();
}
