/* menu.c - Statistics > IPsec (Espial): all windows of Espial in one place.  Wireshark puts tables
 * of a plugin among its own, without a submenu; what opens them from the command line (-z) opens
 * them from here.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "espial.h"

#include <epan/plugin_if.h>

static const struct entry {
    const char *label, *tooltip, *argument; /* of -z */
} entries[] = {
    { "Diagnoses", "What is wrong, why, and what to do, worst first", "espial,diagnosis_table" },
    { "Findings", "What each packet shows, worst first", "espial,finding_table" },
    { "SAs", "IKE and IPsec SAs with peers, state, selectors and traffic", "espial,sa_table" },
    { "Points", "Capture points with their clocks, and what is lost and rewritten between them",
      "espial,point_table" },
    { "Counts", "Packets by finding, SA and exchange", "espial,count_table" },
};

static void
open_window(ext_menubar_gui_type gui_type _U_, void *gui_object _U_, void *user_data)
{
    process_stat_cmd_arg(((const struct entry *)user_data)->argument);
    start_requested_stats();
}

void
stat_menu_register(int proto)
{
    ext_menu_t *menu = ext_menubar_register_menu(proto, "IPsec (Espial)", TRUE);

    ext_menubar_set_parentmenu(menu, "Statistics");
    for (size_t i = 0; i < G_N_ELEMENTS(entries); i++) {
        ext_menubar_add_entry(menu, entries[i].label, entries[i].tooltip, open_window,
                              (void *)&entries[i]);
    }
}
