/* sequence.h - libwireshark's sequence analysis, whose header no development package
 * installs.  The layout is that of 4.0 to 4.6.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_SEQUENCE_H
#define ESPIAL_SEQUENCE_H

#include "compat.h"

#if __has_include(<epan/sequence_analysis.h>)
#include <epan/sequence_analysis.h>
#else
enum { SEQUENCE_NODES = 40 };

typedef struct _seq_analysis_item {
    uint32_t frame_number;
    address src_addr;
    uint16_t port_src;
    address dst_addr;
    uint16_t port_dst;
    char *frame_label, *time_str, *comment;
    uint16_t conv_num;
    unsigned fg_color, bg_color;
    ws_bool has_color_filter, display;
    unsigned src_node, dst_node;
    uint16_t line_style;
    uint32_t info_type;
    void *info_ptr;
} seq_analysis_item_t;

/* Its later members are Wireshark's alone. */
typedef struct _seq_analysis_info {
    const char *name;
    ws_bool any_addr;
    int nconv;
    GQueue *items;
    GHashTable *ht;
    address nodes[SEQUENCE_NODES];
} seq_analysis_info_t;

WS_DLL_PUBLIC void register_seq_analysis(const char *name, const char *ui_name, int proto_id,
                                         const char *tap_listener, unsigned tap_flags,
                                         tap_packet_cb tap_func);
WS_DLL_PUBLIC seq_analysis_item_t *
sequence_analysis_create_sai_with_addresses(packet_info *pinfo, seq_analysis_info_t *sainfo);
WS_DLL_PUBLIC void sequence_analysis_use_color_filter(packet_info *pinfo, seq_analysis_item_t *sai);
#endif

#endif
