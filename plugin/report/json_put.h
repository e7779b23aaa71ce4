/* json_put.h - members of a JSON object.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_JSON_PUT_H
#define ESPIAL_JSON_PUT_H

#include <espial/facts.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <wsutil/json_dumper.h>

static inline void
member(json_dumper *j, const char *name)
{
    json_dumper_set_member_name(j, name);
}

static inline void
put_text(json_dumper *j, const char *name, const char *text)
{
    member(j, name);
    if (text) {
        json_dumper_value_string(j, text);
    } else {
        json_dumper_value_anyf(j, "null");
    }
}

static inline void
put_number(json_dumper *j, const char *name, uint64_t n)
{
    member(j, name);
    json_dumper_value_anyf(j, "%" G_GINT64_MODIFIER "u", n);
}

static inline void
put_or_null(json_dumper *j, const char *name, uint32_t n, uint32_t none)
{
    if (n == none) {
        put_text(j, name, NULL);
    } else {
        put_number(j, name, n);
    }
}

static inline void
put_bool(json_dumper *j, const char *name, bool b)
{
    member(j, name);
    json_dumper_value_anyf(j, b ? "true" : "false");
}

static inline void
put_time(json_dumper *j, const char *name, double t)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    /* printf would write the locale's comma. */
    member(j, name);
    json_dumper_value_anyf(j, "%s", g_ascii_formatd(text, sizeof text, "%.6f", t));
}

/* Null where they are not known. */
static inline void
put_times(json_dumper *j, bool known, double first, double last)
{
    if (known) {
        put_time(j, "first_time", first);
        put_time(j, "last_time", last);
    } else {
        put_text(j, "first_time", NULL);
        put_text(j, "last_time", NULL);
    }
}

static inline void
put_percent(json_dumper *j, const char *name, double percent)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    member(j, name);
    json_dumper_value_anyf(j, "%s", g_ascii_formatd(text, sizeof text, "%.2f", percent));
}

static inline void
begin_list(json_dumper *j, const char *name)
{
    member(j, name);
    json_dumper_begin_array(j);
}

/* Of uint32_t. */
static inline void
put_ids(json_dumper *j, const char *name, const GArray *ids)
{
    begin_list(j, name);
    for (guint i = 0; i < ids->len; i++) {
        json_dumper_value_anyf(j, "%u", g_array_index(ids, uint32_t, i));
    }
    json_dumper_end_array(j);
}

/* Null where it is not known. */
static inline void
put_spi(json_dumper *j, const char *name, uint32_t spi)
{
    char text[9];

    snprintf(text, sizeof text, "%08x", spi);
    put_text(j, name, spi ? text : NULL);
}

static inline void
put_ike_spi(json_dumper *j, const char *name, const uint8_t spi[8])
{
    char text[17];

    for (size_t i = 0; i < 8; i++) {
        snprintf(text + 2 * i, 3, "%02x", spi[i]);
    }
    put_text(j, name, text);
}

static inline void
put_selectors(json_dumper *j, const char *name, const struct selector *s, size_t n)
{
    char text[TS_TEXT_MAX];

    begin_list(j, name);
    for (size_t i = 0; i < n; i++) {
        json_dumper_value_string(j, selector_print(&s[i], text, sizeof text));
    }
    json_dumper_end_array(j);
}

/* From its negotiation, else its first packet, to its last packet or its end; false where neither
 * is known. */
bool child_times(const struct child_sa *c, double *first, double *last);

#endif
