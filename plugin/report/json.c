/* json.c - the report espial-report/1.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_put.h"
#include "lines.h"

static void
put_endpoint(json_dumper *j, const char *name, const struct endpoint *e)
{
    char text[ADDR_TEXT_MAX];

    member(j, name);
    json_dumper_begin_object(j);
    put_text(j, "address", ip_print(&e->addr, text, sizeof text));
    put_number(j, "port", e->port);
    put_text(j, "id", e->id);
    json_dumper_end_object(j);
}

static void
put_exchange(json_dumper *j, const struct ike_sa *sa, const struct exchange *x)
{
    char name[64];

    json_dumper_begin_object(j);
    put_text(j, "name", exchange_name(sa->major, x->type, name, sizeof name));
    put_number(j, "message_id", x->message_id);
    put_or_null(j, "request", x->request, 0);
    put_or_null(j, "response", x->response, 0);
    begin_list(j, "retransmissions");
    for (guint i = 0; i < x->messages.len; i++) {
        const struct exchange_message *m = &x->messages.at[i];
        for (guint k = 0; m->again && k < m->again->frames.len; k++) {
            json_dumper_value_anyf(j, "%u", m->again->frames.at[k]);
        }
    }
    json_dumper_end_array(j);
    if (x->request && x->response) {
        put_time(j, "response_time", x->response_time - x->request_time);
    } else {
        put_text(j, "response_time", NULL);
    }
    json_dumper_end_object(j);
}

static void
put_ike_sa(json_dumper *j, const struct ike_sa *sa)
{
    char text[ADDR_TEXT_MAX], suite[SUITE_TEXT_MAX];
    double first = 0, last = 0;
    bool timed;

    json_dumper_begin_object(j);
    put_number(j, "id", sa->id);
    put_text(j, "version", sa->major == 1 ? "IKEv1" : "IKEv2");
    put_ike_spi(j, "spi_i", sa->spi_i);
    put_ike_spi(j, "spi_r", sa->spi_r);
    put_text(j, "state", ike_sa_state_name(sa->state));
    put_endpoint(j, "initiator", &sa->initiator);
    put_endpoint(j, "responder", &sa->responder);
    begin_list(j, "exchanges");
    for (guint i = 0; i < sa->exchanges.len; i++) {
        put_exchange(j, sa, sa->exchanges.at[i]);
    }
    json_dumper_end_array(j);
    begin_list(j, "offered");
    for (guint i = 0; i < sa->offered->len; i++) {
        json_dumper_value_string(j, kept_text(sa->offered->at[i], suite));
    }
    json_dumper_end_array(j);
    put_text(j, "proposal", sa->chosen ? sa->chosen->text : NULL);
    put_text(j, "nat", nat_name(sa->nat));
    begin_list(j, "virtual_ips");
    for (guint i = 0; i < sa->addresses->len; i++) {
        json_dumper_value_string(j, ip_print(&sa->addresses->at[i].addr, text, sizeof text));
    }
    json_dumper_end_array(j);
    put_text(j, "user", sa->user);
    put_text(j, "auth_method", ike_sa_method(sa, suite, sizeof suite));
    put_text(j, "standing", ike_sa_standing_name(sa));
    put_or_null(j, "rekeys", sa->rekeys, NO_ID);
    put_or_null(j, "rekeyed_by", sa->rekeyed_by, NO_ID);
    put_number(j, "first_frame", sa->first_frame);
    put_number(j, "last_frame", sa->last_frame);
    timed = ike_sa_times(sa, &first, &last);
    put_times(j, timed, first, last);
    begin_list(j, "child_sas");
    for (guint i = 0; i < sa->children.len; i++) {
        json_dumper_value_anyf(j, "%u", (sa->children.at[i])->id);
    }
    json_dumper_end_array(j);
    json_dumper_end_object(j);
}

bool
child_times(const struct child_sa *c, double *first, double *last)
{
    bool known = c->negotiated_in != 0;

    *first = c->negotiated_time;
    *last = known ? MAX(*first, c->deleted_time) : 0;
    for (guint i = 0; i < c->streams.len; i++) {
        const struct stream *s = c->streams.at[i];
        if (s->packets) {
            *first = known ? MIN(*first, s->first_time) : s->first_time;
            *last = known ? MAX(*last, s->last_time) : s->last_time;
            known = true;
        }
    }
    return known;
}

static void
put_child_sa(json_dumper *j, const struct child_sa *c)
{
    char text[ADDR_TEXT_MAX];
    double first, last;
    bool timed = child_times(c, &first, &last);

    json_dumper_begin_object(j);
    put_number(j, "id", c->id);
    put_number(j, "ike_sa", c->ike_sa->id);
    put_text(j, "protocol", c->protocol == PROTO_AH ? "AH" : "ESP");
    put_text(j, "mode", child_mode(c));
    put_bool(j, "udp_encap", c->udp_encap);
    put_text(j, "basis", basis_name(c->basis));
    put_spi(j, "spi_i", c->spi_i);
    put_spi(j, "spi_r", c->spi_r);
    put_text(j, "proposal", c->chosen ? c->chosen->text : NULL);
    put_selectors(j, "ts_i", c->ts_i, c->num_ts_i);
    put_selectors(j, "ts_r", c->ts_r, c->num_ts_r);
    put_text(j, "virtual_ip",
             c->virtual_ip.family ? ip_print(&c->virtual_ip, text, sizeof text) : NULL);
    put_text(j, "state", child_state_name(c->state));
    put_or_null(j, "negotiated_in", c->negotiated_in, 0);
    put_or_null(j, "deleted_in", c->deleted_in, 0);
    put_or_null(j, "rekeys", c->rekeys, NO_ID);
    put_times(j, timed, first, last);
    put_or_null(j, "lifetime", c->chosen ? c->chosen->p->attr.life_s : 0, 0);
    put_or_null(j, "lifetime_kb", c->chosen ? c->chosen->p->attr.life_kb : 0, 0);
    begin_list(j, "streams");
    for (guint i = 0; i < c->streams.len; i++) {
        json_dumper_value_anyf(j, "%u", (c->streams.at[i])->id);
    }
    json_dumper_end_array(j);
    json_dumper_end_object(j);
}

static void
put_stream(json_dumper *j, const struct stream *s)
{
    char text[ADDR_TEXT_MAX], spi[9], cipher[TEXT_MAX];

    snprintf(spi, sizeof spi, "%08x", s->spi);
    json_dumper_begin_object(j);
    put_number(j, "id", s->id);
    put_text(j, "protocol", s->protocol == PROTO_AH ? "AH" : "ESP");
    put_text(j, "spi", spi);
    put_text(j, "src", ip_print(&s->src, text, sizeof text));
    put_text(j, "dst", ip_print(&s->dst, text, sizeof text));
    put_bool(j, "udp_encap", s->src_port && !s->in_tcp);
    put_or_null(j, "child_sa", s->child ? s->child->id : NO_ID, NO_ID);
    put_number(j, "packets", s->packets);
    put_number(j, "bytes", s->bytes);
    put_number(j, "first_frame", s->first_frame);
    put_number(j, "last_frame", s->last_frame);
    put_times(j, s->packets, s->first_time, s->last_time);
    put_number(j, "first_seq", s->first_seq);
    put_number(j, "last_seq", s->last_seq);
    put_number(j, "lost", s->lost);
    put_percent(j, "lost_percent", stream_lost_percent(s));
    put_number(j, "replayed", s->replayed);
    put_number(j, "out_of_window", s->out_of_window);
    put_text(j, "lengths_suggest", stream_suggests(s, cipher, sizeof cipher));
    json_dumper_end_object(j);
}

static void
put_finding(json_dumper *j, const struct sadb *db, const struct finding *f)
{
    const struct check *c = &checks[f->check];
    guint n = f->frames->len;
    uint32_t first = n ? g_array_index(f->frames, uint32_t, 0) : f->frame,
             last = n ? g_array_index(f->frames, uint32_t, n - 1) : f->frame;

    json_dumper_begin_object(j);
    put_text(j, "check", c->name);
    put_text(j, "severity", severity_name(f->severity));
    put_text(j, "basis", basis_name(f->basis));
    put_number(j, "frame", f->frame);
    begin_list(j, "frames");
    for (guint i = 0; i < n; i++) {
        json_dumper_value_anyf(j, "%u", g_array_index(f->frames, uint32_t, i));
    }
    json_dumper_end_array(j);
    put_number(j, "count", f->count);
    put_times(j, true, sadb_time_of(db, first), sadb_time_of(db, last));
    put_or_null(j, "ike_sa", f->ike_sa, NO_ID);
    put_or_null(j, "child_sa", f->child_sa, NO_ID);
    put_or_null(j, "stream", f->stream, NO_ID);
    put_text(j, "detail", f->detail);
    if (finding_differs(f)) {
        begin_list(j, "per_frame");
        for (guint i = 0; i < n; i++) {
            uint32_t frame = g_array_index(f->frames, uint32_t, i);
            json_dumper_begin_object(j);
            put_number(j, "frame", frame);
            put_text(j, "detail", finding_detail_at(f, frame));
            json_dumper_end_object(j);
        }
        json_dumper_end_array(j);
    }
    put_text(j, "remedy", f->remedy);
    put_text(j, "reference", c->reference);
    json_dumper_end_object(j);
}

static void
put_diagnosis(json_dumper *j, const struct report *r, const struct diagnosis *d)
{
    json_dumper_begin_object(j);
    put_number(j, "id", d->id);
    put_text(j, "cause", checks[d->cause].name);
    put_text(j, "severity", severity_name(d->severity));
    put_text(j, "basis", basis_name(d->basis));
    put_or_null(j, "tunnel", d->tunnel, NO_ID);
    put_ids(j, "ike_sas", d->ike_sas);
    put_ids(j, "child_sas", d->child_sas);
    put_number(j, "first_frame", d->first_frame);
    put_ids(j, "frames", d->frames);
    put_text(j, "title", d->title);
    put_text(j, "text", d->text);
    put_text(j, "remedy", d->remedy);
    put_ids(j, "evidence", d->evidence);
    put_ids(j, "follows", d->follows);
    begin_list(j, "considered");
    for (guint i = 0; i < d->considered->len; i++) {
        const struct considered *c = &g_array_index(d->considered, struct considered, i);
        json_dumper_begin_object(j);
        put_text(j, "cause", checks[c->check].name);
        put_text(j, "because", c->because);
        json_dumper_end_object(j);
    }
    json_dumper_end_array(j);
    json_log_lines(j, r, d);
    json_dumper_end_object(j);
}

static void
put_tunnel(json_dumper *j, const struct tunnel *t)
{
    json_dumper_begin_object(j);
    put_number(j, "id", t->id);
    put_text(j, "who", t->who);
    put_text(j, "peer", t->peer);
    put_ids(j, "ike_sas", t->ike_sas);
    put_text(j, "verdict", verdict_name(t->verdict));
    put_text(j, "text", t->text);
    put_ids(j, "diagnoses", t->diagnoses);
    json_dumper_end_object(j);
}

static void
put_hygiene(json_dumper *j, const struct hygiene *h)
{
    json_dumper_begin_object(j);
    put_or_null(j, "ike_sa", h->ike_sa, NO_ID);
    put_text(j, "severity", severity_name(h->severity));
    put_text(j, "text", h->text);
    put_ids(j, "findings", h->findings);
    json_dumper_end_object(j);
}

/* What the findings come to. */
static void
put_diagnoses(json_dumper *j, const struct report *r)
{
    const struct diagnoses *d = r->diagnoses;

    begin_list(j, "diagnoses");
    for (size_t i = 0; i < diagnoses_count(d); i++) {
        put_diagnosis(j, r, diagnoses_get(d, i));
    }
    json_dumper_end_array(j);
    begin_list(j, "tunnels");
    for (size_t i = 0; i < diagnoses_num_tunnels(d); i++) {
        put_tunnel(j, diagnoses_tunnel(d, i));
    }
    json_dumper_end_array(j);
    begin_list(j, "hygiene");
    for (size_t i = 0; i < diagnoses_num_hygiene(d); i++) {
        put_hygiene(j, diagnoses_hygiene(d, i));
    }
    json_dumper_end_array(j);
    member(j, "outcome");
    json_dumper_begin_object(j);
    put_text(j, "verdict", verdict_name(diagnoses_verdict(d)));
    put_text(j, "text", diagnoses_outcome(d));
    json_dumper_end_object(j);
}

static void
put_keys(json_dumper *j, const struct key_use *keys)
{
    if (!keys) {
        put_text(j, "keys", NULL);
        return;
    }
    member(j, "keys");
    json_dumper_begin_object(j);
    put_number(j, "ike_given", keys->ike_given);
    put_number(j, "ike_used", keys->ike_used);
    put_number(j, "esp_given", keys->esp_given);
    put_number(j, "esp_used", keys->esp_used);
    json_dumper_end_object(j);
}

static void
put_point(json_dumper *j, const struct point *p)
{
    json_dumper_begin_object(j);
    put_number(j, "id", p->id);
    put_text(j, "name", p->name);
    put_number(j, "interface", p->number - 1u);
    if (p->placed) {
        put_time(j, "offset", p->offset);
    } else {
        put_text(j, "offset", NULL);
    }
    put_number(j, "first_frame", p->first_frame);
    put_number(j, "last_frame", p->last_frame);
    put_bool(j, "end_known", p->end_known);
    json_dumper_end_object(j);
}

static void
put_passage(json_dumper *j, const struct passage *g)
{
    char ends[REWRITING_TEXT_MAX];

    json_dumper_begin_object(j);
    put_number(j, "from", g->from);
    put_number(j, "to", g->to);
    put_or_null(j, "stream", g->stream, NO_ID);
    put_or_null(j, "ike_sa", g->ike_sa, NO_ID);
    put_bool(j, "inner", g->inner);
    put_number(j, "sent", g->sent);
    put_number(j, "arrived", g->arrived);
    begin_list(j, "lost_frames");
    for (guint i = 0; i < g->lost->len; i++) {
        json_dumper_value_anyf(j, "%u", g_array_index(g->lost, struct lost_packet, i).frame);
    }
    json_dumper_end_array(j);
    if (g->timed) {
        put_time(j, "delay", g->delay);
        put_time(j, "delay_99", g->delay_99);
    }
    put_text(j, "rewritten",
             g->rewriting.num ? rewriting_print(&g->rewriting, ends, sizeof ends) : NULL);
    if (g->remarking.num) {
        g_snprintf(ends, sizeof ends, "%u -> %u", (unsigned)g->remarking.dscp[0],
                   (unsigned)g->remarking.dscp[1]);
        put_text(j, "dscp", ends);
    }
    if (g->fragmenting.num) {
        put_number(j, g->fragmenting.apart ? "fragmented" : "joined", g->fragmenting.num);
    }
    json_dumper_end_object(j);
}

static void
put_points(json_dumper *j, const struct points *p)
{
    begin_list(j, "points");
    for (size_t i = 0; i < points_count(p); i++) {
        put_point(j, points_get(p, i));
    }
    json_dumper_end_array(j);
    begin_list(j, "between");
    for (size_t i = 0; i < points_num_passages(p); i++) {
        put_passage(j, points_passage(p, i));
    }
    json_dumper_end_array(j);
}

void
report_json(FILE *out, const struct report *r)
{
    json_dumper dumper = { .output_file = out,
                           .flags = r->one_line ? 0 : JSON_DUMPER_FLAGS_PRETTY_PRINT };
    json_dumper *j = &dumper;

    json_dumper_begin_object(j);
    put_text(j, "format", "espial-report/1");
    put_text(j, "plugin", r->version);
    member(j, "capture");
    json_dumper_begin_object(j);
    put_number(j, "frames", sadb_num_frames(r->db));
    put_times(j, sadb_num_frames(r->db) > 0, sadb_first_time(r->db), sadb_last_time(r->db));
    if (r->file) {
        put_text(j, "file", r->file);
    }
    json_files(j, r);
    put_text(j, "wireshark", r->wireshark);
    put_number(j, "cut_frames", r->cut_frames);
    put_keys(j, sadb_keys(r->db));
    json_dumper_end_object(j);
    begin_list(j, "ike_sas");
    for (size_t i = 0; i < sadb_num_ike_sas(r->db); i++) {
        put_ike_sa(j, sadb_ike_sa(r->db, i));
    }
    json_dumper_end_array(j);
    begin_list(j, "child_sas");
    for (size_t i = 0; i < sadb_num_child_sas(r->db); i++) {
        put_child_sa(j, sadb_child_sa(r->db, i));
    }
    json_dumper_end_array(j);
    begin_list(j, "streams");
    for (size_t i = 0; i < sadb_num_streams(r->db); i++) {
        put_stream(j, sadb_stream(r->db, i));
    }
    json_dumper_end_array(j);
    begin_list(j, "findings");
    for (size_t i = 0; i < findings_count(r->findings); i++) {
        put_finding(j, r->db, findings_get(r->findings, i));
    }
    json_dumper_end_array(j);
    put_diagnoses(j, r);
    if (r->logs) {
        json_logs(j, r);
    }
    if (points_meet(sadb_points(r->db))) {
        put_points(j, sadb_points(r->db));
    }
    json_dumper_end_object(j);
    json_dumper_finish(j);
}
