/* put.c - what records have in common.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "records.h"

#include "refer.h"

#include <espial/names.h>
#include <string.h>

enum { TIME_TEXT = 40 };

#define LAST_TIME 253402300800.0        /* the year 10000: ISO 8601 has four digits for one */

void
put_object(json_dumper *j, const char *name)
{
    member(j, name);
    json_dumper_begin_object(j);
}

void
put_known(json_dumper *j, const char *name, const char *text)
{
    if (text) {
        put_text(j, name, text);
    }
}

void
put_unless(json_dumper *j, const char *name, uint32_t n, uint32_t none)
{
    if (n != none) {
        put_number(j, name, n);
    }
}

void
put_link(json_dumper *j, const char *name, uint32_t id)
{
    if (id != NO_ID) {
        put_object(j, name);
        put_number(j, "id", id);
        json_dumper_end_object(j);
    }
}

void
put_texts(json_dumper *j, const char *name, const char *const *texts)
{
    begin_list(j, name);
    for (; *texts; texts++) {
        json_dumper_value_string(j, *texts);
    }
    json_dumper_end_array(j);
}

void
put_tags(json_dumper *j, bool inferred, bool weak)
{
    const char *tags[3] = { NULL, NULL, NULL };
    unsigned n = 0;

    if (inferred) {
        tags[n++] = "inferred";
    }
    if (weak) {
        tags[n++] = "weak";
    }
    if (n) {
        put_texts(j, "tags", tags);
    }
}

/* --- times ------------------------------------------------------------------------------------ */

/* Microseconds since 1970, as the JSON report rounds them. */
static int64_t
microseconds(double t)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE], *point;

    g_ascii_formatd(text, sizeof text, "%.6f", t);
    point = strchr(text, '.');
    return g_ascii_strtoll(text, NULL, 10) * G_USEC_PER_SEC + g_ascii_strtoll(point + 1, NULL, 10);
}

/* A clock that never was set, or that a capture made up: no date has that year. */
static bool
is_date(double t)
{
    return t >= 0 && t < LAST_TIME;
}

static void
put_date(json_dumper *j, const char *name, double t)
{
    int64_t us = microseconds(t);
    GDateTime *date = g_date_time_new_from_unix_utc(us / G_USEC_PER_SEC);
    char *day, text[TIME_TEXT];

    if (!date) {
        return;         /* it was rounded up to the year 10000 */
    }
    day = g_date_time_format(date, "%Y-%m-%dT%H:%M:%S");
    g_snprintf(text, sizeof text, "%s.%06uZ", day, (unsigned)(us % G_USEC_PER_SEC));
    put_text(j, name, text);
    g_free(day);
    g_date_time_unref(date);
}

static void
put_span(json_dumper *j, const struct happening *h)
{
    put_date(j, "start", h->first);
    if (is_date(h->last) && h->last >= h->first) {
        int64_t us = microseconds(h->last) - microseconds(h->first);

        put_date(j, "end", h->last);
        put_number(j, "duration", (uint64_t)us * 1000);
    }
}

/* --- a record --------------------------------------------------------------------------------- */

static void
put_event(json_dumper *j, const struct records *all, const struct happening *h, bool dated)
{
    char *dataset = g_strconcat("espial.", h->dataset, NULL),
         *id = h->id == NO_ID ? g_strdup_printf("%s-%s", all->id, h->dataset) :
                                g_strdup_printf("%s-%s-%u", all->id, h->dataset, h->id);

    put_object(j, "event");
    put_text(j, "id", id);
    put_text(j, "kind", h->kind);
    put_texts(j, "category", h->categories);
    put_texts(j, "type", h->types);
    put_text(j, "module", "espial");
    put_text(j, "dataset", dataset);
    put_known(j, "outcome", h->outcome);
    put_known(j, "reason", h->reason);
    if (h->severity) {
        put_number(j, "severity", (uint64_t)h->severity);
    }
    if (dated) {
        put_span(j, h);
    }
    json_dumper_end_object(j);
    g_free(id);
    g_free(dataset);
}

void
record_begin(json_dumper *j, const struct records *all, const struct happening *h,
             const char *message)
{
    bool dated = h->timed && is_date(h->first);

    *j = (json_dumper){ .output_file = all->out };
    json_dumper_begin_object(j);
    if (dated) {
        put_date(j, "@timestamp", h->first);
    }
    put_object(j, "ecs");
    put_text(j, "version", "8.11.0");
    json_dumper_end_object(j);
    put_event(j, all, h, dated);
    put_known(j, "message", message);
    if (all->r->file) {
        put_object(j, "file");
        put_text(j, "name", all->r->file);
        json_dumper_end_object(j);
    }
    put_object(j, "observer");
    put_text(j, "product", "Espial");
    put_text(j, "type", "protocol-analyzer");
    put_text(j, "version", all->r->version);
    json_dumper_end_object(j);
}

void
record_own(json_dumper *j, const struct records *all)
{
    put_object(j, "espial");
    put_text(j, "format", RECORDS_FORMAT);
    put_object(j, "capture");
    put_text(j, "id", all->id);
}

void
record_end(json_dumper *j)
{
    json_dumper_end_object(j);
    json_dumper_end_object(j);
    json_dumper_finish(j);
}

/* --- ends ------------------------------------------------------------------------------------- */

static void
put_end(json_dumper *j, const char *name, const struct record_end *e)
{
    char text[ADDR_TEXT_MAX];

    put_object(j, name);
    put_text(j, "address", ip_print(e->addr, text, sizeof text));
    put_text(j, "ip", text);
    put_unless(j, "port", e->port, 0);
    if (e->counted) {
        put_number(j, "packets", e->packets);
        put_number(j, "bytes", e->bytes);
    }
    json_dumper_end_object(j);
}

static const char *
transport_name(uint8_t transport)
{
    return transport == IP_UDP ? "udp" : transport == IP_TCP ? "tcp" :
           transport == IP_AH  ? "ah" :
                                 "esp";
}

void
put_ends(json_dumper *j, const struct record_end *source, const struct record_end *destination,
         uint8_t transport, const char *protocol, bool whole)
{
    put_end(j, "source", source);
    put_end(j, "destination", destination);
    put_object(j, "network");
    put_text(j, "type", source->addr->family == 6 ? "ipv6" : "ipv4");
    if (transport) {
        char number[4];

        g_snprintf(number, sizeof number, "%u", (unsigned)transport);
        put_text(j, "iana_number", number);
        put_text(j, "transport", transport_name(transport));
    }
    put_text(j, "protocol", protocol);
    if (source->counted || destination->counted) {
        put_number(j, "packets", source->packets + destination->packets);
        put_number(j, "bytes", source->bytes + destination->bytes);
    }
    if (whole && transport) {
        char *id = community_id(source->addr, source->port, destination->addr, destination->port,
                                transport);
        put_text(j, "community_id", id);
        g_free(id);
    }
    json_dumper_end_object(j);
}
