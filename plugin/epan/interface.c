/* interface.c - where a frame was captured, and on what kind of link.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"

enum frame_link
feed_link(const packet_info *pinfo)
{
    switch (pinfo->rec->rec_header.packet_header.pkt_encap) {
    case WTAP_ENCAP_ETHERNET: return FRAME_LINK_ETHERNET;
    case WTAP_ENCAP_SLL: return FRAME_LINK_SLL;
    case WTAP_ENCAP_SLL2: return FRAME_LINK_SLL2;
    case WTAP_ENCAP_RAW_IP:
    case WTAP_ENCAP_RAW_IP4:
    case WTAP_ENCAP_RAW_IP6: return FRAME_LINK_IP;
    case WTAP_ENCAP_NULL:
    case WTAP_ENCAP_LOOP: return FRAME_LINK_NULL;
    case WTAP_ENCAP_PPP: return FRAME_LINK_PPP;
    default: return FRAME_LINK_OTHER;
    }
}

uint8_t
feed_point(const packet_info *pinfo)
{
    const wtap_rec *r = pinfo->rec;

    if (!(r->presence_flags & WTAP_HAS_INTERFACE_ID)) {
        return 0;
    }
    return (uint8_t)(MIN(r->rec_header.packet_header.interface_id, UINT8_MAX - 1u) + 1);
}

double
feed_time(const packet_info *pinfo)
{
    return (double)pinfo->abs_ts.secs + (double)pinfo->abs_ts.nsecs / 1e9;
}

/* Who has joined several captures says what each was called, in the order of their interfaces; the
 * names of interfaces may be the same at each place. */
static const char *
name_of(const packet_info *pinfo, uint32_t interface)
{
    static char **told;         /* as long as the program runs */
    const char *name;

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

/* The second interface of a file is known before its first frame is read. */
double
feed_see_point(struct capture *c, const packet_info *pinfo)
{
    const wtap_rec *r = pinfo->rec;
    double time = feed_time(pinfo);

    if (pinfo->num == 1 && compat_interface_name(pinfo, 1)) {
        sadb_expect_points(c->db);
    }
    if (!sadb_points(c->db) || !(r->presence_flags & WTAP_HAS_INTERFACE_ID)) {
        return time;
    }
    sadb_see_point(c->db, feed_point(pinfo), pinfo->num, time,
                   name_of(pinfo, r->rec_header.packet_header.interface_id));
    return points_knows_clock(sadb_points(c->db), feed_point(pinfo)) ?
               points_time(sadb_points(c->db), feed_point(pinfo), time) :
               sadb_last_time(c->db);
}
