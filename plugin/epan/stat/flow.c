/* flow.c - the flow graph of IPsec, -z flow,espial,standard: IKE messages, where the
 * traffic of each SPI begins and ends, and where a finding became known.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"
#include "sequence.h"

#include <espial/points.h>

#define NOISE_S 0.001           /* of clocks that were compared */

/* A packet in all its sightings: one where the capture has one point. */
struct way {
    const struct points *p;     /* NULL: one point, or not yet known */
    uint32_t frames[POINTS_MAX], frame;
    size_t num;
    const struct passage *lost; /* behind the last one; NULL */
    double time;                /* of the first one, by one clock; epoch seconds */
};

static struct way
way_of(uint32_t frame, bool visited)
{
    const struct points *p = sadb_points(capture_db());
    struct way w = { .frames = { frame }, .frame = frame, .num = 1 };
    size_t num = visited && points_meet(p) ? points_sightings(p, frame, w.frames) : 0;

    if (!num) {
        w.frames[0] = frame;
        return w;
    }
    w.num = num;
    w.p = points_when(p, w.frames[0], &w.time) ? p : NULL;
    for (size_t i = 0; i < num && !w.lost; i++) {
        w.lost = points_lost_on(p, w.frames[i], false);
    }
    return w;
}

static void
separate(GString *comment)
{
    if (comment->len) {
        g_string_append(comment, "; ");
    }
}

/* What became known at this frame, of this severity. */
static void
add_findings_of(GString *comment, uint32_t frame, int severity)
{
    const GArray *ids = findings_of_frame(capture_findings(), frame);

    for (guint i = 0; ids && i < ids->len; i++) {
        const struct finding *f = findings_get(capture_findings(), g_array_index(ids, uint32_t, i));
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

/* The same of these severities, the worst first, wherever the packet was seen. */
static void
add_findings(GString *comment, const struct way *w, int from, int to)
{
    for (int severity = from; severity >= to; severity--) {
        for (size_t i = 0; i < w->num; i++) {
            add_findings_of(comment, w->frames[i], severity);
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
             *copy;
        g_string_append(comment, capture_text(frame, &copy));
        g_free(copy);
        g_free(frame);
    }
    if (r->ike_sa == NO_ID || r->exchange == NO_ID || !r->message) {
        return g_strdup("IKE message of no SA");
    }
    return head_of(r->message, content);
}

/* Which of its points saw the packet, and where it was lost. */
static void
add_sightings(GString *comment, const struct way *w)
{
    for (size_t i = 0; w->p && i < w->num; i++) {
        uint32_t here = capture_frame_here(w->frames[i]);
        char *name = here ? g_strdup_printf("%u", here) : capture_frame_name(w->frames[i]);
        g_string_append_printf(comment, "%s%s %s", i ? ", " : comment->len ? "; " : "",
                               points_of_frame(w->p, w->frames[i])->name, name);
        g_free(name);
    }
}

static void
add_lost(GString *comment, const struct way *w)
{
    if (w->lost) {
        separate(comment);
        g_string_append_printf(comment, "lost between %s and %s",
                               points_get(w->p, w->lost->from)->name,
                               points_get(w->p, w->lost->to)->name);
    }
}

/* NULL for a packet in the middle that nothing is said of.  The last one is known only
 * once all have been seen. */
static char *
packet_label(const struct record *r, GString *comment, const struct way *w, bool visited)
{
    const struct stream *s = sadb_stream(capture_db(), r->stream);
    bool first = s->first_frame == w->frame, last = visited && s->last_frame == w->frame,
         told = false;

    for (size_t k = 0; k < w->num; k++) {
        const GArray *ids = findings_of_frame(capture_findings(), w->frames[k]);
        for (guint i = 0; ids && i < ids->len; i++) {
            told |= findings_get(capture_findings(), g_array_index(ids, uint32_t, i))->frame ==
                    w->frames[k];
        }
    }
    if (!first && !last && !told) {
        return NULL;
    }
    if (r->child != NO_ID) {
        g_string_append_printf(comment, "Child SA %u, ", r->child);
    }
    if (w->lost && !r->packet) {
        g_string_append(comment, "a packet");       /* which did not come to the first point */
    } else {
        g_string_append_printf(comment, last && !first ? "packet %u, the last" : "packet %u",
                               r->packet);
    }
    return g_strdup_printf("%s %08x", s->protocol == PROTO_AH ? "AH" : "ESP", s->spi);
}

static void
set_ip_address(address *to, const struct ip_addr *ip)
{
    free_address(to);
    alloc_address_wmem(NULL, to, ip->family == 6 ? AT_IPv6 : AT_IPv4, (int)ip_len(ip), ip->bytes);
}

/* Who sent it and whom it reached, or would have, beyond what translates addresses in between. */
static void
widen(const struct way *w, address *src, address *dst)
{
    struct rewriting ends = { .num = 0 };

    if (w->p) {
        points_rewritten(w->p, w->frames[0], w->frames[w->num - 1], &ends);
    }
    if (ends.src[0].family) {
        set_ip_address(src, &ends.src[0]);
        set_ip_address(dst, &ends.dst[1]);
    }
}

static void
put_address(address *to, const address *from)
{
    free_address(to);
    copy_address(to, from);
}

/* Files whose clocks are apart follow each other: their packets are put in order of one clock. */
static void
put_in_order(seq_analysis_info_t *graph, seq_analysis_item_t *arrow, const struct way *w)
{
    uint32_t before = w->frame - arrow->frame_number;   /* frames of the files before this one */
    GList *at = graph->items->tail;

    while (w->p && at) {
        const struct way other =
            way_of(before + ((const seq_analysis_item_t *)at->data)->frame_number, true);
        if (!other.p || other.time <= w->time) {
            break;
        }
        at = at->prev;
    }
    if (at || !w->p) {
        g_queue_insert_after(graph->items, at, arrow);
    } else {
        g_queue_push_head(graph->items, arrow);
    }
    if (w->p) {
        double time = w->time - sadb_first_time(capture_db());
        g_free(arrow->time_str);
        arrow->time_str = g_strdup_printf("%.6f", time < 0 && time > -NOISE_S ? 0 : time);
    }
}

static void
add_arrow(seq_analysis_info_t *graph, packet_info *pinfo, const struct frame_records *all,
          const struct record *r, const struct way *w, char *label, char *comment)
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
    put_address(&arrow->src_addr, &src);
    put_address(&arrow->dst_addr, &dst);
    widen(w, &arrow->src_addr, &arrow->dst_addr);
    arrow->port_src = s ? s->src_port : (uint16_t)pinfo->srcport;
    arrow->port_dst = s ? s->dst_port : (uint16_t)pinfo->destport;
    arrow->frame_number = pinfo->num;
    arrow->frame_label = w->lost ? g_strconcat(label, ", lost", NULL) : g_strdup(label);
    g_free(label);
    arrow->comment = comment;
    arrow->line_style = 1;
    arrow->conv_num = (uint16_t)(r->ike_sa != NO_ID ? r->ike_sa : 0);
    arrow->display = 1;
    sequence_analysis_use_color_filter(pinfo, arrow);
    put_in_order(graph, arrow, w);
}

/* A packet is shown once, whoever saw it too. */
static tap_packet_status
on_packet(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped,
          tap_flags_t flags _U_)
{
    seq_analysis_info_t *graph = (seq_analysis_info_t *)data;
    const struct frame_records *all = (const struct frame_records *)tapped;
    struct way w;

    if (!all || points_copy_of(sadb_points(capture_db()), capture_frame(pinfo))) {
        return TAP_PACKET_DONT_REDRAW;
    }
    w = way_of(capture_frame(pinfo), all->visited);
    for (unsigned i = 0; i < all->num; i++) {
        const struct record *r = all->at[i];
        const struct way nothing = { .num = 0 }, *told = i == 0 ? &w : &nothing;
        GString *comment = g_string_new(NULL);
        char *label = NULL;
        /* The graph's comments are cut at its edge: which it is, then what matters. */
        if (r->kind == RECORD_IPSEC && r->stream != NO_ID) {
            label = packet_label(r, comment, &w, all->visited);
        } else if (r->kind == RECORD_IKE) {
            add_sas(comment, r, true);
        }
        add_lost(comment, &w);
        add_findings(comment, told, SEV_ERROR, SEV_NOTE);
        if (r->kind == RECORD_IKE) {
            label = message_label(r, comment);
        }
        if (label) {
            add_findings(comment, told, SEV_CHAT, SEV_CHAT);
            add_sightings(comment, &w);
            add_arrow(graph, pinfo, all, r, &w, label, g_string_free(comment, FALSE));
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
