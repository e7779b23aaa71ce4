/* interface.c - where a frame was captured, and on what kind of link.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "espial.h"
#include "wiretap_frame.h"

/* Who has joined several captures says what each was called, in the order of their interfaces; the
 * names of interfaces may be the same at each place. */
const char *
host_point_name(void *context)
{
    const packet_info *pinfo = (const packet_info *)context;
    uint32_t interface = pinfo->rec->rec_header.packet_header.interface_id;
    static char **told;         /* as long as the program runs */
    const char *name;

    if (!(pinfo->rec->presence_flags & WTAP_HAS_INTERFACE_ID)) {
        return NULL;
    }
    if (!told) {
        const char *all = g_getenv("ESPIAL_POINT_NAMES");
        told = g_strsplit(all ? all : "", ";", 0);
    }
    if (interface < g_strv_length(told)) {
        return told[interface];
    }
    name = compat_interface_name(pinfo, interface);
    return g_strcmp0(name, "unknown") == 0 ? NULL : name;       /* what Wireshark calls none */
}

/* By the name of the second one: what Wireshark 4.0 calls unknown has no name, or is none. */
static uint8_t
interfaces_told(const char *second)
{
    return !second ? FEED_ONE :
           strcmp(second, "unknown") == 0 ? FEED_PERHAPS_SEVERAL : FEED_SEVERAL;
}

/* Those that the beginning of the file names, a line for each. */
static const char *
names_of(const packet_info *pinfo)
{
    wmem_strbuf_t *all = wmem_strbuf_new(pinfo->pool, "");
    const char *name;

    for (uint32_t i = 0; i < POINTS_MAX && (name = compat_interface_name(pinfo, i)); i++) {
        wmem_strbuf_append_printf(all, "%s%s", i ? "\n" : "", name);
    }
    return wmem_strbuf_get_str(all);
}

/* The second interface of a file is known before its first frame is read. */
void
host_sighting(const packet_info *pinfo, struct feed_frame *out)
{
    const wtap_rec *r = pinfo->rec;

    out->time = (double)pinfo->abs_ts.secs + (double)pinfo->abs_ts.nsecs / 1e9;
    if (pinfo->num == 1) {
        out->interfaces = names_of(pinfo);
        out->interfaces_told = interfaces_told(compat_interface_name(pinfo, 1));
    }
    out->point = wiretap_point(r);
}
