/* table_points.c - Statistics > IPsec (Espial) > Points, -z espial,point_table: the places where
 * packets were captured, and what became of the packets between them.  Known where packets are seen
 * a second time.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "table.h"

#include "capture.h"

#include <espial/points.h>

#include <stdio.h>

static struct rows point_rows;
static GHashTable *passages_of; /* key_of -> GArray of uint32_t, indices of passages; NULL until
                                 * they are known */

enum {
    P_POINT,
    P_NEXT,
    P_WHAT,
    P_PACKETS,
    P_SENT,
    P_ARRIVED,
    P_LOST,
    P_SHARE,
    P_DELAY,
    P_DELAY_99,
    P_FRAMES,
    P_REWRITTEN,
    P_CLOCK,
    P_MOVED,
    P_FIRST,
    P_LAST,
    NUM_P_FIELDS
};
/* Where a row has no such number its cell is empty, so they are texts; spaces in front put them in
 * order. */
static stat_tap_table_item point_fields[NUM_P_FIELDS] = {
    [P_POINT] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Point", "%-16s" },
    [P_NEXT] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Next point", "%-16s" },
    [P_WHAT] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "What", "%-24s" },
    [P_PACKETS] = { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Packets", "%7u" },
    [P_SENT] = { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Sent", "%7s" },
    [P_ARRIVED] = { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Arrived", "%7s" },
    [P_LOST] = { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Lost", "%7s" },
    [P_SHARE] = { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Lost (%)", "%8s" },
    [P_DELAY] = { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Delay (ms)", "%10s" },
    [P_DELAY_99] = { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "99 % within (ms)", "%16s" },
    [P_FRAMES] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Lost after frames", "%s" },
    [P_REWRITTEN] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Rewritten", "%s" },
    [P_CLOCK] = { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Clock ahead (s)", "%15s" },
    [P_MOVED] = { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Clock gains (s)", "%15s" },
    [P_FIRST] = { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "First frame", "%11s" },
    [P_LAST] = { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Last frame", "%10s" },
};

enum { ROW_PASSAGE = 1u << 31 };        /* beside its index; a point's row is its id */

/* In the open file, or in which one before it. */
static char *
frame_name(uint32_t frame)
{
    uint32_t here = capture_frame_here(frame);

    return here ? g_strdup_printf("%7u", here) : capture_frame_name(frame);
}

static void
set_frame(stat_tap_table *table, unsigned row, unsigned column, uint32_t frame)
{
    char *name = frame_name(frame);

    table_set_text(table, row, column, name);
    g_free(name);
}

static void
set_count(stat_tap_table *table, unsigned row, unsigned column, uint32_t n)
{
    char text[16];

    snprintf(text, sizeof text, "%7u", n);
    table_set_text(table, row, column, text);
}

static void
set_decimal(stat_tap_table *table, unsigned row, unsigned column, int width, const char *format,
            double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE], padded[G_ASCII_DTOSTR_BUF_SIZE + 16];

    g_ascii_formatd(text, sizeof text, format, value);
    snprintf(padded, sizeof padded, "%*s", width, text);
    table_set_text(table, row, column, padded);
}

/* All places are listed where one is met: what passed is between them. */
static void
put_point(const stat_tap_table_ui *ui, const struct point *p)
{
    stat_tap_table *table = table_of(ui);
    unsigned row = table_row_by_severity(&point_rows, table, p->id, SEV_ERROR, ui);
    char text[32];

    snprintf(text, sizeof text, "interface %u", p->number - 1u);
    table_set_text(table, row, P_WHAT, text);
    table_set_text(table, row, P_POINT, p->name);
    set_frame(table, row, P_FIRST, p->first_frame);
    set_frame(table, row, P_LAST, p->last_frame);
    if (p->placed) {
        set_decimal(table, row, P_CLOCK, 12, "%.6f", p->offset);
        set_decimal(table, row, P_MOVED, 12, "%.6f", p->moved);
    }
}

static void
put_lost(stat_tap_table *table, unsigned row, const struct passage *g)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < g->lost->len;) {
        uint32_t first = g_array_index(g->lost, struct lost_packet, i).frame, last = first;
        while (++i < g->lost->len &&
               g_array_index(g->lost, struct lost_packet, i).frame == last + 1) {
            last++;
        }
        char *a = frame_name(first), *b = frame_name(last);
        g_string_append_printf(text, text->len ? ", %s" : "%s", g_strchug(a));
        if (last > first) {
            g_string_append_printf(text, "-%s", g_strchug(b));
        }
        g_free(a);
        g_free(b);
    }
    if (g->num_lost && !g->end_known) {
        g_string_append(text, ", if the capture there still ran");
    }
    table_set_text(table, row, P_FRAMES, text->str);
    g_string_free(text, TRUE);
}

static void
put_passage(const stat_tap_table_ui *ui, uint32_t index)
{
    const struct points *p = sadb_points(capture_db());
    const struct passage *g = points_passage(p, index);
    stat_tap_table *table = table_of(ui);
    unsigned num = point_rows.num, row;
    char what[PASSAGE_TEXT_MAX], ends[REWRITING_TEXT_MAX];

    row = table_row_by_severity(&point_rows, table, ROW_PASSAGE | index,
                                g->num_lost ? SEV_WARN : SEV_NOTE, ui);
    table_add(table, row, P_PACKETS, 1);
    if (point_rows.num == num) {
        return;
    }
    table_set_text(table, row, P_POINT, points_get(p, g->from)->name);
    table_set_text(table, row, P_NEXT, points_get(p, g->to)->name);
    table_set_text(table, row, P_WHAT, passage_print(capture_db(), g, what, sizeof what));
    set_count(table, row, P_SENT, g->sent);
    set_count(table, row, P_ARRIVED, g->arrived);
    set_count(table, row, P_LOST, g->num_lost);
    set_decimal(table, row, P_SHARE, 5, "%.1f", g->sent ? 100.0 * g->num_lost / g->sent : 0);
    if (g->timed) {
        set_decimal(table, row, P_DELAY, 10, "%.3f", g->delay * 1e3);
        set_decimal(table, row, P_DELAY_99, 10, "%.3f", g->delay_99 * 1e3);
    }
    put_lost(table, row, g);
    table_set_text(table, row, P_REWRITTEN,
                   g->rewriting.num ? rewriting_print(&g->rewriting, ends, sizeof ends) : "");
}

/* --- which passages a packet is of ---------------------------------------------------------- */

static gpointer
key_of(uint32_t ike_sa, uint32_t stream, bool to_responder)
{
    uint64_t key = ((uint64_t)(stream == NO_ID ? ike_sa : stream) << 2) |
                   (stream == NO_ID ? 2u : 0u) | to_responder;

    return GSIZE_TO_POINTER((gsize)key);
}

static void
list_passages(const struct points *p)
{
    passages_of = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL,
                                        (GDestroyNotify)g_array_unref);
    for (uint32_t i = 0; i < points_num_passages(p); i++) {
        const struct passage *g = points_passage(p, i);
        gpointer key = key_of(g->ike_sa, g->stream, g->to_responder);
        GArray *list = (GArray *)g_hash_table_lookup(passages_of, key);
        if (!list) {
            list = g_array_new(FALSE, FALSE, sizeof i);
            g_hash_table_insert(passages_of, key, list);
        }
        g_array_append_val(list, i);
    }
}

static tap_packet_status
on_packet(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped,
          tap_flags_t flags _U_)
{
    const stat_tap_table_ui *ui = ((const stat_data_t *)data)->stat_tap_data;
    const struct frame_records *all = (const struct frame_records *)tapped;
    const struct points *p = sadb_points(capture_db());
    const struct point *here = points_meet(p) ? points_of_frame(p, capture_frame(pinfo)) : NULL;
    struct packet_owner owner;
    const GArray *list;

    if (!all || !all->visited || !here || !points_owner(p, capture_frame(pinfo), &owner)) {
        return TAP_PACKET_DONT_REDRAW;
    }
    if (!passages_of) {
        list_passages(p);
        for (size_t i = 0; i < points_count(p); i++) {
            put_point(ui, points_get(p, i));
        }
    }
    for (unsigned i = 0; i < all->num; i++) {
        if (all->at[i]->kind != RECORD_PATH) {
            table_add(table_of(ui), table_row(&point_rows, table_of(ui), here->id, ui), P_PACKETS,
                      1);
        }
    }
    list = (const GArray *)g_hash_table_lookup(
        passages_of, key_of(owner.ike_sa, owner.stream, owner.to_responder));
    for (guint i = 0; list && i < list->len; i++) {
        uint32_t index = g_array_index(list, uint32_t, i);
        const struct passage *g = points_passage(p, index);
        if (g->from == here->id || g->to == here->id) {
            put_passage(ui, index);
        }
    }
    return TAP_PACKET_REDRAW;
}

static void
forget(void)
{
    g_clear_pointer(&passages_of, g_hash_table_destroy);
}

static void
begin_points(stat_tap_table_ui *ui)
{
    forget();
    table_begin(ui, &point_rows);
}

static void
reset_points(stat_tap_table *table)
{
    forget();
    table_reset(table, &point_rows);
}

static void
free_points(void)
{
    forget();
    table_free_rows(&point_rows);
}

void
stat_table_points_register(void)
{
    static tap_param filter[] = { { PARAM_FILTER, "filter", "Filter", NULL, TRUE } };
    static stat_tap_table_ui points = { TABLE_IN_NO_MENU,
                                        "IPsec Points",
                                        "espial",
                                        "espial,point_table",
                                        begin_points,
                                        on_packet,
                                        reset_points,
                                        table_free_item,
                                        NULL,
                                        NUM_P_FIELDS,
                                        point_fields,
                                        G_N_ELEMENTS(filter),
                                        filter,
                                        NULL,
                                        0 };

    register_stat_tap_table_ui(&points);
    register_shutdown_routine(free_points);
}
