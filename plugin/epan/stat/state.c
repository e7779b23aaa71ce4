/* state.c - "-z espial,state,FILE": what is known at the end of a capture, for those who go on with
 * the next one.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"

#include <string.h>

#define OPTION "espial,state"

static tap_packet_status
on_packet(void *data _U_, packet_info *pinfo _U_, epan_dissect_t *edt _U_, const void *tapped _U_,
          tap_flags_t flags _U_)
{
    return TAP_PACKET_DONT_REDRAW;
}

static void
draw(void *data _U_)
{
    capture_save();
}

static STAT_INIT_RET
start(const char *arg, void *data _U_)
{
    static int listener;
    const char *path = arg + strlen(OPTION);
    GString *error;

    if (*path != ',' || !path[1]) {
        report_failure("Espial: -z %s needs the name of the file to write: " OPTION ",FILE", arg);
        STAT_INIT_FAIL;
    }
    error = register_tap_listener("espial", &listener, NULL, TL_REQUIRES_NOTHING, NULL, on_packet,
                                  draw, NULL);
    if (error) {
        report_failure("Espial: %s", error->str);
        g_string_free(error, TRUE);
        STAT_INIT_FAIL;
    }
    capture_save_to(path + 1);
    STAT_INIT_OK;
}

void
report_state_register(void)
{
    static stat_tap_ui state = { REGISTER_STAT_GROUP_GENERIC, NULL, OPTION, start, 0, NULL };

    register_stat_tap_ui(&state, NULL);
}
