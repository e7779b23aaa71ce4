/* conversation.c - Conversations and Endpoints of IPsec, one conversation for each SA
 * between its outer addresses; the conversation filters of a packet.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"

static int proto_espial = -1;

static void
set_ip(address *out, const struct ip_addr *a)
{
    if (a->family) {
        set_address(out, a->family == 4 ? AT_IPv4 : AT_IPv6, (int)ip_len(a), a->bytes);
    } else {
        clear_address(out);
    }
}

/* What pinfo has after ESP was opened are the inner addresses. */
void
record_addresses(const struct frame_records *all, const struct record *r, address *src,
                 address *dst)
{
    const struct stream *s = r->stream == NO_ID ? NULL : sadb_stream(capture_db(), r->stream);

    if (s) {
        set_ip(src, &s->src);
        set_ip(dst, &s->dst);
    } else {
        copy_address_shallow(src, &all->src);
        copy_address_shallow(dst, &all->dst);
    }
}

/* --- tables ---------------------------------------------------------------------- */

static const char *
address_filter(const address *a, conv_filter_type_e type)
{
    static const char *const names[][3] = { { "ip.src", "ip.dst", "ip.addr" },
                                            { "ipv6.src", "ipv6.dst", "ipv6.addr" } };

    if ((a->type != AT_IPv4 && a->type != AT_IPv6) || type > CONV_FT_ANY_ADDRESS) {
        return CONV_FILTER_INVALID;
    }
    return names[a->type == AT_IPv6][type];
}

static const char *
conversation_filter(conv_item_t *item, conv_filter_type_e type)
{
    return address_filter(&item->src_address, type);
}

static const char *
endpoint_filter(endpoint_item_t *item, conv_filter_type_e type)
{
    return address_filter(&item->myaddress, type);
}

static ct_dissector_info_t conversation_info = { conversation_filter };
static et_dissector_info_t endpoint_info = { endpoint_filter };

/* Each SA is one conversation, and so is each stream that belongs to no SA. */
static conv_id_t
conversation_of(const struct record *r)
{
    if (r->kind == RECORD_IPSEC) {
        return r->child != NO_ID ? 2 * r->child + 1 : 1u << 31 | r->stream;
    }
    return 2 * r->ike_sa;
}

static bool
counts(const struct record *r)
{
    return r->kind == RECORD_IKE ? r->ike_sa != NO_ID : r->stream != NO_ID;
}

/* One row for each pair of ends, or for each end. */
static tap_packet_status
count(conv_hash_t *hash, packet_info *pinfo, const struct frame_records *all, tap_flags_t flags,
      bool ends)
{
    int octets = (int)pinfo->fd->pkt_len;

    hash->flags = flags;
    for (unsigned i = 0; all && i < all->num; i++) {
        address src, dst;
        if (!counts(all->at[i])) {
            continue;
        }
        record_addresses(all, all->at[i], &src, &dst);
        if (ends) {
            add_endpoint_table_data(hash, &src, 0, TRUE, 1, octets, &endpoint_info, ENDPOINT_NONE);
            add_endpoint_table_data(hash, &dst, 0, FALSE, 1, octets, &endpoint_info, ENDPOINT_NONE);
        } else {
            add_conversation_table_data_with_conv_id(
                hash, &src, &dst, 0, 0, conversation_of(all->at[i]), 1, octets, &pinfo->rel_ts,
                &pinfo->abs_ts, &conversation_info, CONVERSATION_NONE);
        }
    }
    return TAP_PACKET_REDRAW;
}

static tap_packet_status
on_conversation(void *table, packet_info *pinfo, epan_dissect_t *edt _U_, const void *data,
                tap_flags_t flags)
{
    return count((conv_hash_t *)table, pinfo, (const struct frame_records *)data, flags, false);
}

static tap_packet_status
on_endpoint(void *table, packet_info *pinfo, epan_dissect_t *edt _U_, const void *data,
            tap_flags_t flags)
{
    return count((conv_hash_t *)table, pinfo, (const struct frame_records *)data, flags, true);
}

/* --- filters ---------------------------------------------------------------------- */

static uint32_t
shown_sa(packet_info *pinfo, bool child)
{
    const struct frame_records *all = (const struct frame_records *)p_get_proto_data(
        pinfo->pool, pinfo, proto_espial, FRAME_RECORDS);

    for (unsigned i = 0; all && i < all->num; i++) {
        uint32_t id = child ? all->at[i]->child : all->at[i]->ike_sa;
        if (id != NO_ID) {
            return id;
        }
    }
    return NO_ID;
}

static ws_bool
has_ike_sa(packet_info *pinfo CF_USER)
{
    return shown_sa(pinfo, false) != NO_ID;
}

static ws_bool
has_child_sa(packet_info *pinfo CF_USER)
{
    return shown_sa(pinfo, true) != NO_ID;
}

static char *
ike_sa_filter(packet_info *pinfo CF_USER)
{
    return g_strdup_printf("espial.ike_sa == %u", shown_sa(pinfo, false));
}

static char *
child_sa_filter(packet_info *pinfo CF_USER)
{
    return g_strdup_printf("espial.child_sa == %u", shown_sa(pinfo, true));
}

void
stat_conversation_register(int proto)
{
    proto_espial = proto;
    register_conversation_table(proto, TRUE, on_conversation, on_endpoint);
    compat_conversation_filter("espial", "IKE SA", has_ike_sa, ike_sa_filter);
    compat_conversation_filter("espial", "Child SA", has_child_sa, child_sa_filter);
}
