/* tree.c - the tree of counts, -z espial,tree.  Wireshark opens a tree from a menu of its own
 * alone: the window is the table of table_counts.c.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"

#include <stdio.h>

/* Wireshark looks for a new node's place among all its brothers: beyond so many they are
 * counted together. */
enum { SAS_SHOWN = 5000, STREAMS_SHOWN = 4 * SAS_SHOWN };

static int sas_node, exchanges_node, findings_node;
static const char sas[] = "SAs", exchanges[] = "IKE messages", found[] = "Packets with findings";
/* The window sorts by name: the worst first. */
static const char *const severities[] = { "4. State changes", "3. Notes", "2. Warnings",
                                          "1. Errors" };

static void
begin(stats_tree *st)
{
    sas_node = stats_tree_create_node(st, sas, 0, STAT_DT_INT, TRUE);
    exchanges_node = stats_tree_create_node(st, exchanges, 0, STAT_DT_INT, TRUE);
    findings_node = stats_tree_create_node(st, found, 0, STAT_DT_INT, TRUE);
    for (int severity = SEV_ERROR; severity >= SEV_CHAT; severity--) {
        stats_tree_create_node(st, severities[severity], findings_node, STAT_DT_INT, TRUE);
    }
}

/* A node is its name, one with children in the whole tree: only what never changes of an SA
 * may be in it. */
static int
count_ike_sa(stats_tree *st, const struct record *r)
{
    const struct ike_sa *sa = sadb_ike_sa(capture_db(), r->ike_sa);
    char name[64] = "ESP and AH of no SA";

    if (sa && sa->id >= SAS_SHOWN) {
        snprintf(name, sizeof name, "IKE SA %u and above", (unsigned)SAS_SHOWN);
    } else if (sa) {
        snprintf(name, sizeof name, "IKE SA %u (IKEv%u, SPI %016" G_GINT64_MODIFIER "x)", sa->id,
                 sa->major, ike_spi_number(sa->spi_i));
    }
    tick_stat_node(st, sas, 0, TRUE);
    return tick_stat_node(st, name, sas_node, TRUE);
}

static void
count_message(stats_tree *st, const struct record *r, int sa_node)
{
    const struct ike_sa *sa = sadb_ike_sa(capture_db(), r->ike_sa);
    char name[64] = "Not believed";
    int node;

    if (sa && r->exchange != NO_ID) {
        const struct exchange *x = sa->exchanges.at[r->exchange];
        exchange_name(sa->major, x->type, name, sizeof name);
    }
    tick_stat_node(st, name, sa_node, FALSE);
    tick_stat_node(st, exchanges, 0, TRUE);
    node = tick_stat_node(st, name, exchanges_node, TRUE);
    if (r->retransmission_of) {
        tick_stat_node(st, "Retransmissions", node, FALSE);
    }
}

static void
count_packet(stats_tree *st, const struct record *r, int sa_node)
{
    const struct stream *s = sadb_stream(capture_db(), r->stream);
    char name[64], a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX], stream[2 * ADDR_TEXT_MAX + 32];
    int node = sa_node;

    if (s->id >= STREAMS_SHOWN) {
        tick_stat_node(st, "Further streams", sa_node, FALSE);
        return;
    }
    if (r->child != NO_ID) {
        snprintf(name, sizeof name, "Child SA %u", r->child);
        node = tick_stat_node(st, name, sa_node, TRUE);
    }
    snprintf(stream, sizeof stream, "%s %08x, %s to %s", s->protocol == PROTO_AH ? "AH" : "ESP",
             s->spi, ip_print(&s->src, a, sizeof a), ip_print(&s->dst, b, sizeof b));
    tick_stat_node(st, stream, node, FALSE);
}

/* All under a node are part of it, so each counts packets: one with two findings of a severity, or
 * of a check, once. */
static void
count_findings(stats_tree *st, const GArray *ids)
{
    int nodes[] = { -1, -1, -1, -1 };

    for (guint i = 0; ids && i < ids->len; i++) {
        const struct finding *f =
            findings_get(capture_findings(), g_array_index(ids, uint32_t, i));
        bool told = false;
        for (guint k = 0; k < i && !told; k++) {
            const struct finding *other =
                findings_get(capture_findings(), g_array_index(ids, uint32_t, k));
            told = other->check == f->check && other->severity == f->severity;
        }
        if (nodes[f->severity] < 0) {
            nodes[f->severity] = tick_stat_node(st, severities[f->severity], findings_node, TRUE);
        }
        if (!told) {
            tick_stat_node(st, checks[f->check].name, nodes[f->severity], FALSE);
        }
    }
    if (ids) {
        tick_stat_node(st, found, 0, TRUE);
    }
}

static tap_packet_status
on_packet(stats_tree *st, packet_info *pinfo, epan_dissect_t *edt _U_, const void *data,
          tap_flags_t flags _U_)
{
    const struct frame_records *all = (const struct frame_records *)data;

    for (unsigned i = 0; all && i < all->num; i++) {
        const struct record *r = all->at[i];
        if (r->kind == RECORD_IKE) {
            count_message(st, r, count_ike_sa(st, r));
        } else if (r->stream != NO_ID) {
            count_packet(st, r, count_ike_sa(st, r));
        }
    }
    count_findings(st, findings_of_frame(capture_findings(), capture_frame(pinfo)));
    return TAP_PACKET_REDRAW;
}

void
stat_tree_handoff(void)
{
    /* As a tree of Wireshark's own, which has no entry in a menu but what a menu gives it. */
    stats_tree_register("espial", "espial", "IPsec Counts", ST_SORT_COL_NAME << ST_FLG_SRTCOL_SHIFT,
                        on_packet, begin, NULL);
}
