/* host.c - what Wireshark knows of a frame, for the feed: its octets, where it was captured, and
 * what the dissectors made of it.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"
#include "wiretap_frame.h"

static int id_isakmp, id_esp, id_ah, id_udpencap, id_icmp, id_icmpv6;

void
host_handoff(void)
{
    id_isakmp = compat_ike_protocol();
    id_esp = proto_registrar_get_id_byname("esp");
    id_ah = proto_registrar_get_id_byname("ah");
    id_udpencap = proto_registrar_get_id_byname("udpencap");
    id_icmp = proto_registrar_get_id_byname("icmp");
    id_icmpv6 = proto_registrar_get_id_byname("icmpv6");
}

/* The layers that were sent, not those that an ICMP error quotes; Wireshark does not say of which
 * datagram of a frame. */
static unsigned
layers(void *context, const struct frame_part *part _U_)
{
    const packet_info *pinfo = (const packet_info *)context;
    unsigned seen = 0;

    for (wmem_list_frame_t *f = wmem_list_head(pinfo->layers); f; f = wmem_list_frame_next(f)) {
        int id = GPOINTER_TO_INT(wmem_list_frame_data(f));
        if (id == id_icmp || id == id_icmpv6) {
            break;
        }
        seen |= (id == id_isakmp ? FEED_IKE : 0u) | (id == id_esp ? FEED_ESP : 0u) |
                (id == id_ah ? FEED_AH : 0u) | (id == id_udpencap ? FEED_UDPENCAP : 0u);
    }
    return seen;
}

static struct octets
octets_of(tvbuff_t *tvb)
{
    struct octets o = { NULL, tvb_captured_length(tvb), tvb_reported_length(tvb) };

    o.captured = MIN(o.captured, o.reported);
    o.at = o.captured ? tvb_get_ptr(tvb, 0, (int)o.captured) : NULL;
    return o;
}

/* The n-th of the frame's data sources whose name begins so; the first of all is the frame. */
static bool
source(const packet_info *pinfo, const char *name, unsigned n, struct octets *out)
{
    for (GSList *l = pinfo->data_src ? pinfo->data_src->next : NULL; l; l = l->next) {
        struct data_source *s = (struct data_source *)l->data;
        char *is = compat_data_source_name(s);
        bool same = g_str_has_prefix(is, name);
        wmem_free(NULL, is);
        if (same && n-- == 0) {
            *out = octets_of(get_data_source_tvb(s));
            return out->at != NULL;
        }
    }
    return false;
}

static bool
joined(void *context, const struct frame_part *fragment, unsigned n, struct octets *out)
{
    return source((const packet_info *)context,
                  fragment->src.family == 6 ? "Reassembled IPv6" : "Reassembled IPv4", n, out);
}

static bool
joined_ike(void *context, const struct frame_part *fragment _U_, struct octets *out)
{
    return source((const packet_info *)context, "Reassembled ISAKMP", 0, out);
}

static bool
decrypted(void *context, struct octets *out)
{
    return source((const packet_info *)context, "Decrypted Data", 0, out);
}

static void *
alloc(void *context, size_t size, enum feed_life life)
{
    return wmem_alloc0(life == FEED_FRAME ? ((packet_info *)context)->pool : wmem_file_scope(),
                       size);
}

struct record *
host_read_frame(struct feed *feed, tvbuff_t *tvb, packet_info *pinfo, bool visited, bool detailed,
                struct record **kept)
{
    const struct feed_host host = { .context = pinfo,
                                    .layers = layers,
                                    .joined = joined,
                                    .joined_ike = joined_ike,
                                    .decrypted = decrypted,
                                    .alloc = alloc,
                                    .point_name = host_point_name,
                                    .show_inner = prefs_show_inner() };
    struct feed_frame frame = { .number = pinfo->num };

    host_sighting(pinfo, &frame);
    if (pinfo->rec->rec_type == REC_TYPE_PACKET) {
        frame.link = wiretap_link(pinfo->rec->rec_header.packet_header.pkt_encap);
        frame.octets = octets_of(tvb);
    }
    return feed_frame(feed, &frame, &host, visited, detailed, kept);
}
