/* conversation.c - Conversations and Endpoints of IPsec, one conversation for each Child SA, IKE SA
 * and stream of no SA between its outer addresses; the conversation filters of a packet.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"

static int proto_espial = -1, tap_ike = -1, tap_stream = -1;

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

/* --- tables: a tab for each kind, whose ports are the numbers of SAs ---------------------- */

enum kind { KIND_CHILD,
            KIND_IKE,
            KIND_STREAM,
            NUM_KINDS };

/* Ports are shown, and filtered by, as numbers: of a type of Wireshark's that gives them no names.
 */
enum { NUMBERED = CONVERSATION_NCP };

static const char *
filter_of(const address *a, conv_filter_type_e type, enum kind kind)
{
    static const char *const names[][3] = { { "ip.src", "ip.dst", "ip.addr" },
                                            { "ipv6.src", "ipv6.dst", "ipv6.addr" } };
    static const char *const numbers[] = { "espial.child_sa", "espial.ike_sa", "espial.stream" };

    if (type == CONV_FT_SRC_PORT || type == CONV_FT_DST_PORT || type == CONV_FT_ANY_PORT) {
        return numbers[kind];
    }
    if ((a->type != AT_IPv4 && a->type != AT_IPv6) || type > CONV_FT_ANY_ADDRESS) {
        return CONV_FILTER_INVALID;
    }
    return names[a->type == AT_IPv6][type];
}

static const char *
child_conversation(conv_item_t *item, conv_filter_type_e type)
{
    return filter_of(&item->src_address, type, KIND_CHILD);
}
static const char *
ike_conversation(conv_item_t *item, conv_filter_type_e type)
{
    return filter_of(&item->src_address, type, KIND_IKE);
}
static const char *
stream_conversation(conv_item_t *item, conv_filter_type_e type)
{
    return filter_of(&item->src_address, type, KIND_STREAM);
}

static const char *
child_endpoint(endpoint_item_t *item, conv_filter_type_e type)
{
    return filter_of(&item->myaddress, type, KIND_CHILD);
}
static const char *
ike_endpoint(endpoint_item_t *item, conv_filter_type_e type)
{
    return filter_of(&item->myaddress, type, KIND_IKE);
}
static const char *
stream_endpoint(endpoint_item_t *item, conv_filter_type_e type)
{
    return filter_of(&item->myaddress, type, KIND_STREAM);
}

static ct_dissector_info_t conversation_info[] = { { child_conversation },
                                                   { ike_conversation },
                                                   { stream_conversation } };
static et_dissector_info_t endpoint_info[] = { { child_endpoint },
                                               { ike_endpoint },
                                               { stream_endpoint } };

/* NO_ID for a record that is of another kind.  Streams are those of no SA. */
static uint32_t
number_of(const struct record *r, enum kind kind)
{
    if (r->kind != RECORD_IPSEC) {
        return kind == KIND_IKE && r->kind == RECORD_IKE ? r->ike_sa : NO_ID;
    }
    return kind == KIND_CHILD                       ? r->child :
           kind == KIND_STREAM && r->child == NO_ID ? r->stream :
                                                      NO_ID;
}

/* One row for each pair of ends of an SA, or for each end. */
static tap_packet_status
count(conv_hash_t *hash, packet_info *pinfo, const struct frame_records *all, tap_flags_t flags,
      enum kind kind, bool ends)
{
    int octets = (int)pinfo->fd->pkt_len;

    hash->flags = flags;
    for (unsigned i = 0; all && i < all->num; i++) {
        uint32_t n = number_of(all->at[i], kind);
        address src, dst;
        if (n == NO_ID) {
            continue;
        }
        record_addresses(all, all->at[i], &src, &dst);
        if (ends) {
            add_endpoint_table_data(hash, &src, n, TRUE, 1, octets, &endpoint_info[kind],
                                    (endpoint_type)NUMBERED);
            add_endpoint_table_data(hash, &dst, n, FALSE, 1, octets, &endpoint_info[kind],
                                    (endpoint_type)NUMBERED);
        } else {
            add_conversation_table_data_with_conv_id(
                hash, &src, &dst, n, n, n, 1, octets, &pinfo->rel_ts, &pinfo->abs_ts,
                &conversation_info[kind], (conversation_type)NUMBERED);
        }
    }
    return TAP_PACKET_REDRAW;
}

#define CALLBACKS(name, kind) \
    static tap_packet_status name##_conversations(void *table, packet_info *pinfo, \
                                                  epan_dissect_t *edt _U_, const void *data, \
                                                  tap_flags_t flags) \
    { \
        return count((conv_hash_t *)table, pinfo, (const struct frame_records *)data, flags, kind, \
                     false); \
    } \
    static tap_packet_status name##_endpoints(void *table, packet_info *pinfo, \
                                              epan_dissect_t *edt _U_, const void *data, \
                                              tap_flags_t flags) \
    { \
        return count((conv_hash_t *)table, pinfo, (const struct frame_records *)data, flags, kind, \
                     true); \
    }
CALLBACKS(child, KIND_CHILD)
CALLBACKS(ike, KIND_IKE)
CALLBACKS(stream, KIND_STREAM)
#undef CALLBACKS

bool
stat_conversation_wanted(void)
{
    return have_tap_listener(tap_ike) || have_tap_listener(tap_stream);
}

void
stat_conversation_queue(packet_info *pinfo, const struct frame_records *records)
{
    tap_queue_packet(tap_ike, pinfo, records);
    tap_queue_packet(tap_stream, pinfo, records);
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
    int ike = proto_register_protocol("Espial IKE SAs", "ESPIAL-IKE", "espial_ike"),
        stream = proto_register_protocol("Espial streams of no SA", "ESPIAL-STREAM",
                                         "espial_stream");

    proto_espial = proto;
    tap_ike = register_tap("espial_ike"); /* named as the tables' protocols */
    tap_stream = register_tap("espial_stream");
    register_conversation_table(proto, FALSE, child_conversations, child_endpoints);
    register_conversation_table(ike, FALSE, ike_conversations, ike_endpoints);
    register_conversation_table(stream, FALSE, stream_conversations, stream_endpoints);
    compat_conversation_filter("espial", "IKE SA", has_ike_sa, ike_sa_filter);
    compat_conversation_filter("espial", "Child SA", has_child_sa, child_sa_filter);
}
