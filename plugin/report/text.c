/* text.c - SAs and findings as lines of text.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "left_out.h"
#include "lines.h"
#include "model.h"

enum { FRAME_RANGES_SHOWN = 12 };

void
print_frames(FILE *out, const uint32_t *frames, uint32_t len)
{
    uint32_t i = 0, ranges = 0;

    while (i < len && ranges < FRAME_RANGES_SHOWN) {
        uint32_t first = frames[i], last = first;
        while (i + 1 < len && frames[i + 1] == last + 1) {
            last++;
            i++;
        }
        fprintf(out, first == last ? "%s%u" : "%s%u-%u", ranges++ ? ", " : "", first, last);
        i++;
    }
    fprintf(out, i < len ? ", .." : "");
}

void
print_plural(FILE *out, unsigned n, const char *one, const char *more)
{
    fprintf(out, "%u %s", n, n == 1 ? one : more);
}

void
print_left_out(FILE *out, const struct report *r)
{
    GPtrArray *left_out = report_left_out(r);

    for (guint i = 0; i < left_out->len; i++) {
        fprintf(out, "limit reached: %s\n", (const char *)g_ptr_array_index(left_out, i));
    }
    g_ptr_array_free(left_out, TRUE);
}

/* Of which SA, and whose: a gateway has many. */
static void
print_where(FILE *out, const struct sadb *db, const struct finding *f)
{
    const char *between = "  ";
    char ip[ADDR_TEXT_MAX];

    if (f->ike_sa != NO_ID && f->ike_sa < sadb_num_ike_sas(db)) {
        const struct ike_sa *sa = sadb_ike_sa(db, f->ike_sa);
        fprintf(out, "%sIKE SA %u (%s)", between, sa->id,
                sa->user           ? sa->user :
                sa->initiator.id   ? sa->initiator.id :
                                     ip_print(&sa->initiator.addr, ip, sizeof ip));
        between = ", ";
    }
    if (f->child_sa != NO_ID) {
        fprintf(out, "%sChild SA %u", between, f->child_sa);
        between = ", ";
    }
    if (f->stream != NO_ID && f->stream < sadb_num_streams(db)) {
        fprintf(out, "%sSPI %08x", between, sadb_stream(db, f->stream)->spi);
    }
}

/* next: of the same check, or NULL: it may say what to do for both. */
static void
print_finding(FILE *out, const struct sadb *db, const struct finding *f,
              const struct finding *next)
{
    const struct check *c = &checks[f->check];
    bool same = next && strcmp(next->remedy, f->remedy) == 0;

    fprintf(out, "%-7s  %s  [%s]  frame%s ", severity_name(f->severity), c->name,
            basis_name(f->basis), f->frames->len == 1 ? "" : "s");
    print_frames(out, (const uint32_t *)(const void *)f->frames->data, f->frames->len);
    print_where(out, db, f);
    fprintf(out, "\n  %s\n", f->detail);
    if (f->severity != SEV_CHAT && !same) {
        fprintf(out, "  do: %s\n", f->remedy);
    }
}

void
print_counts(FILE *out, const struct report *r)
{
    static const char *const one[] = { "chat", "note", "warning", "error" };
    static const char *const more[] = { "chats", "notes", "warnings", "errors" };
    unsigned count[SEV_ERROR + 1] = { 0 };

    for (size_t i = 0; i < findings_count(r->findings); i++) {
        count[findings_get(r->findings, i)->severity]++;
    }
    for (int severity = SEV_ERROR; severity >= SEV_CHAT; severity--) {
        print_plural(out, count[severity], one[severity], more[severity]);
        fprintf(out, severity == SEV_CHAT ? "\n" : ", ");
    }
}

void
print_cut(FILE *out, const struct report *r)
{
    char text[TEXT_MAX];

    if (report_cut(r, text, sizeof text)) {
        fprintf(out, "%s\n", text);
    }
}

void
report_findings(FILE *out, const struct report *r)
{
    GArray *groups = finding_groups(r->findings);

    fprintf(out, "\nEspial findings\n");
    print_cut(out, r);
    for (guint i = 0; i < groups->len; i++) {
        const struct finding_group *g = &g_array_index(groups, struct finding_group, i);
        for (guint n = 0; n < g->findings->len && g->severity >= r->least; n++) {
            print_finding(out, r->db, (const struct finding *)g->findings->pdata[n],
                          n + 1 < g->findings->len ?
                              (const struct finding *)g->findings->pdata[n + 1] :
                              NULL);
        }
    }
    finding_groups_free(groups);
    print_left_out(out, r);
    print_counts(out, r);
}

static void
print_stream(FILE *out, const struct stream *s, const char *indent)
{
    char a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX], percent[32] = "", cipher[TEXT_MAX];

    if (s->lost) {
        g_snprintf(percent, sizeof percent, " (%.1f %%)", stream_lost_percent(s));
    }
    fprintf(out,
            "%sstream %u: %s %08x %s -> %s%s, %u packet%s, %" G_GINT64_MODIFIER
            "u bytes, %" G_GINT64_MODIFIER "u lost%s, frames %u-%u\n",
            indent, s->id, s->protocol == PROTO_AH ? "AH" : "ESP", s->spi,
            ip_print(&s->src, a, sizeof a), ip_print(&s->dst, b, sizeof b),
            stream_carrier(s), s->packets, s->packets == 1 ? "" : "s", s->bytes, s->lost,
            percent, s->first_frame, s->last_frame);
    if (stream_suggests(s, cipher, sizeof cipher)) {
        fprintf(out, "%s  its lengths suggest %s\n", indent, cipher);
    }
}

enum { SPI_TEXT_MAX = 16 };

/* An SPI that the capture does not show has no number. */
static const char *
print_spi(uint32_t spi, char out[SPI_TEXT_MAX])
{
    if (!spi) {
        return "unknown";
    }
    snprintf(out, SPI_TEXT_MAX, "%08x", spi);
    return out;
}

/* Of IKEv1; IKEv2 negotiates none. */
static void
print_lifetime(FILE *out, const struct kept_proposal *k)
{
    if (k && k->p->v1 && k->p->attr.life_s) {
        fprintf(out, ", lifetime %u s", k->p->attr.life_s);
    }
    if (k && k->p->v1 && k->p->attr.life_kb) {
        fprintf(out, ", lifetime %u KB", k->p->attr.life_kb);
    }
}

static void
print_child(FILE *out, const struct child_sa *c)
{
    const char *mode = child_mode(c);
    char spi_i[SPI_TEXT_MAX], spi_r[SPI_TEXT_MAX];
    char i[TS_TEXT_MAX], r[TS_TEXT_MAX], ip[ADDR_TEXT_MAX];

    fprintf(out, "  Child SA %u: %s%s%s, SPIs %s and %s, %s, %s%s%s", c->id,
            c->protocol == PROTO_AH ? "AH" : "ESP", mode ? " " : "", mode ? mode : "",
            print_spi(c->spi_i, spi_i), print_spi(c->spi_r, spi_r), child_state_name(c->state),
            basis_name(c->basis), c->chosen ? ", " : "", c->chosen ? c->chosen->text : "");
    print_lifetime(out, c->chosen);
    if (c->negotiated_in) {
        fprintf(out, ", negotiated in frame %u", c->negotiated_in);
    }
    fprintf(out, "\n");
    if (c->num_ts_i) {
        fprintf(out, "    %s === %s\n", selectors_print(c->ts_i, c->num_ts_i, i, sizeof i),
                selectors_print(c->ts_r, c->num_ts_r, r, sizeof r));
    }
    if (c->virtual_ip.family) {
        fprintf(out, "    assigned %s (frame %u)\n", ip_print(&c->virtual_ip, ip, sizeof ip),
                c->virtual_ip_frame);
    }
    for (guint k = 0; k < c->streams.len; k++) {
        print_stream(out, c->streams.at[k], "    ");
    }
}

static void
print_ike(FILE *out, const struct ike_sa *sa)
{
    char a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX];

    fprintf(out, "IKE SA %u: IKEv%u, SPIs ", sa->id, sa->major);
    for (int i = 0; i < 8; i++) {
        fprintf(out, "%02x", sa->spi_i[i]);
    }
    fprintf(out, " and ");
    for (int i = 0; i < 8; i++) {
        fprintf(out, "%02x", sa->spi_r[i]);
    }
    fprintf(out, ", %s, frames %u-%u\n  initiator %s%s%s, responder %s%s%s\n",
            sa->state == IKE_HALF_OPEN ? "not finished" : ike_sa_state_name(sa->state),
            sa->first_frame, sa->last_frame,
            ip_print(&sa->initiator.addr, a, sizeof a), sa->initiator.id ? " " : "",
            sa->initiator.id ? sa->initiator.id : "", ip_print(&sa->responder.addr, b, sizeof b),
            sa->responder.id ? " " : "", sa->responder.id ? sa->responder.id : "");
    if (sa->user) {
        fprintf(out, "  user %s (frame %u)\n", sa->user, sa->user_frame);
    }
    if (sa->chosen) {
        fprintf(out, "  %s (frame %u)", sa->chosen->text, sa->chosen->frame);
        print_lifetime(out, sa->chosen);
        fprintf(out, "\n");
    }
    for (guint i = 0; i < sa->children.len; i++) {
        const struct child_sa *c = sa->children.at[i];
        if (c->ike_sa == sa) { /* inherited ones stand where they were negotiated */
            print_child(out, c);
        }
    }
}

/* Which are listed, by id: those of a diagnosis first.  The caller frees them. */
static bool *
listed_sas(const struct report *r)
{
    size_t n = sadb_num_ike_sas(r->db), left = r->most_sas ? r->most_sas : n;
    bool *listed = g_new0(bool, MAX(n, 1));

    for (size_t i = 0; i < diagnoses_count(r->diagnoses); i++) {
        const GArray *ids = diagnoses_get(r->diagnoses, i)->ike_sas;
        for (guint k = 0; left && k < ids->len; k++) {
            uint32_t id = g_array_index(ids, uint32_t, k);
            left -= !listed[id];
            listed[id] = true;
        }
    }
    for (size_t i = 0; left && i < n; i++) {
        left -= !listed[i];
        listed[i] = true;
    }
    return listed;
}

static void
print_more(FILE *out, size_t more, const char *what)
{
    if (more) {
        fprintf(out, "%zu more %s: the JSON report and tshark -z espial,sas list them all\n", more,
                what);
    }
}

static void
print_orphans(FILE *out, const struct report *r)
{
    size_t orphans = 0, most = r->most_sas ? r->most_sas : SIZE_MAX;

    for (size_t i = 0; i < sadb_num_streams(r->db); i++) {
        const struct stream *s = sadb_stream(r->db, i);
        if (!s->child && orphans++ < most) {
            fprintf(out, orphans > 1 ? "" : "Streams without a negotiated SA:\n");
            print_stream(out, s, "  ");
        }
    }
    print_more(out, orphans > most ? orphans - most : 0, "streams without a negotiated SA");
}

void
report_sas(FILE *out, const struct report *r)
{
    const struct key_use *keys = sadb_keys(r->db);
    bool *listed = listed_sas(r);
    size_t more = 0;

    fprintf(out, "\nEspial SAs\n");
    print_cut(out, r);
    for (size_t i = 0; i < sadb_num_ike_sas(r->db); i++) {
        if (listed[i]) {
            print_ike(out, sadb_ike_sa(r->db, i));
        } else {
            more++;
        }
    }
    g_free(listed);
    print_more(out, more, more == 1 ? "IKE SA" : "IKE SAs");
    print_orphans(out, r);
    if (!sadb_num_ike_sas(r->db) && !sadb_num_streams(r->db)) {
        fprintf(out, "no IKE, ESP or AH in this capture\n");
    }
    if (keys) {
        fprintf(out, "keys given: %u IKE, %u ESP; used: %u IKE, %u ESP\n", keys->ike_given,
                keys->esp_given, keys->ike_used, keys->esp_used);
    }
}
