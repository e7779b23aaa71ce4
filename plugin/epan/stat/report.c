/* report.c - the reports of -z.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"

#include <stdio.h>

enum report_kind { REPORT_SAS, REPORT_FINDINGS, REPORT_JSON };

static tap_packet_status
on_packet(void *data _U_, packet_info *pinfo _U_, epan_dissect_t *edt _U_, const void *p _U_,
          tap_flags_t flags _U_)
{
    return TAP_PACKET_DONT_REDRAW;
}

static void
draw(void *data)
{
    enum report_kind which = (enum report_kind)GPOINTER_TO_INT(*(void **)data);
    struct report r;

    if (!capture_report(&r)) {
        return;
    }
    if (which == REPORT_SAS) {
        report_sas(stdout, &r);
    } else if (which == REPORT_FINDINGS) {
        report_findings(stdout, &r);
    } else {
        report_json(stdout, &r);
    }
    (void)fflush(stdout);
}

static STAT_INIT_RET
start(enum report_kind which)
{
    void **data = g_new(void *, 1);
    GString *error;

    *data = GINT_TO_POINTER(which);
    error = register_tap_listener("espial", data, NULL, TL_REQUIRES_NOTHING, NULL, on_packet, draw,
                                  g_free);
    if (error) {
        report_failure("Espial: %s", error->str);
        g_string_free(error, TRUE);
        g_free(data);
        STAT_INIT_FAIL;
    }
    STAT_INIT_OK;
}

static STAT_INIT_RET
start_sas(const char *arg _U_, void *data _U_)
{
    STAT_INIT_RESULT(start(REPORT_SAS));
}
static STAT_INIT_RET
start_findings(const char *arg _U_, void *data _U_)
{
    STAT_INIT_RESULT(start(REPORT_FINDINGS));
}
static STAT_INIT_RET
start_json(const char *arg _U_, void *data _U_)
{
    STAT_INIT_RESULT(start(REPORT_JSON));
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
    static stat_tap_ui json = {
        REGISTER_STAT_GROUP_GENERIC, NULL, "espial,json", start_json, 0, NULL
    };

    register_stat_tap_ui(&sas, NULL);
    register_stat_tap_ui(&findings, NULL);
    register_stat_tap_ui(&json, NULL);
    report_html_register();
}
