/* found.c - records of findings, diagnoses, tunnels and of the capture as a whole.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "records.h"

#include "refer.h"

/* As ECS has it, a whole number that rises; the word stands beside it. */
static int
severity_number(enum severity s)
{
    return (int)s + 1;
}

static void
put_rule(json_dumper *j, const struct check *c)
{
    char *url = reference_url(c->reference);

    put_object(j, "rule");
    put_text(j, "name", c->name);
    put_text(j, "description", c->title);
    put_text(j, "ruleset", "espial");
    put_known(j, "reference", url);
    json_dumper_end_object(j);
    g_free(url);
}

/* --- findings --------------------------------------------------------------------------------- */

static const char *
role_name(enum finding_role role)
{
    static const char *const names[] = { "evidence", "follows", "hygiene", "information" };

    return names[role];
}

static void
put_finding_facts(json_dumper *j, const struct finding *f, enum finding_role role)
{
    put_object(j, "finding");
    put_number(j, "id", f->id);
    put_text(j, "severity", severity_name(f->severity));
    put_text(j, "basis", basis_name(f->basis));
    put_text(j, "role", role_name(role));
    put_number(j, "frame", f->frame);
    begin_list(j, "frames");
    for (guint i = 0; i < f->frames->len; i++) {
        json_dumper_value_anyf(j, "%u", g_array_index(f->frames, uint32_t, i));
    }
    json_dumper_end_array(j);
    put_number(j, "count", f->count);
    put_text(j, "remedy", f->remedy);
    put_text(j, "reference", checks[f->check].reference);
    json_dumper_end_object(j);
}

/* An authentication that is refused is looked for under that name too. */
static void
sort_event(struct happening *h, unsigned check, bool refused)
{
    h->categories[0] = "network";
    h->types[0] = "protocol";
    if (check_rule(check)->area == AREA_AUTH && refused) {
        h->categories[1] = "authentication";
        h->types[1] = "info";
        h->outcome = "failure";
    }
}

void
records_finding(const struct records *all, const struct finding *f)
{
    guint n = f->frames->len;
    uint32_t first = n ? g_array_index(f->frames, uint32_t, 0) : f->frame,
             last = n ? g_array_index(f->frames, uint32_t, n - 1) : f->frame, diagnosis = NO_ID;
    enum finding_role role = diagnoses_role(all->r->diagnoses, f->id, &diagnosis);
    struct happening h = { .kind = f->severity >= SEV_WARN ? "alert" : "event",
                           .dataset = "finding", .id = f->id,
                           .severity = severity_number(f->severity), .timed = true,
                           .first = sadb_time_of(all->r->db, first),
                           .last = sadb_time_of(all->r->db, last) };
    json_dumper j;

    sort_event(&h, f->check, f->severity == SEV_ERROR);
    record_begin(&j, all, &h, f->detail);
    put_tags(&j, f->basis == BASIS_INFERRED, role == ROLE_HYGIENE && f->severity >= SEV_WARN);
    put_ends_of(&j, all, f->stream, f->child_sa, f->ike_sa);
    put_user_of(&j, all, f->ike_sa);
    put_rule(&j, &checks[f->check]);
    record_own(&j, all);
    json_dumper_end_object(&j);
    put_link(&j, "ike_sa", f->ike_sa);
    put_link(&j, "child_sa", f->child_sa);
    put_link(&j, "stream", f->stream);
    put_finding_facts(&j, f, role);
    put_link(&j, "diagnosis", diagnosis);
    record_end(&j);
}

/* --- diagnoses -------------------------------------------------------------------------------- */

static void
put_diagnosis_facts(json_dumper *j, const struct diagnosis *d)
{
    put_object(j, "diagnosis");
    put_number(j, "id", d->id);
    put_text(j, "severity", severity_name(d->severity));
    put_text(j, "basis", basis_name(d->basis));
    put_number(j, "first_frame", d->first_frame);
    put_ids(j, "frames", d->frames);
    put_ids(j, "ike_sas", d->ike_sas);
    put_ids(j, "child_sas", d->child_sas);
    put_ids(j, "evidence", d->evidence);
    put_ids(j, "follows", d->follows);
    put_text(j, "remedy", d->remedy);
    json_dumper_end_object(j);
}

static uint32_t
first_of(const GArray *ids)
{
    return ids && ids->len ? g_array_index(ids, uint32_t, 0) : NO_ID;
}

static const char *
outcome_of(enum verdict v)
{
    return v == VERDICT_FAILS ? "failure" : v == VERDICT_UNKNOWN ? "unknown" : "success";
}

void
records_diagnosis(const struct records *all, const struct diagnosis *d)
{
    const struct finding *cause = findings_get(all->r->findings, first_of(d->evidence));
    struct happening h = { .kind = d->severity >= SEV_WARN ? "alert" : "event",
                           .dataset = "diagnosis", .id = d->id, .reason = d->title,
                           .severity = severity_number(d->severity), .timed = true,
                           .first = d->first_time, .last = d->last_time };
    json_dumper j;

    sort_event(&h, d->cause, cause->severity == SEV_ERROR);
    record_begin(&j, all, &h, d->text);
    put_tags(&j, d->basis == BASIS_INFERRED, false);
    put_ends_of(&j, all, cause->stream, cause->child_sa, cause->ike_sa);
    put_user_of(&j, all, first_of(d->ike_sas));
    put_rule(&j, &checks[d->cause]);
    record_own(&j, all);
    json_dumper_end_object(&j);
    put_link(&j, "ike_sa", first_of(d->ike_sas));
    put_link(&j, "child_sa", first_of(d->child_sas));
    put_diagnosis_facts(&j, d);
    put_link(&j, "tunnel", d->tunnel);
    record_end(&j);
}

/* --- tunnels ---------------------------------------------------------------------------------- */

/* From its first frame to the last of its IKE SAs and streams. */
static void
tunnel_times(const struct records *all, const struct tunnel *t, struct happening *h)
{
    h->timed = true;
    h->first = h->last = sadb_time_of(all->r->db, t->first_frame);
    for (guint i = 0; i < t->ike_sas->len; i++) {
        const struct ike_sa *sa =
            sadb_ike_sa(all->r->db, g_array_index(t->ike_sas, uint32_t, i));
        double first, last;
        if (ike_sa_times(sa, &first, &last)) {
            h->last = MAX(h->last, last);
        }
        for (guint k = 0; k < sa->children.len; k++) {
            if (child_times(sa->children.at[k], &first, &last)) {
                h->last = MAX(h->last, last);
            }
        }
    }
    for (guint i = 0; i < t->streams->len; i++) {
        const struct stream *s =
            sadb_stream(all->r->db, g_array_index(t->streams, uint32_t, i));
        h->last = MAX(h->last, s->last_time);
    }
}

void
records_tunnel(const struct records *all, const struct tunnel *t)
{
    uint32_t ike_sa = first_of(t->ike_sas),
             diagnosis = first_of(t->diagnoses);
    struct happening h = { .kind = "event", .dataset = "tunnel", .id = t->id,
                           .categories = { "network", "session" }, .types = { "connection" },
                           .outcome = outcome_of(t->verdict) };
    json_dumper j;

    if (diagnosis != NO_ID) {
        h.reason = diagnoses_get(all->r->diagnoses, diagnosis)->title;
    }
    tunnel_times(all, t, &h);
    record_begin(&j, all, &h, t->text);
    put_ends_of(&j, all, ike_sa == NO_ID ? first_of(t->streams) : NO_ID, NO_ID, ike_sa);
    put_user_of(&j, all, ike_sa);
    record_own(&j, all);
    json_dumper_end_object(&j);
    put_object(&j, "tunnel");
    put_number(&j, "id", t->id);
    put_text(&j, "who", t->who);
    put_text(&j, "peer", t->peer);
    put_text(&j, "verdict", verdict_name(t->verdict));
    put_ids(&j, "ike_sas", t->ike_sas);
    put_ids(&j, "streams", t->streams);
    put_ids(&j, "diagnoses", t->diagnoses);
    json_dumper_end_object(&j);
    put_link(&j, "diagnosis", diagnosis);
    record_end(&j);
}

/* --- the capture ------------------------------------------------------------------------------ */

static void
put_counts(json_dumper *j, const struct report *r)
{
    uint32_t count[SEV_ERROR + 1] = { 0 };

    for (size_t i = 0; i < findings_count(r->findings); i++) {
        count[findings_get(r->findings, i)->severity]++;
    }
    put_number(j, "frames", sadb_num_frames(r->db));
    put_number(j, "cut_frames", r->cut_frames);
    put_text(j, "verdict", verdict_name(diagnoses_verdict(r->diagnoses)));
    put_number(j, "tunnels", diagnoses_num_tunnels(r->diagnoses));
    put_number(j, "diagnoses", diagnoses_count(r->diagnoses));
    put_number(j, "ike_sas", sadb_num_ike_sas(r->db));
    put_number(j, "child_sas", sadb_num_child_sas(r->db));
    put_number(j, "streams", sadb_num_streams(r->db));
    put_number(j, "findings", findings_count(r->findings));
    put_number(j, "errors", count[SEV_ERROR]);
    put_number(j, "warnings", count[SEV_WARN]);
    put_number(j, "notes", count[SEV_NOTE]);
}

static void
put_error(json_dumper *j, const char *error)
{
    put_object(j, "error");
    put_text(j, "message", error);
    json_dumper_end_object(j);
}

void
records_capture(const struct records *all)
{
    const struct report *r = all->r;
    bool some = r->db && sadb_num_frames(r->db) > 0;
    struct happening h = { .kind = all->error ? "pipeline_error" : "event", .dataset = "capture",
                           .id = NO_ID, .categories = { "network" }, .types = { "info" },
                           .timed = some };
    json_dumper j;

    if (some) {
        h.first = sadb_first_time(r->db);
        h.last = sadb_last_time(r->db);
    }
    record_begin(&j, all, &h,
                 r->db ? diagnoses_outcome(r->diagnoses) : "The capture could not be read.");
    if (all->error) {
        put_error(&j, all->error);
    }
    record_own(&j, all);
    put_known(&j, "wireshark", r->wireshark);
    if (r->db) {
        put_counts(&j, r);
    }
    json_dumper_end_object(&j);
    record_end(&j);
}
