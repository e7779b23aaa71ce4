/* head.c - the head of a result as JSON: espial-result/1.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_values.h"
#include "json_put.h"
#include "result.h"

#include <string.h>

/* --- writing ---------------------------------------------------------------------------------- */

static void
put_causes(json_dumper *j, const struct result *r)
{
    begin_list(j, "diagnoses");
    for (guint i = 0; i < r->causes->len; i++) {
        const struct result_cause *c = &g_array_index(r->causes, struct result_cause, i);
        json_dumper_begin_object(j);
        put_text(j, "cause", c->cause);
        put_text(j, "severity", severity_name(c->severity));
        put_text(j, "title", c->title);
        put_number(j, "count", c->count);
        begin_list(j, "frames");
        for (unsigned k = 0; k < c->num_frames; k++) {
            json_dumper_value_anyf(j, "%u", c->frames[k]);
        }
        json_dumper_end_array(j);
        json_dumper_end_object(j);
    }
    json_dumper_end_array(j);
}

static void
put_found(json_dumper *j, const struct result *r)
{
    begin_list(j, "findings");
    for (guint i = 0; i < r->found->len; i++) {
        const struct result_check *c = &g_array_index(r->found, struct result_check, i);
        json_dumper_begin_object(j);
        put_text(j, "check", c->check);
        put_text(j, "severity", severity_name(c->severity));
        put_number(j, "findings", c->findings);
        put_number(j, "count", c->occurrences);
        json_dumper_end_object(j);
    }
    json_dumper_end_array(j);
}

static void
put_weak(json_dumper *j, const struct result *r)
{
    begin_list(j, "weak");
    for (guint i = 0; i < r->weak->len; i++) {
        const struct result_weak *w = &g_array_index(r->weak, struct result_weak, i);
        json_dumper_begin_object(j);
        put_text(j, "algorithm", w->algorithm);
        put_text(j, "protocol", w->protocol);
        put_bool(j, "must_not", w->must_not);
        put_number(j, "sas", w->sas);
        json_dumper_end_object(j);
    }
    json_dumper_end_array(j);
}

static void
put_peers(json_dumper *j, const struct result *r)
{
    begin_list(j, "peers");
    for (guint i = 0; i < r->peers->len; i++) {
        const struct result_peer *p = &g_array_index(r->peers, struct result_peer, i);
        json_dumper_begin_object(j);
        put_text(j, "peer", p->peer);
        put_number(j, "fails", p->fails);
        put_number(j, "degraded", p->degraded);
        put_number(j, "tunnels", p->tunnels);
        json_dumper_end_object(j);
    }
    json_dumper_end_array(j);
    put_number(j, "peers_left_out", r->peers_left_out);
}

void
result_print(GString *out, const struct result *r)
{
    json_dumper j = { .output_string = out };

    json_dumper_begin_object(&j);
    put_text(&j, "format", "espial-result/1");
    put_text(&j, "plugin", r->espial);
    put_text(&j, "wireshark", r->wireshark);
    put_text(&j, "file", r->path);
    put_text(&j, "id", r->id);
    put_text(&j, "fingerprint", r->fingerprint);
    put_text(&j, "state", result_state_name(r->state));
    put_text(&j, "reason", r->reason);
    put_number(&j, "attempts", r->attempts);
    put_number(&j, "status", r->status);
    put_number(&j, "size", r->size);
    put_number(&j, "report_octets", r->octets);
    put_number(&j, "frames", r->frames);
    put_number(&j, "ike_sas", r->ike_sas);
    put_number(&j, "child_sas", r->child_sas);
    put_number(&j, "streams", r->streams);
    member(&j, "tunnels");
    json_dumper_begin_object(&j);
    for (int v = VERDICT_FAILS; v <= VERDICT_WORKS; v++) {
        put_number(&j, verdict_name((enum verdict)v), r->tunnels[v]);
    }
    json_dumper_end_object(&j);
    put_causes(&j, r);
    put_found(&j, r);
    put_weak(&j, r);
    put_peers(&j, r);
    begin_list(&j, "messages");
    for (guint i = 0; i < r->said->len; i++) {
        json_dumper_value_string(&j, g_ptr_array_index(r->said, i));
    }
    json_dumper_end_array(&j);
    json_dumper_end_object(&j);
    json_dumper_finish(&j);
    g_string_truncate(out, strcspn(out->str, "\n"));    /* not every version ends the line */
}

/* --- reading ---------------------------------------------------------------------------------- */

/* A list of objects, each read by one; false where it is no such list, or too long. */
static bool
read_list(const struct values *c, const char *name, struct result *r,
          bool (*one)(const struct values *c, int at, struct result *r))
{
    int list = values_member(c, 0, name), at, num = 0;
    bool good = values_is(c, list, JSMN_ARRAY);

    for (at = list + 1; good && values_within(c, list, at); at = values_next(c, at)) {
        good = values_is(c, at, JSMN_OBJECT) && ++num <= RESULT_MAX_ROWS && one(c, at, r);
    }
    return good;
}

static bool
read_severity(const struct values *c, int at, enum severity *out)
{
    char *name = values_text(c, at, "severity");
    bool found = false;

    for (unsigned s = SEV_CHAT; name && s <= SEV_ERROR; s++) {
        if (strcmp(name, severity_name((enum severity)s)) == 0) {
            *out = (enum severity)s;
            found = true;
        }
    }
    g_free(name);
    return found;
}

static bool
read_cause(const struct values *c, int at, struct result *r)
{
    struct result_cause row = { .cause = values_text(c, at, "cause"),
                                .title = values_text(c, at, "title") };
    int list = values_member(c, at, "frames");
    bool good = row.cause && row.title && read_severity(c, at, &row.severity) &&
                values_number(c, at, "count", &row.count) && values_is(c, list, JSMN_ARRAY);

    for (int i = list + 1; good && values_within(c, list, i); i = values_next(c, i)) {
        uint64_t frame = 0;
        good = row.num_frames < RESULT_MAX_FRAMES && values_number_at(c, i, &frame) &&
               frame <= UINT32_MAX;
        if (good) {
            row.frames[row.num_frames++] = (uint32_t)frame;
        }
    }
    g_array_append_val(r->causes, row);
    return good;
}

static bool
read_check(const struct values *c, int at, struct result *r)
{
    struct result_check row = { .check = values_text(c, at, "check") };
    bool good = row.check && read_severity(c, at, &row.severity) &&
                values_number(c, at, "findings", &row.findings) &&
                values_number(c, at, "count", &row.occurrences);

    g_array_append_val(r->found, row);
    return good;
}

static bool
read_weak(const struct values *c, int at, struct result *r)
{
    struct result_weak row = { .algorithm = values_text(c, at, "algorithm"),
                               .protocol = values_text(c, at, "protocol") };
    bool good = row.algorithm && row.protocol && values_truth(c, at, "must_not", &row.must_not) &&
                values_number(c, at, "sas", &row.sas);

    g_array_append_val(r->weak, row);
    return good;
}

static bool
read_peer(const struct values *c, int at, struct result *r)
{
    struct result_peer row = { .peer = values_text(c, at, "peer") };
    bool good = row.peer && values_number(c, at, "fails", &row.fails) &&
                values_number(c, at, "degraded", &row.degraded) &&
                values_number(c, at, "tunnels", &row.tunnels);

    g_array_append_val(r->peers, row);
    return good;
}

static bool
read_said(const struct values *c, struct result *r)
{
    int list = values_member(c, 0, "messages");
    bool good = values_is(c, list, JSMN_ARRAY);

    for (int i = list + 1; good && values_within(c, list, i); i = values_next(c, i)) {
        char *text = values_text_at(c, i);
        good = text && r->said->len < RESULT_MAX_SAID;
        if (text) {
            g_ptr_array_add(r->said, text);
        }
    }
    return good;
}

static bool
read_state(const struct values *c, struct result *r)
{
    char *name = values_text(c, 0, "state");
    bool found = false;

    for (unsigned s = RESULT_READ; name && s <= RESULT_FAILED; s++) {
        if (strcmp(name, result_state_name((enum result_state)s)) == 0) {
            r->state = (enum result_state)s;
            found = true;
        }
    }
    g_free(name);
    return found;
}

static bool
read_tunnels(const struct values *c, struct result *r)
{
    int at = values_member(c, 0, "tunnels");
    bool good = values_is(c, at, JSMN_OBJECT);

    for (int v = VERDICT_FAILS; good && v <= VERDICT_WORKS; v++) {
        good = values_number(c, at, verdict_name((enum verdict)v), &r->tunnels[v]);
    }
    return good;
}

static bool
read_head(const struct values *c, struct result *r)
{
    const struct {
        const char *name;
        uint64_t *to;
    } numbers[] = { { "attempts", &r->attempts }, { "status", &r->status },
                    { "size", &r->size },         { "report_octets", &r->octets },
                    { "frames", &r->frames },     { "ike_sas", &r->ike_sas },
                    { "streams", &r->streams },   { "child_sas", &r->child_sas },
                    { "peers_left_out", &r->peers_left_out } };
    char *format = values_text(c, 0, "format");
    bool good = format && strcmp(format, "espial-result/1") == 0;

    g_free(format);
    r->espial = values_text(c, 0, "plugin");
    r->wireshark = values_text(c, 0, "wireshark");
    r->path = values_text(c, 0, "file");
    r->id = values_text(c, 0, "id");
    r->fingerprint = values_text(c, 0, "fingerprint");
    r->reason = values_text(c, 0, "reason");
    for (size_t i = 0; good && i < G_N_ELEMENTS(numbers); i++) {
        good = values_number(c, 0, numbers[i].name, numbers[i].to);
    }
    return good && r->espial && r->path && r->id && r->fingerprint && r->status <= 2 &&
           read_state(c, r) && (r->state == RESULT_READ || r->reason) && read_tunnels(c, r) &&
           read_list(c, "diagnoses", r, read_cause) && read_list(c, "findings", r, read_check) &&
           read_list(c, "weak", r, read_weak) && read_list(c, "peers", r, read_peer) &&
           read_said(c, r);
}

bool
result_parse(struct result *r, char *line)
{
    struct values c;
    bool good = values_open(&c, line);

    if (good) {
        good = read_head(&c, r);
        values_close(&c);
    }
    return good;
}
