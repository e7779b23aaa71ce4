/* inner.c - the packet inside an ESP that Espial has opened, in Wireshark's own words.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "espial.h"

#include <epan/exceptions.h>
#include <epan/show_exception.h>

/* What dissectors change of the packet, and the packet list shows. */
struct saved {
    address src, dst, net_src, net_dst;
    port_type ptype;
    uint32_t srcport, destport;
    const char *current_proto;
    ws_bool fragmented;
};

static struct saved
save(const packet_info *pinfo)
{
    struct saved s = { .ptype = pinfo->ptype, .srcport = pinfo->srcport, .destport = pinfo->destport,
                       .current_proto = pinfo->current_proto, .fragmented = pinfo->fragmented };

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
    pinfo->current_proto = s->current_proto;
    pinfo->fragmented = s->fragmented;
}

void
show_inner(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct record *r)
{
    tvbuff_t *inner = tvb_new_child_real_data(tvb, r->clear, (unsigned)r->clear_len, (int)r->clear_len);
    dissector_table_t by_protocol = find_dissector_table("ip.proto");
    struct saved before = save(pinfo);
    ws_bool writable = col_get_writable(pinfo->cinfo, -1);

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
    restore(pinfo, &before);
}
