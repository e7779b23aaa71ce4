/* plugin.c - registration, and the post-dissector.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#define WS_BUILD_DLL
#include "capture.h"
#include "espial.h"

WS_DLL_PUBLIC_DEF const char plugin_version[] = PLUGIN_VERSION_STR;
WS_DLL_PUBLIC_DEF const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
WS_DLL_PUBLIC_DEF const int plugin_want_minor = WIRESHARK_VERSION_MINOR;
WS_DLL_PUBLIC void plugin_register(void);
#if WSV >= 402
WS_DLL_PUBLIC uint32_t plugin_describe(void);
#endif

static int proto_espial = -1, tap_espial = -1;
static protocol_t *protocol;

/* A fragment's record is left out beside what it completes, which says more of the SA. */
static const struct frame_records *
gather(packet_info *pinfo, bool visited, const struct record *kept, const struct record *made)
{
    const struct record *lists[] = { kept && (kept->kind != RECORD_PATH || !made) ? kept : NULL,
                                     made };
    struct frame_records *all;
    unsigned num = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        for (const struct record *r = lists[i]; r; r = r->next) {
            num++;
        }
    }
    if (!num) {
        return NULL;
    }
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): at is an array of pointers */
    all = (struct frame_records *)wmem_alloc(pinfo->pool, sizeof *all + num * sizeof *all->at);
    all->visited = visited;
    copy_address_shallow(&all->src, &pinfo->net_src);
    copy_address_shallow(&all->dst, &pinfo->net_dst);
    all->num = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        for (const struct record *r = lists[i]; r; r = r->next) {
            all->at[all->num++] = r;
        }
    }
    return all;
}

/* Dissectors keep in the first pass, in the order of frames, what they look up in later ones:
 * QUIC and others take a packet that they have not seen then for a fault of their own. */
static void
prepare_inner(tvbuff_t *tvb, packet_info *pinfo, const struct record *kept,
              const struct record *made)
{
    for (; kept; kept = kept->next) {
        if (kept->clear) {
            show_inner(tvb, pinfo, NULL, kept);
        }
    }
    for (; made; made = made->next) {
        if (made->clear) {
            show_inner(tvb, pinfo, NULL, made);
        }
    }
}

/* No field is wanted in advance: a tree would be built for every packet of the run.  The
 * first pass keeps what it found of IKE with the frame; ESP and AH are looked up again. */
static int
dissect_espial(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    bool visited = PINFO_FD_VISITED(pinfo),
         detailed = tree || have_tap_listener(tap_espial) || stat_conversation_wanted();
    bool first_of_several = !visited && !pinfo->cinfo;      /* nothing is printed from it */
    struct feed *feed = capture_to_feed();
    struct record *kept = NULL, *made = NULL;
    const struct frame_records *records;

    if (!feed || !proto_is_protocol_enabled(protocol)) {
        return 0;
    }
    if (!visited) {
        made = host_read_frame(feed, tvb, pinfo, false,
                               detailed || (first_of_several && feed->keys && prefs_show_inner()),
                               &kept);
        if (kept) {
            p_add_proto_data(wmem_file_scope(), pinfo, proto_espial, 0, kept);
        }
    } else {
        capture_end();
        kept = (struct record *)p_get_proto_data(wmem_file_scope(), pinfo, proto_espial, 0);
        made = detailed ? host_read_frame(feed, tvb, pinfo, true, true, NULL) : NULL;
    }
    if (kept || made || findings_of_frame(feed->findings, capture_frame(pinfo))) {
        pinfo->current_proto = "ESPIAL";
        records = detailed ? gather(pinfo, visited, kept, made) : NULL;
        if (first_of_several && !tree) {
            prepare_inner(tvb, pinfo, kept, made);
        }
        info_append(pinfo, kept);
        show_frame(tvb, pinfo, tree, records, visited);
        if (detailed) {
            tap_queue_packet(tap_espial, pinfo, records);
            stat_conversation_queue(pinfo, records);
        }
        if (tree && records) {
            p_add_proto_data(pinfo->pool, pinfo, proto_espial, FRAME_RECORDS, (void *)records);
        }
    }
    return 0;
}

static void
proto_register_espial(void)
{
    proto_espial = proto_register_protocol("Espial IPsec Analysis", "ESPIAL", "espial");
    show_register(proto_espial);
    prefs_register_espial(proto_espial);
    protocol = find_protocol_by_id(proto_espial);
    /* The handle is of no protocol: Wireshark would add a layer to each frame and take it away
     * again, which costs more than looking at the frame. */
    register_postdissector(create_dissector_handle(dissect_espial, -1));
    tap_espial = register_tap("espial");
    stat_table_register();
    stat_table_found_register();
    stat_table_counts_register();
    stat_table_points_register();
    stat_conversation_register(proto_espial);
    stat_flow_register(proto_espial);
    stat_menu_register(proto_espial);
    register_init_routine(capture_begin);
    register_cleanup_routine(capture_forget);
}

static void
proto_reg_handoff_espial(void)
{
    host_handoff();
    inner_handoff();
    show_handoff();
    stat_tree_handoff();
}

void
plugin_register(void)       /* cppcheck-suppress unusedFunction ; Wireshark calls it */
{
    static proto_plugin plugin;
    static tap_plugin tap;

    plugin.register_protoinfo = proto_register_espial;
    plugin.register_handoff = proto_reg_handoff_espial;
    proto_register_plugin(&plugin);
    tap.register_tap_listener = report_register;
    tap_register_plugin(&tap);
}

#if WSV >= 402
uint32_t
plugin_describe(void)
{
    return WS_PLUGIN_DESC_DISSECTOR | WS_PLUGIN_DESC_TAP_LISTENER;
}
#endif
