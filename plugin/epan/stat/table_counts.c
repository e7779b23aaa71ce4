/* table_counts.c - Statistics > IPsec (Espial) > Counts, -z espial,count_table: how many packets
 * have what, and their share of those that they are part of.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "table.h"

#include "capture.h"

#include <stdio.h>

/* Beyond so many SAs their packets are counted together. */
enum { SAS_SHOWN = 5000 };

enum { C_OF,
       C_WHAT,
       C_PACKETS,
       C_SHARE,
       C_FIRST,
       C_LAST,
       NUM_C_FIELDS };
static stat_tap_table_item count_fields[NUM_C_FIELDS] = {
    [C_OF] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Of", "%-16s" },
    [C_WHAT] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "What", "%-60s" },
    [C_PACKETS] = { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Packets", "%7u" },
    [C_SHARE] = { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Share (%)", "%9s" },
    [C_FIRST] = { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "First (s)", "%9s" },
    [C_LAST] = { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Last (s)", "%9s" },
};

/* What its rows are parts of. */
struct whole {
    unsigned packets;
    GArray *rows; /* of unsigned */
};

static struct rows count_rows;
static GHashTable *wholes; /* by name */
static GHashTable *row_ids; /* by names of whole and part, from 1 */

static void
free_whole(void *data)
{
    g_array_unref(((struct whole *)data)->rows);
    g_free(data);
}

static struct whole *
whole_of(const char *of)
{
    struct whole *w = (struct whole *)g_hash_table_lookup(wholes, of);

    if (!w) {
        w = g_new0(struct whole, 1);
        w->rows = g_array_new(FALSE, FALSE, sizeof(unsigned));
        g_hash_table_insert(wholes, g_strdup(of), w);
    }
    return w;
}

static void
put_shares(stat_tap_table *table, const struct whole *w)
{
    char text[16];

    for (guint i = 0; i < w->rows->len; i++) {
        unsigned row = g_array_index(w->rows, unsigned, i);
        double part = stat_tap_get_field_data(table, row, C_PACKETS)->value.uint_value;
        snprintf(text, sizeof text, "%.1f", 100 * part / w->packets);
        table_set_text(table, row, C_SHARE, text);
    }
}

/* One packet more in this part of w. */
static void
count_part(const stat_tap_table_ui *ui, struct whole *w, const char *of, const char *what,
           double seconds)
{
    stat_tap_table *table = table_of(ui);
    char *names = g_strdup_printf("%s\n%s", of, what);
    uint32_t id = GPOINTER_TO_UINT(g_hash_table_lookup(row_ids, names));
    unsigned row;

    if (id) {
        g_free(names);
        row = table_row(&count_rows, table, id, ui);
    } else {
        id = g_hash_table_size(row_ids) + 1;
        g_hash_table_insert(row_ids, names, GUINT_TO_POINTER(id));
        row = table_row(&count_rows, table, id, ui);
        g_array_append_val(w->rows, row);
        table_set_text(table, row, C_OF, of);
        table_set_text(table, row, C_WHAT, what);
        table_set_time(table, row, C_FIRST, seconds);
    }
    table_add(table, row, C_PACKETS, 1);
    table_set_time(table, row, C_LAST, seconds);
}

static void
count_one(const stat_tap_table_ui *ui, const char *of, const char *what, double seconds)
{
    struct whole *w = whole_of(of);

    w->packets++;
    count_part(ui, w, of, what, seconds);
    put_shares(table_of(ui), w);
}

static void
count_message(const stat_tap_table_ui *ui, const struct record *r, double seconds)
{
    const struct ike_sa *sa = sadb_ike_sa(capture_db(), r->ike_sa);
    char name[64] = "not believed";

    if (sa && r->exchange != NO_ID) {
        exchange_name(sa->major, sa->exchanges.at[r->exchange]->type, name, sizeof name);
    }
    if (r->retransmission_of) {
        g_strlcat(name, ", sent again", sizeof name);
    }
    count_one(ui, "IKE messages", name, seconds);
}

static void
count_packet(const stat_tap_table_ui *ui, const struct record *r, double seconds)
{
    const struct stream *s = sadb_stream(capture_db(), r->stream);
    const char *protocol = s->protocol == PROTO_AH ? "AH" : "ESP";
    char of[32], a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX], what[2 * ADDR_TEXT_MAX + 32];

    if (r->child == NO_ID || r->child >= SAS_SHOWN) {
        count_one(ui, r->child == NO_ID ? "No SA" : "Further SAs", protocol, seconds);
        return;
    }
    snprintf(of, sizeof of, "Child SA %u", r->child);
    snprintf(what, sizeof what, "%s %08x, %s to %s", protocol, s->spi,
             ip_print(&s->src, a, sizeof a), ip_print(&s->dst, b, sizeof b));
    count_one(ui, of, what, seconds);
}

/* Each counts packets: one with two findings of a check, once. */
static void
count_findings(const stat_tap_table_ui *ui, const GArray *ids, double seconds)
{
    static const char *const names[] = { "4 chat", "3 note", "2 warning", "1 error" };
    bool counted[RANKS] = { false };

    for (guint i = 0; ids && i < ids->len; i++) {
        const struct finding *f =
            findings_get(capture_findings(), g_array_index(ids, uint32_t, i));
        struct whole *w = whole_of(names[f->severity]);
        bool told = false;
        for (guint k = 0; k < i && !told; k++) {
            const struct finding *other =
                findings_get(capture_findings(), g_array_index(ids, uint32_t, k));
            told = other->check == f->check && other->severity == f->severity;
        }
        if (!counted[f->severity]) {
            counted[f->severity] = true;
            w->packets++;
        }
        if (!told) {
            count_part(ui, w, names[f->severity], checks[f->check].title, seconds);
        }
    }
    for (int severity = 0; severity < RANKS; severity++) {
        if (counted[severity]) {
            put_shares(table_of(ui), whole_of(names[severity]));
        }
    }
}

static tap_packet_status
on_packet(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped,
          tap_flags_t flags _U_)
{
    const stat_tap_table_ui *ui = ((const stat_data_t *)data)->stat_tap_data;
    const struct frame_records *all = (const struct frame_records *)tapped;
    double seconds = nstime_to_sec(&pinfo->rel_ts);

    count_findings(ui, findings_of_frame(capture_findings(), capture_frame(pinfo)), seconds);
    for (unsigned i = 0; all && i < all->num; i++) {
        const struct record *r = all->at[i];
        if (r->kind == RECORD_IKE) {
            count_message(ui, r, seconds);
        } else if (r->stream != NO_ID) {
            count_packet(ui, r, seconds);
        }
    }
    return TAP_PACKET_REDRAW;
}

static void
forget(void)
{
    g_clear_pointer(&wholes, g_hash_table_destroy);
    g_clear_pointer(&row_ids, g_hash_table_destroy);
}

static void
begin_names(void)
{
    forget();
    wholes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_whole);
    row_ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void
begin_counts(stat_tap_table_ui *ui)
{
    begin_names();
    table_begin(ui, &count_rows);
}

static void
reset_counts(stat_tap_table *table)
{
    begin_names();
    table_reset(table, &count_rows);
}

static void
free_counts(void)
{
    forget();
    table_free_rows(&count_rows);
}

void
stat_table_counts_register(void)
{
    static tap_param filter[] = { { PARAM_FILTER, "filter", "Filter", NULL, TRUE } };
    static stat_tap_table_ui counts = { TABLE_IN_NO_MENU,
                                        "IPsec Counts",
                                        "espial",
                                        "espial,count_table",
                                        begin_counts,
                                        on_packet,
                                        reset_counts,
                                        table_free_item,
                                        NULL,
                                        NUM_C_FIELDS,
                                        count_fields,
                                        G_N_ELEMENTS(filter),
                                        filter,
                                        NULL,
                                        0 };

    register_stat_tap_table_ui(&counts);
    register_shutdown_routine(free_counts);
}
