/* key_tables.c - the keys in Wireshark's own tables, read for Espial's decryption, and IKE keys
 * of the key log given to them.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "espial.h"

#include <epan/uat-int.h>
#include <string.h>

static const char *const table_files[] = { "esp_sa", "ikev1_decryption_table",
                                           "ikev2_decryption_table" };

static void
overwrite(GString *s)
{
    memset(s->str, 0, s->len);
    g_string_free(s, TRUE);
}

static void
append_hex(GString *out, const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        g_string_append_printf(out, "%02x", at[i]);
    }
}

/* One row as Wireshark writes it to the table's file. */
static void
append_row(GString *out, const uat_t *table, const void *row)
{
    for (unsigned i = 0; i < table->ncols; i++) {
        const uat_field_t *f = &table->fields[i];
        char *text = NULL;
        unsigned len = 0;
        f->cb.tostr((void *)row, &text, &len, f->cbdata.tostr, f->fld_data);
        if (i) {
            g_string_append_c(out, ',');
        }
        if (f->mode == PT_TXTMOD_HEXBYTES) {
            append_hex(out, (const uint8_t *)text, len);
        } else {
            g_string_append_printf(out, "\"%.*s\"", (int)len, text);
        }
        if (text) {
            memset(text, 0, len);
        }
        g_free(text);
    }
    g_string_append_c(out, '\n');
}

static void
read_table(void *data, void *user_data)
{
    const uat_t *table = (const uat_t *)data;
    struct keylog *log = (struct keylog *)user_data;
    GString *text;
    char *messages = NULL;
    bool wanted = false;

    for (size_t i = 0; i < G_N_ELEMENTS(table_files); i++) {
        wanted |= strcmp(table->filename, table_files[i]) == 0;
    }
    if (!wanted || !table->user_data) {
        return;
    }
    text = g_string_new(NULL);
    for (unsigned i = 0; i < table->user_data->len; i++) {
        append_row(text, table, table->user_data->data + table->record_size * i);
    }
    /* Wireshark has judged the rows; those with wildcards are for its dissector alone. */
    keylog_read(log, table->name, text->str, text->len, &messages);
    g_free(messages);
    overwrite(text);
}

void
key_tables_read(struct keylog *log)
{
    uat_foreach_table(read_table, log);
}

/* --- IKE keys for Wireshark --------------------------------------------------------------- */

static GHashTable *fed;         /* SPIs given to Wireshark in this process */

static void
feed_row(GString *row, unsigned line)
{
    char *error = NULL;

    if (prefs_set_pref(row->str, &error) != PREFS_SET_OK) {
        report_failure("Espial: Wireshark does not accept the IKE key in line %u of the key log",
                       line);
    }
    g_free(error);
}

static void
forget_fed(void)
{
    g_hash_table_destroy(fed);
    fed = NULL;
}

static bool
first_time(const uint8_t *spi, unsigned version)
{
    static const uint8_t unknown[8];
    GString *name;

    if (memcmp(spi, unknown, sizeof unknown) == 0) {
        return false;           /* the table finds keys by it */
    }
    if (!fed) {
        fed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        register_shutdown_routine(forget_fed);
    }
    name = g_string_new(NULL);
    append_hex(name, spi, 8);
    g_string_append_printf(name, ".%u", version);
    return g_hash_table_add(fed, g_string_free(name, FALSE));
}

static void
feed_ike1(const struct keylog_ike1 *one)
{
    GString *row = g_string_new("uat:ikev1_decryption_table:");

    append_hex(row, one->spi_i, 8);
    g_string_append_c(row, ',');
    append_hex(row, one->key.at, one->key.len);
    if (one->key.len && first_time(one->spi_i, 1)) {
        feed_row(row, one->line);
    }
    overwrite(row);
}

struct columns {
    const value_string *encr, *integ;
};

static void
find_columns(void *data, void *user_data)
{
    const uat_t *table = (const uat_t *)data;
    struct columns *c = (struct columns *)user_data;

    if (strcmp(table->filename, "ikev2_decryption_table") == 0 && table->ncols == 8) {
        c->encr = (const value_string *)table->fields[4].fld_data;
        c->integ = (const value_string *)table->fields[7].fld_data;
    }
}

/* The table's whole name, "AES-CBC-128 [RFC3602]", for its beginning. */
static const char *
whole_name(const value_string *names, const char *begins)
{
    size_t len = strlen(begins);

    for (; names && names->strptr; names++) {
        if (strncmp(names->strptr, begins, len) == 0 &&
            (!names->strptr[len] || strncmp(names->strptr + len, " [", 2) == 0)) {
            return names->strptr;
        }
    }
    return NULL;
}

static void
feed_ike2(const struct keylog_ike2 *one, const struct columns *columns)
{
    static const uint8_t unknown[8];
    GString *row = g_string_new("uat:ikev2_decryption_table:");
    const char *encr, *integ;

    if (memcmp(one->spi_r, unknown, 8) != 0 && keylog_ike2_names(one, &encr, &integ) &&
        (encr = whole_name(columns->encr, encr)) && (integ = whole_name(columns->integ, integ)) &&
        first_time(one->spi_i, 2)) {
        const struct crypt_key *keys[] = { &one->keys.sk_ei, &one->keys.sk_er, &one->keys.sk_ai,
                                           &one->keys.sk_ar };
        append_hex(row, one->spi_i, 8);
        g_string_append_c(row, ',');
        append_hex(row, one->spi_r, 8);
        for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
            g_string_append_c(row, ',');
            append_hex(row, keys[i]->at, keys[i]->len);
            if (i == 1) {
                g_string_append_printf(row, ",\"%s\"", encr);
            }
        }
        g_string_append_printf(row, ",\"%s\"", integ);
        feed_row(row, one->line);
    }
    overwrite(row);
}

void
key_tables_feed(const struct keylog *log)
{
    struct columns columns = { NULL, NULL };

    uat_foreach_table(find_columns, &columns);
    for (size_t i = 0; i < keylog_num_ike1(log); i++) {
        feed_ike1(keylog_ike1(log, i));
    }
    for (size_t i = 0; i < keylog_num_ike2(log); i++) {
        feed_ike2(keylog_ike2(log, i), &columns);
    }
}
