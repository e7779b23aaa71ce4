/* table.h - between the files of the tables: rows that are filled packet by packet.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_STAT_TABLE_H
#define ESPIAL_STAT_TABLE_H

#include "espial.h"

enum { RANKS = SEV_ERROR + 1 };

/* No menu of Wireshark's shows a table of this group: menu.c does. */
#define TABLE_IN_NO_MENU REGISTER_STAT_GROUP_CONVERSATION_LIST

/* Which row an SA, a finding or a diagnosis has; rows of one rank stay in order of first packet. */
struct rows {
    GHashTable *by_id;
    GArray *ids;                /* of uint32_t, by row */
    unsigned num, num_of[RANKS];
};
void table_free_rows(struct rows *rows);

/* For the callbacks of a table. */
void table_begin(stat_tap_table_ui *ui, struct rows *rows);
void table_reset(stat_tap_table *table, struct rows *rows);
void table_free_item(stat_tap_table *table, guint row, guint column,
                     stat_tap_table_item_type *item);
stat_tap_table *table_of(const stat_tap_table_ui *ui);

/* The row of id, which is made where it has none: the last one, or behind those of its severity and
 * worse; others move then. */
unsigned table_row(struct rows *rows, stat_tap_table *table, uint32_t id,
                   const stat_tap_table_ui *ui);
unsigned table_row_by_severity(struct rows *rows, stat_tap_table *table, uint32_t id,
                               enum severity severity, const stat_tap_table_ui *ui);
void table_set_text(stat_tap_table *table, unsigned row, unsigned column, const char *text);
void table_set_severity(stat_tap_table *table, unsigned row, unsigned column,
                        enum severity severity);
void table_set_time(stat_tap_table *table, unsigned row, unsigned column, double seconds);
void table_set_number(stat_tap_table *table, unsigned row, unsigned column, uint64_t n);
void table_add(stat_tap_table *table, unsigned row, unsigned column, unsigned by);

#endif
