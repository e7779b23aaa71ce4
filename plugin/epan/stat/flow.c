/* flow.c - the flow graph of IPsec, -z flow,espial,standard: IKE messages, where the
 * traffic of each SPI begins and ends, and where a finding became known.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"
#include "sequence.h"

static void
separate(GString *comment)
{
    if (comment->len) {
        g_string_append(comment, "; ");
    }
}

/* What became known at this frame, of these severities, the worst first. */
static void
add_findings(GString *comment, const GArray *ids, uint32_t frame, int from, int to)
{
    for (int severity = from; ids && severity >= to; severity--) {
        for (guint i = 0; i < ids->len; i++) {
            const struct finding *f =
                findings_get(capture_findings(), g_array_index(ids, uint32_t, i));
            if ((int)checks[f->check].severity != severity || f->frame != frame) {
                continue;
            }
            separate(comment);
            g_string_append(comment, checks[f->check].title);
            if (severity == SEV_CHAT && f->child_sa != NO_ID) {
                g_string_append_printf(comment, " (Child SA %u)", f->child_sa);
            }
        }
    }
}

/* The head of what the message says, without what has no room above an arrow. */
static char *
head_of(const char *message, const char *content)
{
    static const char spare[] = " message ";
    char *head = content ? g_strndup(message, (gsize)(content - message)) : g_strdup(message);
    char *at = strstr(head, spare);

    if (at) {
        memmove(at + 1, at + strlen(spare), strlen(at + strlen(spare)) + 1);
    }
    return head;
}

/* The SAs of a message, those of which the capture has several or only one.  Which of several it is
 * comes first, as the graph cuts a comment at its edge; one that is alone can be missed. */
static void
add_sas(GString *comment, const struct record *r, bool several)
{
    if (r->exchange != NO_ID && r->ike_sa != NO_ID &&
        several == (sadb_num_ike_sas(capture_db()) > 1)) {
        separate(comment);
        g_string_append_printf(comment, "IKE SA %u", r->ike_sa);
    }
    if (r->child != NO_ID && several == (sadb_num_child_sas(capture_db()) > 1)) {
        separate(comment);
        g_string_append_printf(comment, "Child SA %u", r->child);
    }
}

/* The message's head is the label, its content the comment. */
static char *
message_label(const struct record *r, GString *comment)
{
    const char *content = r->message ? strstr(r->message, ": ") : NULL;

    if (content) {
        separate(comment);
        g_string_append(comment, content + 2);
    }
    add_sas(comment, r, false);
    if (r->retransmission_of) {
        separate(comment);
        char *frame = g_strdup_printf("sent again, first in frame %u", r->retransmission_of),
             *here = capture_text(frame);
        g_string_append(comment, here);
        g_free(here);
        g_free(frame);
    }
    if (r->ike_sa == NO_ID || r->exchange == NO_ID || !r->message) {
        return g_strdup("IKE message of no SA");
    }
    return head_of(r->message, content);
}

/* NULL for a packet in the middle that nothing is said of.  The last one is known only
 * once all have been seen. */
static char *
packet_label(const struct record *r, GString *comment, uint32_t frame, bool visited,
             const GArray *ids)
{
    const struct stream *s = sadb_stream(capture_db(), r->stream);
    bool first = s->first_frame == frame, last = visited && s->last_frame == frame, told = false;

    for (guint i = 0; ids && i < ids->len; i++) {
        const struct finding *f = findings_get(capture_findings(), g_array_index(ids, uint32_t, i));
        told |= f->frame == frame;
    }
    if (!first && !last && !told) {
        return NULL;
    }
    if (r->child != NO_ID) {
        g_string_append_printf(comment, "Child SA %u, ", r->child);
    }
    g_string_append_printf(comment, last && !first ? "packet %u, the last" : "packet %u",
                           r->packet);
    return g_strdup_printf("%s %08x", s->protocol == PROTO_AH ? "AH" : "ESP", s->spi);
}

static void
add_arrow(seq_analysis_info_t *graph, packet_info *pinfo, const struct frame_records *all,
          const struct record *r, char *label, char *comment)
{
    seq_analysis_item_t *arrow = sequence_analysis_create_sai_with_addresses(pinfo, graph);
    const struct stream *s = r->stream == NO_ID ? NULL : sadb_stream(capture_db(), r->stream);
    address src, dst;

    if (!arrow) {
        g_free(label);
        g_free(comment);
        return;
    }
    record_addresses(all, r, &src, &dst);
    free_address(&arrow->src_addr);
    free_address(&arrow->dst_addr);
    copy_address(&arrow->src_addr, &src);
    copy_address(&arrow->dst_addr, &dst);
    arrow->port_src = s ? s->src_port : (uint16_t)pinfo->srcport;
    arrow->port_dst = s ? s->dst_port : (uint16_t)pinfo->destport;
    arrow->frame_number = pinfo->num;
    arrow->frame_label = label;
    arrow->comment = comment;
    arrow->line_style = 1;
    arrow->conv_num = (uint16_t)(r->ike_sa != NO_ID ? r->ike_sa : 0);
    arrow->display = 1;
    sequence_analysis_use_color_filter(pinfo, arrow);
    g_queue_push_tail(graph->items, arrow);
}

static tap_packet_status
on_packet(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped,
          tap_flags_t flags _U_)
{
    seq_analysis_info_t *graph = (seq_analysis_info_t *)data;
    const struct frame_records *all = (const struct frame_records *)tapped;
    const GArray *ids = findings_of_frame(capture_findings(), capture_frame(pinfo));

    for (unsigned i = 0; all && i < all->num; i++) {
        const struct record *r = all->at[i];
        GString *comment = g_string_new(NULL);
        char *label = NULL;
        /* The graph's comments are cut at its edge: which it is, then what matters. */
        if (r->kind == RECORD_IPSEC && r->stream != NO_ID) {
            label = packet_label(r, comment, capture_frame(pinfo), all->visited, ids);
        } else if (r->kind == RECORD_IKE) {
            add_sas(comment, r, true);
        }
        add_findings(comment, i == 0 ? ids : NULL, capture_frame(pinfo), SEV_ERROR, SEV_NOTE);
        if (r->kind == RECORD_IKE) {
            label = message_label(r, comment);
        }
        if (label) {
            add_findings(comment, i == 0 ? ids : NULL, capture_frame(pinfo), SEV_CHAT, SEV_CHAT);
            add_arrow(graph, pinfo, all, r, label, g_string_free(comment, FALSE));
        } else {
            g_string_free(comment, TRUE);
        }
    }
    return TAP_PACKET_REDRAW;
}

void
stat_flow_register(int proto)
{
    register_seq_analysis("espial", "IPsec SAs", proto, "espial", TL_REQUIRES_NOTHING, on_packet);
}
