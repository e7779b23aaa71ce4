/* summary_json.c - what many results come to: espial-summary/1.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_put.h"
#include "summary.h"

#include <string.h>

static void
put_places(json_dumper *j, const struct places *p, bool causes)
{
    begin_list(j, "places");
    for (guint i = 0; i < p->at->len; i++) {
        const struct place *place = &g_array_index(p->at, struct place, i);
        json_dumper_begin_object(j);
        put_text(j, "file", place->file);
        if (causes) {
            put_number(j, "count", place->count);
            begin_list(j, "frames");
            for (unsigned k = 0; k < place->num_frames; k++) {
                json_dumper_value_anyf(j, "%u", place->frames[k]);
            }
            json_dumper_end_array(j);
        } else {
            put_text(j, "reason", place->what);
        }
        json_dumper_end_object(j);
    }
    json_dumper_end_array(j);
    put_number(j, "places_left_out", p->num - p->at->len);
}

static void
put_causes(json_dumper *j, const struct summary *s)
{
    GPtrArray *all = summary_causes(s);

    begin_list(j, "diagnoses");
    for (guint i = 0; i < all->len; i++) {
        const struct sum_cause *c = g_ptr_array_index(all, i);
        json_dumper_begin_object(j);
        put_text(j, "cause", c->cause);
        put_text(j, "severity", severity_name(c->severity));
        put_text(j, "title", c->title);
        put_number(j, "count", c->count);
        put_number(j, "files", c->places.num);
        put_places(j, &c->places, true);
        json_dumper_end_object(j);
    }
    json_dumper_end_array(j);
    g_ptr_array_free(all, TRUE);
}

static void
put_check(json_dumper *j, const struct sum_row *row)
{
    put_text(j, "check", row->name);
    put_text(j, "severity", row->of);
    put_number(j, "findings", row->a);
    put_number(j, "count", row->b);
}

static void
put_weak(json_dumper *j, const struct sum_row *row)
{
    put_text(j, "algorithm", row->name);
    put_text(j, "protocol", row->of);
    put_bool(j, "must_not", row->rank);
    put_number(j, "sas", row->a);
}

static void
put_peer(json_dumper *j, const struct sum_row *row)
{
    put_text(j, "peer", row->name);
    put_number(j, "fails", row->a);
    put_number(j, "degraded", row->b);
    put_number(j, "tunnels", row->c);
}

static void
put_reason(json_dumper *j, const struct sum_row *row)
{
    put_text(j, "reason", row->name);
}

static void
put_message(json_dumper *j, const struct sum_row *row)
{
    put_text(j, "text", row->name);
}

static void
put_version(json_dumper *j, const struct sum_row *row)
{
    put_text(j, "plugin", row->name);
    put_text(j, "wireshark", row->of);
}

static void
put_rows(json_dumper *j, const char *name, GHashTable *rows, guint most,
         void (*put_row)(json_dumper *j, const struct sum_row *row))
{
    GPtrArray *all = summary_rows(rows);

    begin_list(j, name);
    for (guint i = 0; i < MIN(all->len, most); i++) {
        const struct sum_row *row = g_ptr_array_index(all, i);
        json_dumper_begin_object(j);
        put_row(j, row);
        put_number(j, "files", row->files);
        json_dumper_end_object(j);
    }
    json_dumper_end_array(j);
    g_ptr_array_free(all, TRUE);
}

static void
put_files(json_dumper *j, const struct summary *s)
{
    member(j, "files");
    json_dumper_begin_object(j);
    put_number(j, "read", s->files[RESULT_READ]);
    put_number(j, "cut", s->cut);
    put_number(j, "unread", s->files[RESULT_UNREAD]);
    put_number(j, "failed", s->files[RESULT_FAILED]);
    put_number(j, "octets", s->octets);
    json_dumper_end_object(j);
    member(j, "results");
    json_dumper_begin_object(j);
    put_number(j, "given", s->results);
    put_number(j, "duplicates", s->duplicates);
    put_number(j, "damaged", s->damaged.num);
    json_dumper_end_object(j);
}

static void
put_tunnels(json_dumper *j, const struct summary *s)
{
    member(j, "tunnels");
    json_dumper_begin_object(j);
    for (int v = VERDICT_FAILS; v <= VERDICT_WORKS; v++) {
        put_number(j, verdict_name((enum verdict)v), s->tunnels[v]);
    }
    json_dumper_end_object(j);
}

static void
put_troubles(json_dumper *j, const char *name, const struct places *p)
{
    member(j, name);
    json_dumper_begin_object(j);
    put_places(j, p, false);
    json_dumper_end_object(j);
}

void
summary_json(FILE *out, const struct summary *s, const char *version)
{
    GString *line = g_string_new(NULL);
    json_dumper j = { .output_string = line };

    json_dumper_begin_object(&j);
    put_text(&j, "format", "espial-summary/1");
    put_text(&j, "plugin", version);
    put_files(&j, s);
    put_number(&j, "frames", s->frames);
    put_number(&j, "ike_sas", s->ike_sas);
    put_number(&j, "child_sas", s->child_sas);
    put_number(&j, "streams", s->streams);
    put_tunnels(&j, s);
    put_causes(&j, s);
    put_rows(&j, "findings", s->checks, SUMMARY_MAX_ROWS, put_check);
    put_rows(&j, "weak", s->weak, SUMMARY_MAX_ROWS, put_weak);
    put_rows(&j, "peers", s->peers, SUMMARY_MAX_JSON_PEERS, put_peer);
    put_number(&j, "peers_left_out",
               s->peers_left_out + g_hash_table_size(s->peers) -
                   MIN(g_hash_table_size(s->peers), (guint)SUMMARY_MAX_JSON_PEERS));
    put_rows(&j, "reasons", s->reasons, SUMMARY_MAX_ROWS, put_reason);
    put_troubles(&j, "unread", &s->troubled);
    put_troubles(&j, "damaged", &s->damaged);
    put_rows(&j, "messages", s->messages, SUMMARY_MAX_ROWS, put_message);
    put_rows(&j, "versions", s->versions, SUMMARY_MAX_ROWS, put_version);
    put_bool(&j, "capped", s->full);
    json_dumper_end_object(&j);
    json_dumper_finish(&j);
    g_string_truncate(line, strcspn(line->str, "\n"));  /* not every version ends the line */
    (void)fprintf(out, "%s\n", line->str);
    g_string_free(line, TRUE);
}
