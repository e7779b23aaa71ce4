/* table.c - the rows of tables, and Statistics > IPsec (Espial) > SAs, -z espial,sa_table.  Rows
 * are filled packet by packet, so that a filter counts; what only the end of the capture proves is
 * there where packets are seen a second time.  menu.c opens the windows.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "table.h"

#include "capture.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* --- rows --------------------------------------------------------------------------- */

/* Of so many rows the worst stand first; further ones are added behind them. */
enum { ROWS_SORTED = 1024 };

void
table_free_rows(struct rows *rows)
{
    g_clear_pointer(&rows->by_id, g_hash_table_destroy);
    g_clear_pointer(&rows->ids, g_array_unref);
}

static void
clear_rows(struct rows *rows)
{
    if (!rows->by_id) {
        rows->by_id = g_hash_table_new(g_direct_hash, g_direct_equal);
        rows->ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    }
    g_hash_table_remove_all(rows->by_id);
    g_array_set_size(rows->ids, 0);
    rows->num = 0;
    memset(rows->num_of, 0, sizeof rows->num_of);
}

unsigned
table_row(struct rows *rows, stat_tap_table *table, uint32_t id, const stat_tap_table_ui *ui)
{
    void *at;

    if (g_hash_table_lookup_extended(rows->by_id, GUINT_TO_POINTER(id), NULL, &at)) {
        return GPOINTER_TO_UINT(at);
    }
    if (rows->num >= table->num_elements) {
        stat_tap_table_item_type *fields = g_new0(stat_tap_table_item_type, ui->nfields);
        for (size_t i = 0; i < ui->nfields; i++) {
            fields[i].type = ui->fields[i].type;
            if (fields[i].type == TABLE_ITEM_STRING) {
                fields[i].value.string_value = g_strdup("");
            }
        }
        stat_tap_init_table_row(table, rows->num, (guint)ui->nfields, fields);
        g_free(fields);
    }
    g_hash_table_insert(rows->by_id, GUINT_TO_POINTER(id), GUINT_TO_POINTER(rows->num));
    g_array_append_val(rows->ids, id);
    return rows->num++;
}

/* Moves the last row, which is new, behind those of its severity and worse.  Wireshark's window
 * holds on to a row's memory, so values move and rows do not. */
static unsigned
place_row(struct rows *rows, stat_tap_table *table, enum severity severity)
{
    unsigned last = rows->num - 1, place = 0;
    uint32_t id = g_array_index(rows->ids, uint32_t, last);
    size_t size = table->num_fields * sizeof(stat_tap_table_item_type);
    stat_tap_table_item_type *moved;

    for (int worse = SEV_ERROR; worse >= (int)severity; worse--) {
        place += rows->num_of[worse];
    }
    rows->num_of[severity]++;
    if (last >= ROWS_SORTED || place >= last) {
        return last;
    }
    moved = (stat_tap_table_item_type *)g_malloc(size);
    memcpy(moved, table->elements[last], size);
    for (unsigned row = last; row > place; row--) {
        uint32_t at = g_array_index(rows->ids, uint32_t, row - 1);
        memcpy(table->elements[row], table->elements[row - 1], size);
        g_array_index(rows->ids, uint32_t, row) = at;
        g_hash_table_insert(rows->by_id, GUINT_TO_POINTER(at), GUINT_TO_POINTER(row));
    }
    memcpy(table->elements[place], moved, size);
    g_array_index(rows->ids, uint32_t, place) = id;
    g_hash_table_insert(rows->by_id, GUINT_TO_POINTER(id), GUINT_TO_POINTER(place));
    g_free(moved);
    return place;
}

/* The same, of what may have its row already. */
unsigned
table_row_by_severity(struct rows *rows, stat_tap_table *table, uint32_t id, enum severity severity,
                const stat_tap_table_ui *ui)
{
    unsigned num = rows->num, row = table_row(rows, table, id, ui);

    return rows->num == num ? row : place_row(rows, table, severity);
}

void
table_set_text(stat_tap_table *table, unsigned row, unsigned column, const char *text)
{
    stat_tap_table_item_type *item = stat_tap_get_field_data(table, row, column);
    char *copy;

    text = capture_text(text, &copy);
    if (strcmp(item->value.string_value, text) != 0) {
        g_free((void *)item->value.string_value);
        item->value.string_value = g_strdup(text);
    }
    g_free(copy);
}

/* A click on the heading sorts texts by letter: the number puts the worst first. */
void
table_set_severity(stat_tap_table *table, unsigned row, unsigned column, enum severity severity)
{
    char text[32];

    snprintf(text, sizeof text, "%d %s", SEV_ERROR - (int)severity + 1, severity_name(severity));
    table_set_text(table, row, column, text);
}

/* Seconds since the first frame, as in the packet list. */
void
table_set_time(stat_tap_table *table, unsigned row, unsigned column, double seconds)
{
    char text[32];

    snprintf(text, sizeof text, "%.3f", seconds);
    table_set_text(table, row, column, text);
}

void
table_set_number(stat_tap_table *table, unsigned row, unsigned column, uint64_t n)
{
    stat_tap_get_field_data(table, row, column)->value.uint_value = (unsigned)MIN(n, UINT_MAX);
}

void
table_add(stat_tap_table *table, unsigned row, unsigned column, unsigned by)
{
    stat_tap_table_item_type *item = stat_tap_get_field_data(table, row, column);

    item->value.uint_value =
        by > UINT_MAX - item->value.uint_value ? UINT_MAX : item->value.uint_value + by;
}

static void
blank_table(stat_tap_table *table)
{
    for (guint row = 0; row < table->num_elements; row++) {
        for (guint column = 0; column < table->num_fields; column++) {
            stat_tap_table_item_type *item = stat_tap_get_field_data(table, row, column);
            if (item->type == TABLE_ITEM_STRING) {
                table_set_text(table, row, column, "");
            } else {
                item->value.uint_value = 0;
            }
        }
    }
}

void
table_free_item(stat_tap_table *table _U_, guint row _U_, guint column _U_,
          stat_tap_table_item_type *item)
{
    if (item->type == TABLE_ITEM_STRING) {
        g_free((void *)item->value.string_value);
        item->value.string_value = NULL;
    }
}

void
table_reset(stat_tap_table *table, struct rows *rows)
{
    clear_rows(rows);
    blank_table(table);
}

void
table_begin(stat_tap_table_ui *ui, struct rows *rows)
{
    stat_tap_table *table = stat_tap_find_table(ui, ui->title);

    if (table) {
        table_reset(table, rows);
    } else {
        clear_rows(rows);
        stat_tap_add_table(ui, stat_tap_init_table(ui->title, (int)ui->nfields, 0, NULL));
    }
}

stat_tap_table *
table_of(const stat_tap_table_ui *ui)
{
    return g_array_index(ui->tables, stat_tap_table *, 0);
}

/* --- SAs ------------------------------------------------------------------------------ */

static struct rows sas_rows;

enum { ROW_IKE, ROW_CHILD = 1 << 30, ROW_STREAM = 1u << 31 };       /* beside the id */

enum {
    SA_FIRST,
    SA_NAME,
    SA_OF,
    SA_STATE,
    SA_SINCE,
    SA_LAST,
    SA_INITIATOR,
    SA_RESPONDER,
    SA_SELECTORS,
    SA_PACKETS,
    SA_BYTES,
    SA_LOST,
    SA_PROTOCOL,
    SA_SUITE,
    SA_SPI_I,
    SA_SPI_R,
    NUM_SA_FIELDS
};
static stat_tap_table_item sas_fields[NUM_SA_FIELDS] = {
    [SA_FIRST] = { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "First frame", "%11u" },
    [SA_NAME] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "SA", "%-12s" },
    [SA_OF] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Under", "%-8s" },
    [SA_STATE] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "State", "%-11s" },
    [SA_SINCE] = { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Established (s)", "%15s" },
    [SA_LAST] = { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Last packet (s)", "%15s" },
    [SA_INITIATOR] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Initiator", "%-20s" },
    [SA_RESPONDER] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Responder", "%-20s" },
    [SA_SELECTORS] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Selectors", "%s" },
    [SA_PACKETS] = { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Packets", "%7u" },
    [SA_BYTES] = { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Bytes", "%7u" },
    [SA_LOST] = { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Lost", "%4u" },
    [SA_PROTOCOL] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Protocol", "%-13s" },
    [SA_SUITE] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Suite", "%s" },
    [SA_SPI_I] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Initiator's SPI", "%-16s" },
    [SA_SPI_R] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Responder's SPI", "%-16s" },
};

/* Its row, named. */
static unsigned
sa_row(const stat_tap_table_ui *ui, unsigned kind, uint32_t id, uint32_t first_frame)
{
    stat_tap_table *table = table_of(ui);
    unsigned row = table_row(&sas_rows, table, kind | id, ui);
    char name[32];

    snprintf(name, sizeof name, "%s %u",
             kind == ROW_IKE   ? "IKE SA" :
             kind == ROW_CHILD ? "Child SA" :
                                 "Stream",
             id);
    table_set_text(table, row, SA_NAME, name);
    table_set_number(table, row, SA_FIRST, capture_frame_here(first_frame));
    return row;
}

static void
put_endpoints(stat_tap_table *table, unsigned row, const struct ike_sa *sa)
{
    char text[ID_TEXT_MAX];

    table_set_text(table, row, SA_INITIATOR, endpoint_print(&sa->initiator, text, sizeof text));
    table_set_text(table, row, SA_RESPONDER, endpoint_print(&sa->responder, text, sizeof text));
}

static unsigned
put_ike_sa(const stat_tap_table_ui *ui, const struct ike_sa *sa)
{
    stat_tap_table *table = table_of(ui);
    unsigned row = sa_row(ui, ROW_IKE, sa->id, sa->first_frame);
    char text[32];

    table_set_text(table, row, SA_PROTOCOL, sa->major == 1 ? "IKEv1" : "IKEv2");
    table_set_text(table, row, SA_STATE, ike_sa_state_name(sa->state));
    put_endpoints(table, row, sa);
    if (sa->established_in) {
        table_set_time(table, row, SA_SINCE, sa->established_time - sadb_first_time(capture_db()));
    }
    snprintf(text, sizeof text, "%016" G_GINT64_MODIFIER "x", ike_spi_number(sa->spi_i));
    table_set_text(table, row, SA_SPI_I, text);
    snprintf(text, sizeof text, "%016" G_GINT64_MODIFIER "x", ike_spi_number(sa->spi_r));
    table_set_text(table, row, SA_SPI_R, sa->has_spi_r ? text : "");
    table_set_text(table, row, SA_SUITE, sa->chosen ? sa->chosen->text : "");
    return row;
}

/* A Child SA begins where it is negotiated, or with its first packet where that was not
 * captured. */
static uint32_t
first_frame(const struct child_sa *c)
{
    uint32_t first = c->negotiated_in ? c->negotiated_in : c->request_frame;

    for (guint k = 0; k < c->streams.len; k++) {
        uint32_t frame = (c->streams.at[k])->first_frame;
        first = !first || frame < first ? frame : first;
    }
    return first;
}

static unsigned
put_child_sa(const stat_tap_table_ui *ui, const struct child_sa *c)
{
    stat_tap_table *table = table_of(ui);
    unsigned row = sa_row(ui, ROW_CHILD, c->id, first_frame(c));
    uint64_t lost = 0;
    char i[TS_TEXT_MAX], r[TS_TEXT_MAX], text[2 * TS_TEXT_MAX + 8];

    snprintf(text, sizeof text, "IKE SA %u", c->ike_sa->id);
    table_set_text(table, row, SA_OF, text);
    snprintf(text, sizeof text, "%s%s%s", c->protocol == PROTO_AH ? "AH" : "ESP",
             child_mode(c) ? " " : "", child_mode(c) ? child_mode(c) : "");
    table_set_text(table, row, SA_PROTOCOL, text);
    table_set_text(table, row, SA_STATE, child_state_name(c->state));
    put_endpoints(table, row, c->ike_sa);
    if (c->negotiated_in) {
        table_set_time(table, row, SA_SINCE, c->negotiated_time - sadb_first_time(capture_db()));
    }
    snprintf(text, sizeof text, "%08x", c->spi_i);
    table_set_text(table, row, SA_SPI_I, c->spi_i ? text : "");
    snprintf(text, sizeof text, "%08x", c->spi_r);
    table_set_text(table, row, SA_SPI_R, c->spi_r ? text : "");
    table_set_text(table, row, SA_SUITE, c->chosen ? c->chosen->text : "");
    if (c->num_ts_i) {
        snprintf(text, sizeof text, "%s === %s", selectors_print(c->ts_i, c->num_ts_i, i, sizeof i),
                 selectors_print(c->ts_r, c->num_ts_r, r, sizeof r));
        table_set_text(table, row, SA_SELECTORS, text);
    }
    for (guint k = 0; k < c->streams.len; k++) {
        lost += (c->streams.at[k])->lost;
    }
    table_set_number(table, row, SA_LOST, lost);
    return row;
}

/* Of no SA that the capture shows: the sender takes the initiator's place. */
static unsigned
put_stream(const stat_tap_table_ui *ui, const struct stream *s)
{
    stat_tap_table *table = table_of(ui);
    unsigned row = sa_row(ui, ROW_STREAM, s->id, s->first_frame);
    char text[ADDR_TEXT_MAX];

    table_set_text(table, row, SA_PROTOCOL, s->protocol == PROTO_AH ? "AH" : "ESP");
    table_set_text(table, row, SA_INITIATOR, ip_print(&s->src, text, sizeof text));
    table_set_text(table, row, SA_RESPONDER, ip_print(&s->dst, text, sizeof text));
    snprintf(text, sizeof text, "%08x", s->spi);
    table_set_text(table, row, SA_SPI_R, text);
    table_set_number(table, row, SA_LOST, s->lost);
    return row;
}

/* A message may change Child SAs that it does not carry; in one pass their rows must learn of
 * it.  Those that it is about are among the newest. */
enum { CHILDREN_LOOKED_AT = 64 };

static unsigned
see_message(const stat_tap_table_ui *ui, const struct record *r)
{
    const struct ike_sa *sa = sadb_ike_sa(capture_db(), r->ike_sa);
    unsigned row = put_ike_sa(ui, sa);
    guint num = sa->children.len;

    for (guint i = num > CHILDREN_LOOKED_AT ? num - CHILDREN_LOOKED_AT : 0; i < num; i++) {
        put_child_sa(ui, sa->children.at[i]);
    }
    return row;
}

static tap_packet_status
on_sas(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped,
       tap_flags_t flags _U_)
{
    const stat_tap_table_ui *ui = ((const stat_data_t *)data)->stat_tap_data;
    const struct frame_records *all = (const struct frame_records *)tapped;

    for (unsigned i = 0; all && i < all->num; i++) {
        const struct record *r = all->at[i];
        unsigned row;
        if (r->kind == RECORD_IKE && r->ike_sa != NO_ID) {
            row = see_message(ui, r);
        } else if (r->stream == NO_ID) {
            continue;
        } else if (r->child != NO_ID) {
            row = put_child_sa(ui, sadb_child_sa(capture_db(), r->child));
        } else {
            row = put_stream(ui, sadb_stream(capture_db(), r->stream));
        }
        table_set_time(table_of(ui), row, SA_LAST, nstime_to_sec(&pinfo->rel_ts));
        table_add(table_of(ui), row, SA_PACKETS, 1);
        table_add(table_of(ui), row, SA_BYTES, pinfo->fd->pkt_len);
    }
    return TAP_PACKET_REDRAW;
}

static void
begin_sas(stat_tap_table_ui *ui)
{
    table_begin(ui, &sas_rows);
}

static void
reset_sas(stat_tap_table *table)
{
    table_reset(table, &sas_rows);
}

static void
free_sas(void)
{
    table_free_rows(&sas_rows);
}

void
stat_table_register(void)
{
    static tap_param filter[] = { { PARAM_FILTER, "filter", "Filter", NULL, TRUE } };
    static stat_tap_table_ui sas = { TABLE_IN_NO_MENU,
                                     "IPsec SAs",
                                     "espial",
                                     "espial,sa_table",
                                     begin_sas,
                                     on_sas,
                                     reset_sas,
                                     table_free_item,
                                     NULL,
                                     NUM_SA_FIELDS,
                                     sas_fields,
                                     G_N_ELEMENTS(filter),
                                     filter,
                                     NULL,
                                     0 };

    register_stat_tap_table_ui(&sas);
    register_shutdown_routine(free_sas);
}
