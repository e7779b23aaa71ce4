/* table.c - Statistics > IPsec SAs and IPsec Findings, -z espial,sa_table and
 * -z espial,finding_table.  Rows are filled packet by packet, so that a filter counts; what
 * only the end of the capture proves is there where packets are seen a second time.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* --- rows --------------------------------------------------------------------------- */

/* Which row an SA or a finding has; rows stay in order of first packet. */
struct rows {
    GHashTable *by_id;
    unsigned num;
};

static struct rows sas_rows, found_rows;

static void
free_rows(void)
{
    g_clear_pointer(&sas_rows.by_id, g_hash_table_destroy);
    g_clear_pointer(&found_rows.by_id, g_hash_table_destroy);
}

static void
clear_rows(struct rows *rows)
{
    if (!rows->by_id) {
        rows->by_id = g_hash_table_new(g_direct_hash, g_direct_equal);
    }
    g_hash_table_remove_all(rows->by_id);
    rows->num = 0;
}

static unsigned
row_of(struct rows *rows, stat_tap_table *table, uint32_t id, const stat_tap_table_ui *ui)
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
    return rows->num++;
}

static void
set_text(stat_tap_table *table, unsigned row, unsigned column, const char *text)
{
    stat_tap_table_item_type *item = stat_tap_get_field_data(table, row, column);

    if (strcmp(item->value.string_value, text) != 0) {
        g_free((void *)item->value.string_value);
        item->value.string_value = g_strdup(text);
    }
}

static void
set_id(stat_tap_table *table, unsigned row, unsigned column, uint32_t id)
{
    char text[16] = "";

    if (id != NO_ID) {
        snprintf(text, sizeof text, "%u", id);
    }
    set_text(table, row, column, text);
}

static void
set_number(stat_tap_table *table, unsigned row, unsigned column, uint64_t n)
{
    stat_tap_get_field_data(table, row, column)->value.uint_value = (unsigned)MIN(n, UINT_MAX);
}

static void
count(stat_tap_table *table, unsigned row, unsigned column, unsigned by)
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
                set_text(table, row, column, "");
            } else {
                item->value.uint_value = 0;
            }
        }
    }
}

static void
free_item(stat_tap_table *table _U_, guint row _U_, guint column _U_,
          stat_tap_table_item_type *item)
{
    if (item->type == TABLE_ITEM_STRING) {
        g_free((void *)item->value.string_value);
        item->value.string_value = NULL;
    }
}

static void
reset(stat_tap_table *table, struct rows *rows)
{
    clear_rows(rows);
    blank_table(table);
}

static void
make_table(stat_tap_table_ui *ui, struct rows *rows)
{
    stat_tap_table *table = stat_tap_find_table(ui, ui->title);

    if (table) {
        reset(table, rows);
    } else {
        clear_rows(rows);
        stat_tap_add_table(ui, stat_tap_init_table(ui->title, (int)ui->nfields, 0, NULL));
    }
}

static stat_tap_table *
table_of(const stat_tap_table_ui *ui)
{
    return g_array_index(ui->tables, stat_tap_table *, 0);
}

/* --- SAs ------------------------------------------------------------------------------ */

enum { ROW_IKE, ROW_CHILD = 1 << 30, ROW_STREAM = 1u << 31 };       /* beside the id */

enum {
    SA_FIRST,
    SA_NAME,
    SA_OF,
    SA_PROTOCOL,
    SA_STATE,
    SA_INITIATOR,
    SA_RESPONDER,
    SA_SPI_I,
    SA_SPI_R,
    SA_PACKETS,
    SA_BYTES,
    SA_LOST,
    SA_SUITE,
    SA_SELECTORS,
    NUM_SA_FIELDS
};
static stat_tap_table_item sas_fields[NUM_SA_FIELDS] = {
    [SA_FIRST] = { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "First frame", "%11u" },
    [SA_NAME] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "SA", "%-12s" },
    [SA_OF] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Of", "%-8s" },
    [SA_PROTOCOL] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Protocol", "%-13s" },
    [SA_STATE] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "State", "%-11s" },
    [SA_INITIATOR] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Initiator", "%-20s" },
    [SA_RESPONDER] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Responder", "%-20s" },
    [SA_SPI_I] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Initiator's SPI", "%-16s" },
    [SA_SPI_R] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Responder's SPI", "%-16s" },
    [SA_PACKETS] = { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Packets", "%7u" },
    [SA_BYTES] = { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Bytes", "%7u" },
    [SA_LOST] = { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Lost", "%4u" },
    [SA_SUITE] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Suite", "%s" },
    [SA_SELECTORS] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Selectors", "%s" },
};

/* Its row, named. */
static unsigned
sa_row(const stat_tap_table_ui *ui, unsigned kind, uint32_t id, uint32_t first_frame)
{
    stat_tap_table *table = table_of(ui);
    unsigned row = row_of(&sas_rows, table, kind | id, ui);
    char name[32];

    snprintf(name, sizeof name, "%s %u",
             kind == ROW_IKE   ? "IKE SA" :
             kind == ROW_CHILD ? "Child SA" :
                                 "Stream",
             id);
    set_text(table, row, SA_NAME, name);
    set_number(table, row, SA_FIRST, first_frame);
    return row;
}

static void
put_endpoints(stat_tap_table *table, unsigned row, const struct ike_sa *sa)
{
    char text[ID_TEXT_MAX];

    set_text(table, row, SA_INITIATOR, endpoint_print(&sa->initiator, text, sizeof text));
    set_text(table, row, SA_RESPONDER, endpoint_print(&sa->responder, text, sizeof text));
}

static unsigned
put_ike_sa(const stat_tap_table_ui *ui, const struct ike_sa *sa)
{
    stat_tap_table *table = table_of(ui);
    unsigned row = sa_row(ui, ROW_IKE, sa->id, sa->first_frame);
    char text[32];

    set_text(table, row, SA_PROTOCOL, sa->major == 1 ? "IKEv1" : "IKEv2");
    set_text(table, row, SA_STATE, ike_sa_state_name(sa->state));
    put_endpoints(table, row, sa);
    snprintf(text, sizeof text, "%016" G_GINT64_MODIFIER "x", ike_spi_number(sa->spi_i));
    set_text(table, row, SA_SPI_I, text);
    snprintf(text, sizeof text, "%016" G_GINT64_MODIFIER "x", ike_spi_number(sa->spi_r));
    set_text(table, row, SA_SPI_R, sa->has_spi_r ? text : "");
    set_text(table, row, SA_SUITE, sa->chosen ? sa->chosen->text : "");
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
    set_text(table, row, SA_OF, text);
    snprintf(text, sizeof text, "%s%s%s", c->protocol == PROTO_AH ? "AH" : "ESP",
             child_mode(c) ? " " : "", child_mode(c) ? child_mode(c) : "");
    set_text(table, row, SA_PROTOCOL, text);
    set_text(table, row, SA_STATE, child_state_name(c->state));
    put_endpoints(table, row, c->ike_sa);
    snprintf(text, sizeof text, "%08x", c->spi_i);
    set_text(table, row, SA_SPI_I, c->spi_i ? text : "");
    snprintf(text, sizeof text, "%08x", c->spi_r);
    set_text(table, row, SA_SPI_R, c->spi_r ? text : "");
    set_text(table, row, SA_SUITE, c->chosen ? c->chosen->text : "");
    if (c->num_ts_i) {
        snprintf(text, sizeof text, "%s === %s", selectors_print(c->ts_i, c->num_ts_i, i, sizeof i),
                 selectors_print(c->ts_r, c->num_ts_r, r, sizeof r));
        set_text(table, row, SA_SELECTORS, text);
    }
    for (guint k = 0; k < c->streams.len; k++) {
        lost += (c->streams.at[k])->lost;
    }
    set_number(table, row, SA_LOST, lost);
    return row;
}

/* Of no SA that the capture shows: the sender takes the initiator's place. */
static unsigned
put_stream(const stat_tap_table_ui *ui, const struct stream *s)
{
    stat_tap_table *table = table_of(ui);
    unsigned row = sa_row(ui, ROW_STREAM, s->id, s->first_frame);
    char text[ADDR_TEXT_MAX];

    set_text(table, row, SA_PROTOCOL, s->protocol == PROTO_AH ? "AH" : "ESP");
    set_text(table, row, SA_INITIATOR, ip_print(&s->src, text, sizeof text));
    set_text(table, row, SA_RESPONDER, ip_print(&s->dst, text, sizeof text));
    snprintf(text, sizeof text, "%08x", s->spi);
    set_text(table, row, SA_SPI_R, text);
    set_number(table, row, SA_LOST, s->lost);
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
        count(table_of(ui), row, SA_PACKETS, 1);
        count(table_of(ui), row, SA_BYTES, pinfo->fd->pkt_len);
    }
    return TAP_PACKET_REDRAW;
}

static void
begin_sas(stat_tap_table_ui *ui)
{
    make_table(ui, &sas_rows);
}

static void
reset_sas(stat_tap_table *table)
{
    reset(table, &sas_rows);
}

/* --- findings ---------------------------------------------------------------------------- */

enum {
    F_FIRST,
    F_PACKETS,
    F_SEVERITY,
    F_CHECK,
    F_DETAIL,
    F_REMEDY,
    F_BASIS,
    F_IKE_SA,
    F_CHILD_SA,
    NUM_F_FIELDS
};
static stat_tap_table_item found_fields[NUM_F_FIELDS] = {
    [F_FIRST] = { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "First frame", "%11u" },
    [F_PACKETS] = { TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Packets", "%7u" },
    [F_SEVERITY] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Severity", "%-8s" },
    [F_CHECK] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Finding", "%-24s" },
    [F_DETAIL] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Detail", "%s" },
    [F_REMEDY] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Remedy", "%s" },
    [F_BASIS] = { TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Basis", "%-10s" },
    [F_IKE_SA] = { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "IKE SA", "%6s" },
    [F_CHILD_SA] = { TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Child SA", "%8s" },
};

static void
put_finding(const stat_tap_table_ui *ui, const struct finding *f)
{
    const struct check *c = &checks[f->check];
    stat_tap_table *table = table_of(ui);
    unsigned row = row_of(&found_rows, table, f->id, ui);

    set_number(table, row, F_FIRST, f->frame);
    count(table, row, F_PACKETS, 1);
    set_text(table, row, F_SEVERITY, severity_name(c->severity));
    set_text(table, row, F_CHECK, c->name);
    set_text(table, row, F_DETAIL, f->detail);
    set_text(table, row, F_REMEDY, c->severity == SEV_CHAT ? "" : f->remedy);
    set_text(table, row, F_BASIS, basis_name(f->basis));
    set_id(table, row, F_IKE_SA, f->ike_sa);
    set_id(table, row, F_CHILD_SA, f->child_sa);
}

static tap_packet_status
on_findings(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped _U_,
            tap_flags_t flags _U_)
{
    const GArray *ids = findings_of_frame(capture_findings(), pinfo->num);

    for (guint i = 0; ids && i < ids->len; i++) {
        put_finding(((const stat_data_t *)data)->stat_tap_data,
                    findings_get(capture_findings(), g_array_index(ids, uint32_t, i)));
    }
    return ids ? TAP_PACKET_REDRAW : TAP_PACKET_DONT_REDRAW;
}

static void
begin_findings(stat_tap_table_ui *ui)
{
    make_table(ui, &found_rows);
}

static void
reset_findings(stat_tap_table *table)
{
    reset(table, &found_rows);
}

void
stat_table_register(void)
{
    static tap_param filter[] = { { PARAM_FILTER, "filter", "Filter", NULL, TRUE } };
    static stat_tap_table_ui sas = { REGISTER_PACKET_STAT_GROUP_UNSORTED,
                                     "IPsec SAs",
                                     "espial",
                                     "espial,sa_table",
                                     begin_sas,
                                     on_sas,
                                     reset_sas,
                                     free_item,
                                     NULL,
                                     NUM_SA_FIELDS,
                                     sas_fields,
                                     G_N_ELEMENTS(filter),
                                     filter,
                                     NULL,
                                     0 };
    static stat_tap_table_ui findings = { REGISTER_PACKET_STAT_GROUP_UNSORTED,
                                          "IPsec Findings",
                                          "espial",
                                          "espial,finding_table",
                                          begin_findings,
                                          on_findings,
                                          reset_findings,
                                          free_item,
                                          NULL,
                                          NUM_F_FIELDS,
                                          found_fields,
                                          G_N_ELEMENTS(filter),
                                          filter,
                                          NULL,
                                          0 };

    register_stat_tap_table_ui(&sas);
    register_stat_tap_table_ui(&findings);
    register_shutdown_routine(free_rows);
}
