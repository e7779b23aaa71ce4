/* inner.c - the packet inside an ESP that Espial has opened, in Wireshark's own words.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "espial.h"

#include <epan/exceptions.h>
#include <epan/follow.h>
#include <epan/show_exception.h>

/* What dissectors change of the packet, and the packet list shows. */
struct saved {
    address src, dst, net_src, net_dst;
    port_type ptype;
    uint32_t srcport, destport;
    ws_bool use_conv_addr_port_endpoints;
    struct conversation_addr_port_endpoints *conv_addr_port_endpoints;
};

static GArray *follow_taps;     /* ids */
static int probe_tap;           /* nobody listens to it */

static struct saved
save(const packet_info *pinfo)
{
    struct saved s = { .ptype = pinfo->ptype,
                       .srcport = pinfo->srcport,
                       .destport = pinfo->destport,
                       .use_conv_addr_port_endpoints = pinfo->use_conv_addr_port_endpoints,
                       .conv_addr_port_endpoints = pinfo->conv_addr_port_endpoints };

    copy_address_shallow(&s.src, &pinfo->src);
    copy_address_shallow(&s.dst, &pinfo->dst);
    copy_address_shallow(&s.net_src, &pinfo->net_src);
    copy_address_shallow(&s.net_dst, &pinfo->net_dst);
    return s;
}

static void
restore(packet_info *pinfo, const struct saved *s)
{
    copy_address_shallow(&pinfo->src, &s->src);
    copy_address_shallow(&pinfo->dst, &s->dst);
    copy_address_shallow(&pinfo->net_src, &s->net_src);
    copy_address_shallow(&pinfo->net_dst, &s->net_dst);
    pinfo->ptype = s->ptype;
    pinfo->srcport = s->srcport;
    pinfo->destport = s->destport;
    pinfo->use_conv_addr_port_endpoints = s->use_conv_addr_port_endpoints;
    pinfo->conv_addr_port_endpoints = s->conv_addr_port_endpoints;
}

static ws_bool
add_follow_tap(const void *name _U_, void *follower, void *user_data _U_)
{
    int id = find_tap_id(get_follow_tap_string((register_follow_t *)follower));

    g_array_append_val(follow_taps, id);
    return FALSE;
}

void
inner_handoff(void)
{
    if (!follow_taps) {
        probe_tap = register_tap("espial_probe");
        follow_taps = g_array_new(FALSE, FALSE, sizeof(int));
        follow_iterate_followers(add_follow_tap, NULL);
    }
}

/* The packet goes to taps after it has been dissected: not where only a row of the packet list is
 * made of it, in which Follow Stream, that listens meanwhile, must leave no inner address. */
static bool
is_tapped(packet_info *pinfo)
{
    static const char something[] = "";

    tap_queue_packet(probe_tap, pinfo, something);
    return fetch_tapped_data(probe_tap, 0) != NULL;
}

/* Follow Stream, and the filters of the packet at hand, ask the packet for its addresses and ports
 * after it has been dissected and mean the innermost, as they are after Wireshark's own
 * decryption.  The columns of the packet list, where they are made, stay those of the outer packet.
 */
static bool
wants_innermost(packet_info *pinfo)
{
    for (unsigned i = 0; pinfo->cinfo && i < follow_taps->len; i++) {
        if (have_tap_listener(g_array_index(follow_taps, int, i))) {
            return is_tapped(pinfo);
        }
    }
    return !pinfo->cinfo;
}

void
show_inner(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct record *r)
{
    tvbuff_t *inner =
        tvb_new_child_real_data(tvb, r->clear, (unsigned)r->clear_len, (int)r->clear_len);
    dissector_table_t by_protocol = find_dissector_table("ip.proto");
    struct saved before = save(pinfo);
    const char *current_proto = pinfo->current_proto;
    ws_bool writable = col_get_writable(pinfo->cinfo, -1), fragmented = pinfo->fragmented;

    add_new_data_source(pinfo, inner, "Inner packet");
    col_set_writable(pinfo->cinfo, -1, 0);
    TRY {
        if (!by_protocol || !dissector_try_uint(by_protocol, r->next_header, inner, pinfo, tree)) {
            call_data_dissector(inner, pinfo, tree);
        }
    }
    CATCH_NONFATAL_ERRORS {
        show_exception(inner, pinfo, tree, EXCEPT_CODE, GET_MESSAGE);
    }
    ENDTRY;
    col_set_writable(pinfo->cinfo, -1, writable);
    pinfo->current_proto = current_proto;
    pinfo->fragmented = fragmented;
    if (r->next || !wants_innermost(pinfo)) {
        restore(pinfo, &before);        /* the next record may be of the same outer packet */
    }
}
