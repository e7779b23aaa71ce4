/* ndjson.c - what is known of a capture as records, one a line.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "records.h"

#include <string.h>

static uint32_t *
ids_none(size_t n)
{
    uint32_t *ids = g_new(uint32_t, MAX(n, 1));

    memset(ids, 0xff, MAX(n, 1) * sizeof *ids);         /* NO_ID */
    return ids;
}

/* Of each id the first one: the worst come first. */
static void
note(uint32_t *of, size_t n, const GArray *ids, uint32_t what)
{
    for (guint i = 0; i < ids->len; i++) {
        uint32_t id = g_array_index(ids, uint32_t, i);
        if (id < n && of[id] == NO_ID) {
            of[id] = what;
        }
    }
}

static void
tie(struct records *all)
{
    const struct report *r = all->r;
    size_t ike_sas = sadb_num_ike_sas(r->db), child_sas = sadb_num_child_sas(r->db),
           streams = sadb_num_streams(r->db);

    all->of_ike_sa = ids_none(ike_sas);
    all->of_child_sa = ids_none(child_sas);
    all->tunnel_of_ike_sa = ids_none(ike_sas);
    all->tunnel_of_stream = ids_none(streams);
    all->hygiene_of_ike_sa = ids_none(ike_sas);
    for (size_t i = 0; i < diagnoses_count(r->diagnoses); i++) {
        const struct diagnosis *d = diagnoses_get(r->diagnoses, i);
        note(all->of_ike_sa, ike_sas, d->ike_sas, d->id);
        note(all->of_child_sa, child_sas, d->child_sas, d->id);
    }
    for (size_t i = 0; i < diagnoses_num_tunnels(r->diagnoses); i++) {
        const struct tunnel *t = diagnoses_tunnel(r->diagnoses, i);
        note(all->tunnel_of_ike_sa, ike_sas, t->ike_sas, t->id);
        note(all->tunnel_of_stream, streams, t->streams, t->id);
    }
    for (size_t i = 0; i < diagnoses_num_hygiene(r->diagnoses); i++) {
        uint32_t id = diagnoses_hygiene(r->diagnoses, i)->ike_sa;
        if (id < ike_sas) {
            all->hygiene_of_ike_sa[id] = (uint32_t)i;
        }
    }
}

static void
untie(struct records *all)
{
    g_free(all->of_ike_sa);
    g_free(all->of_child_sa);
    g_free(all->tunnel_of_ike_sa);
    g_free(all->tunnel_of_stream);
    g_free(all->hygiene_of_ike_sa);
}

/* Of the capture's name, its size and its times, and of the first SPIs in it: the same capture has
 * the same one each time, with keys or without, and no other octet of it has to be read. */
static void
identify(struct records *all)
{
    const struct sadb *db = all->r->db;
    GString *text = g_string_new(all->r->file ? all->r->file : "");
    char *digest, seconds[2][G_ASCII_DTOSTR_BUF_SIZE];

    if (db) {
        g_ascii_formatd(seconds[0], sizeof seconds[0], "%.6f", sadb_first_time(db));
        g_ascii_formatd(seconds[1], sizeof seconds[1], "%.6f", sadb_last_time(db));
        g_string_append_printf(text, "/%u/%s/%s", sadb_num_frames(db), seconds[0], seconds[1]);
        for (size_t i = 0; i < 8 && sadb_num_ike_sas(db); i++) {
            g_string_append_printf(text, "/%02x", sadb_ike_sa(db, 0)->spi_i[i]);
        }
        if (sadb_num_streams(db)) {
            g_string_append_printf(text, "/%08x", sadb_stream(db, 0)->spi);
        }
    }
    digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, (gssize)text->len);
    g_strlcpy(all->id, digest, sizeof all->id);
    g_free(digest);
    g_string_free(text, TRUE);
}

void
report_ndjson(FILE *out, const struct report *r, const char *error)
{
    struct records all = { .out = out, .r = r, .error = error };

    identify(&all);
    records_capture(&all);
    if (!r->db) {
        return;
    }
    tie(&all);
    for (size_t i = 0; i < diagnoses_num_tunnels(r->diagnoses); i++) {
        records_tunnel(&all, diagnoses_tunnel(r->diagnoses, i));
    }
    for (size_t i = 0; i < diagnoses_count(r->diagnoses); i++) {
        records_diagnosis(&all, diagnoses_get(r->diagnoses, i));
    }
    for (size_t i = 0; i < findings_count(r->findings); i++) {
        records_finding(&all, findings_get(r->findings, i));
    }
    for (size_t i = 0; i < sadb_num_ike_sas(r->db); i++) {
        records_ike_sa(&all, sadb_ike_sa(r->db, i));
    }
    for (size_t i = 0; i < sadb_num_child_sas(r->db); i++) {
        records_child_sa(&all, sadb_child_sa(r->db, i));
    }
    for (size_t i = 0; i < sadb_num_streams(r->db); i++) {
        records_stream(&all, sadb_stream(r->db, i));
    }
    untie(&all);
}
