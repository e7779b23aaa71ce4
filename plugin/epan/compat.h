/* compat.h - the whole difference between Wireshark 4.0, 4.4 and 4.6 here.  The 402
 * tests are a guess for 4.2.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_COMPAT_H
#define ESPIAL_COMPAT_H

#include <wireshark.h>
#include <ws_version.h>
#define WSV (WIRESHARK_VERSION_MAJOR * 100 + WIRESHARK_VERSION_MINOR)

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#if WSV >= 402
#include <wsutil/plugins.h>
typedef bool ws_bool;
#else
typedef gboolean ws_bool;
#endif

#include <epan/packet.h>
#include <epan/conversation_filter.h>
#include <epan/conversation_table.h>
#include <epan/epan_dissect.h>
#include <epan/expert.h>
#include <epan/prefs.h>
#include <epan/proto.h>
#include <epan/proto_data.h>
#include <epan/stat_tap_ui.h>
#include <epan/stats_tree.h>
#include <epan/tap.h>
#include <epan/to_str.h>
#include <epan/uat.h>
#include <epan/wmem_scopes.h>
#include <wiretap/wtap.h>
#include <wsutil/report_message.h>

#if WSV >= 406
#define compat_data_source_name(src) get_data_source_description(src)
#define STAT_INIT_RET bool
#define STAT_INIT_RESULT(call) return call
#define STAT_INIT_OK return true
#define STAT_INIT_FAIL return false
#else
#define compat_data_source_name(src) get_data_source_name(src)
#define STAT_INIT_RET void
#define STAT_INIT_RESULT(call) call
#define STAT_INIT_OK return
#define STAT_INIT_FAIL return
#endif

#if WSV >= 404
#define tvb_get_guint8 tvb_get_uint8
#endif

/* A conversation filter's callbacks. */
#if WSV >= 404
#define CF_USER , void *user_data _U_
#define compat_conversation_filter(proto, title, valid, build) \
    register_conversation_filter(proto, title, valid, build, NULL)
#else
#define CF_USER
#define compat_conversation_filter(proto, title, valid, build) \
    register_conversation_filter(proto, title, valid, build)
#endif

/* An unreferenced item of an invisible tree has no field_info in 4.6; its node knows what
 * it is. */
static inline const header_field_info *
compat_node_hfinfo(const proto_node *n)
{
#if WSV >= 406
    return PNODE_HFINFO(n);
#else
    return PNODE_FINFO(n) ? PNODE_FINFO(n)->hfinfo : NULL;
#endif
}

/* FT_BOOLEAN is held as 64 bits in all three. */
static inline bool
compat_fi_true(field_info *fi)
{
#if WSV < 402
    return fvalue_get_uinteger64(&fi->value) != 0;
#else
    return fvalue_get_uinteger64(fi->value) != 0;
#endif
}

/* The name of an interface of the capture.  Only sections of pcapng files count them anew. */
static inline const char *
compat_interface_name(const packet_info *pinfo, uint32_t interface)
{
#if WSV >= 404
    return epan_get_interface_name(pinfo->epan, interface,
                                   pinfo->rec->presence_flags & WTAP_HAS_SECTION_NUMBER ?
                                       pinfo->rec->section_number : 0);
#else
    return epan_get_interface_name(pinfo->epan, interface);
#endif
}

/* Wireshark 5 renames the protocol isakmp to ike.  Display filters may still take the old name
 * there, a search for the protocol does not. */
static inline int
compat_ike_protocol(void)
{
    int id = proto_get_id_by_filter_name("isakmp");

    return id >= 0 ? id : proto_get_id_by_filter_name("ike");
}

#endif
