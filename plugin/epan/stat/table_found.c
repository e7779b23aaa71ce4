/* table_found.c - Statistics > IPsec (Espial) > Findings and Diagnoses, -z espial,finding_table and
 * -z espial,diagnosis_table.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "table.h"

#include "capture.h"

#include <stdio.h>

static struct rows found_rows, diagnosed_rows;

/* --- findings ---------------------------------------------------------------------------- */

enum {
    F_SEVERITY,
    F_TIME,
    F_SA,
    F_PEERS,
    F_CHECK,
    F_REMEDY,
    F_DETAIL,
    F_FIRST,
    F_PACKETS,
    F_BASIS,
    NUM_F_FIELDS
};
static stat_tap_table_item found_fields[NUM_F_FIELDS] = {
    [F_SEVERITY] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Severity", "%-9s" },
    [F_TIME] = { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Time (s)", "%9s" },
    [F_SA] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "SA", "%-10s" },
    [F_PEERS] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Peers", "%-36s" },
    [F_CHECK] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Finding", "%-24s" },
    [F_REMEDY] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Remedy", "%s" },
    [F_DETAIL] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Detail", "%s" },
    [F_FIRST] = { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "First frame", "%11u" },
    [F_PACKETS] = { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Packets", "%7u" },
    [F_BASIS] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Basis", "%-10s" },
};

/* Which SA a finding is about, and between whom; of one about the path or the peers, the SA of its
 * packet. */
static void
put_whose(stat_tap_table *table, unsigned row, const struct finding *f,
          const struct frame_records *all)
{
    uint32_t ike_sa = f->ike_sa == NO_ID && f->stream == NO_ID && all ? all->at[0]->ike_sa :
                                                                        f->ike_sa;
    const struct ike_sa *sa = sadb_ike_sa(capture_db(), ike_sa);
    const struct stream *s = f->stream == NO_ID ? NULL : sadb_stream(capture_db(), f->stream);
    char name[32], a[ID_TEXT_MAX], b[ID_TEXT_MAX], peers[2 * ID_TEXT_MAX + 8];

    if (f->child_sa != NO_ID) {
        snprintf(name, sizeof name, "Child SA %u", f->child_sa);
    } else if (sa) {
        snprintf(name, sizeof name, "IKE SA %u", sa->id);
    } else if (s) {
        snprintf(name, sizeof name, "Stream %u", f->stream);
    } else {
        return;
    }
    table_set_text(table, row, F_SA, name);
    if (sa) {
        endpoint_print(&sa->initiator, a, sizeof a);
        endpoint_print(&sa->responder, b, sizeof b);
    } else if (s) {
        ip_print(&s->src, a, sizeof a);
        ip_print(&s->dst, b, sizeof b);
    } else {
        return;
    }
    snprintf(peers, sizeof peers, "%s to %s", a, b);
    table_set_text(table, row, F_PEERS, peers);
}

static void
put_finding(const stat_tap_table_ui *ui, const struct finding *f,
            const struct frame_records *all, double seconds)
{
    stat_tap_table *table = table_of(ui);
    unsigned num = found_rows.num;
    unsigned row = table_row_by_severity(&found_rows, table, f->id, f->severity, ui);

    if (found_rows.num > num) {
        table_set_time(table, row, F_TIME, seconds);
    }
    table_set_severity(table, row, F_SEVERITY, f->severity);
    put_whose(table, row, f, all);
    table_set_text(table, row, F_CHECK, checks[f->check].name);
    table_set_text(table, row, F_REMEDY, f->severity == SEV_CHAT ? "" : f->remedy);
    table_set_text(table, row, F_DETAIL, f->detail);
    table_set_number(table, row, F_FIRST, capture_frame_here(f->frame));
    table_add(table, row, F_PACKETS, 1);
    table_set_text(table, row, F_BASIS, basis_name(f->basis));
}

static tap_packet_status
on_findings(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped,
            tap_flags_t flags _U_)
{
    const GArray *ids = findings_of_frame(capture_findings(), capture_frame(pinfo));

    for (guint i = 0; ids && i < ids->len; i++) {
        put_finding(((const stat_data_t *)data)->stat_tap_data,
                    findings_get(capture_findings(), g_array_index(ids, uint32_t, i)),
                    (const struct frame_records *)tapped, nstime_to_sec(&pinfo->rel_ts));
    }
    return ids ? TAP_PACKET_REDRAW : TAP_PACKET_DONT_REDRAW;
}

static void
begin_findings(stat_tap_table_ui *ui)
{
    table_begin(ui, &found_rows);
}

static void
reset_findings(stat_tap_table *table)
{
    table_reset(table, &found_rows);
}

/* --- diagnoses: known where packets are seen a second time -------------------------------- */

enum {
    D_SEVERITY,
    D_TIME,
    D_CAUSE,
    D_WHO,
    D_PEER,
    D_REMEDY,
    D_TEXT,
    D_FIRST,
    D_PACKETS,
    D_BASIS,
    NUM_D_FIELDS
};
static stat_tap_table_item diagnosed_fields[NUM_D_FIELDS] = {
    [D_SEVERITY] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Severity", "%-9s" },
    [D_TIME] = { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Time (s)", "%9s" },
    [D_CAUSE] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Cause", "%s" },
    [D_WHO] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Who", "%-20s" },
    [D_PEER] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Peer", "%-20s" },
    [D_REMEDY] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "What to do", "%s" },
    [D_TEXT] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "What happened", "%s" },
    [D_FIRST] = { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "First frame", "%11u" },
    [D_PACKETS] = { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Packets", "%7u" },
    [D_BASIS] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Basis", "%-10s" },
};

static void
put_diagnosis(const stat_tap_table_ui *ui, const struct diagnosis *d, double seconds)
{
    stat_tap_table *table = table_of(ui);
    const struct tunnel *t =
        d->tunnel == NO_ID ? NULL : diagnoses_tunnel(capture_diagnoses(), d->tunnel);
    unsigned num = diagnosed_rows.num;
    unsigned row = table_row_by_severity(&diagnosed_rows, table, d->id, d->severity, ui);

    if (diagnosed_rows.num > num) {
        table_set_time(table, row, D_TIME, seconds);
    }
    table_set_severity(table, row, D_SEVERITY, d->severity);
    table_set_text(table, row, D_CAUSE, d->title);
    table_set_text(table, row, D_WHO, t && t->who ? t->who : "");
    table_set_text(table, row, D_PEER, t && t->peer ? t->peer : "");
    table_set_text(table, row, D_REMEDY, d->remedy);
    table_set_text(table, row, D_TEXT, d->text);
    table_set_number(table, row, D_FIRST, capture_frame_here(d->first_frame));
    table_add(table, row, D_PACKETS, 1);
    table_set_text(table, row, D_BASIS, basis_name(d->basis));
}

static tap_packet_status
on_diagnoses(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped _U_,
             tap_flags_t flags _U_)
{
    const struct diagnoses *all = capture_diagnoses();
    const GArray *ids = all ? diagnoses_of_frame(all, capture_frame(pinfo)) : NULL;

    for (guint i = 0; ids && i < ids->len; i++) {
        put_diagnosis(((const stat_data_t *)data)->stat_tap_data,
                      diagnoses_get(all, g_array_index(ids, uint32_t, i)),
                      nstime_to_sec(&pinfo->rel_ts));
    }
    return ids ? TAP_PACKET_REDRAW : TAP_PACKET_DONT_REDRAW;
}

static void
begin_diagnoses(stat_tap_table_ui *ui)
{
    table_begin(ui, &diagnosed_rows);
}

static void
reset_diagnoses(stat_tap_table *table)
{
    table_reset(table, &diagnosed_rows);
}

static void
free_found(void)
{
    table_free_rows(&found_rows);
    table_free_rows(&diagnosed_rows);
}

void
stat_table_found_register(void)
{
    static tap_param filter[] = { { PARAM_FILTER, "filter", "Filter", NULL, TRUE } };
    static stat_tap_table_ui findings = { TABLE_IN_NO_MENU,
                                          "IPsec Findings",
                                          "espial",
                                          "espial,finding_table",
                                          begin_findings,
                                          on_findings,
                                          reset_findings,
                                          table_free_item,
                                          NULL,
                                          NUM_F_FIELDS,
                                          found_fields,
                                          G_N_ELEMENTS(filter),
                                          filter,
                                          NULL,
                                          0 };
    static stat_tap_table_ui diagnosed = { TABLE_IN_NO_MENU,
                                          "IPsec Diagnoses",
                                          "espial",
                                          "espial,diagnosis_table",
                                          begin_diagnoses,
                                          on_diagnoses,
                                          reset_diagnoses,
                                          table_free_item,
                                          NULL,
                                          NUM_D_FIELDS,
                                          diagnosed_fields,
                                          G_N_ELEMENTS(filter),
                                          filter,
                                          NULL,
                                          0 };

    register_stat_tap_table_ui(&findings);
    register_stat_tap_table_ui(&diagnosed);
    register_shutdown_routine(free_found);
}
