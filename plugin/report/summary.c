/* summary.c - the summary: how much, who talks to whom, and how to read the rest.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "kit.h"
#include "left_out.h"
#include "sections.h"

#include <string.h>

/* --- counting ------------------------------------------------------------------ */

/* Two peers, whoever of them begins is the initiator. */
struct peers {
    const struct ike_sa *first;
    uint32_t sas, states[IKE_DELETED + 1], children, found[SEV_ERROR + 1];
    uint64_t packets[2];        /* to the responder, to the initiator */
    uint64_t lost;
    enum severity worst;
};

static void
count_children(struct peers *to, const struct ike_sa *sa)
{
    to->children += sa->children.len;
    for (guint i = 0; i < sa->children.len; i++) {
        const struct child_sa *c = sa->children.at[i];
        for (guint k = 0; k < c->streams.len; k++) {
            const struct stream *s = c->streams.at[k];
            to->packets[s->to_responder ? 0 : 1] += s->packets;
            to->lost += s->lost;
        }
    }
}

static void
count_sa(const struct page *p, struct peers *to, const struct ike_sa *sa)
{
    const struct sa_verdict *v = &p->verdicts[sa->id];

    to->sas++;
    to->states[sa->state]++;
    to->worst = MAX(to->worst, v->worst);
    for (int s = SEV_NOTE; s <= SEV_ERROR; s++) {
        to->found[s] += v->count[s];
    }
    count_children(to, sa);
}

static int
worst_peers(const void *a, const void *b)
{
    const struct peers *p = (const struct peers *)a, *q = (const struct peers *)b;

    if (p->worst != q->worst) {
        return p->worst < q->worst ? 1 : -1;
    }
    return p->first->id < q->first->id ? -1 : p->first->id > q->first->id;
}

static GArray *
peers_of(const struct page *p)
{
    GArray *all = g_array_new(FALSE, TRUE, sizeof(struct peers));
    GHashTable *index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    char a[ID_TEXT_MAX], b[ID_TEXT_MAX], i[ADDR_TEXT_MAX], r[ADDR_TEXT_MAX];

    for (size_t n = 0; n < p->num_sas; n++) {
        const struct ike_sa *sa = sadb_ike_sa(p->r->db, n);
        char *key = g_strdup_printf(
            "%s\n%s\n%s\n%s\n%u", endpoint_print(&sa->initiator, a, sizeof a),
            ip_print(&sa->initiator.addr, i, sizeof i), endpoint_print(&sa->responder, b, sizeof b),
            ip_print(&sa->responder.addr, r, sizeof r), sa->major);
        gpointer at = g_hash_table_lookup(index, key);
        if (at) {
            g_free(key);
        } else {
            struct peers one = { .first = sa };
            g_array_append_val(all, one);
            at = GUINT_TO_POINTER(all->len);
            g_hash_table_insert(index, key, at);
        }
        count_sa(p, &g_array_index(all, struct peers, GPOINTER_TO_UINT(at) - 1), sa);
    }
    g_hash_table_destroy(index);
    return all;
}

/* --- in words ------------------------------------------------------------------ */

static void
put_states(struct page *p, const uint32_t *states)
{
    static const char *const names[] = { "half open", "established", "failed", "rekeyed",
                                         "deleted" };
    static const enum ike_sa_state order[] = { IKE_ESTABLISHED, IKE_FAILED, IKE_HALF_OPEN,
                                               IKE_REKEYED, IKE_DELETED };
    bool first = true;

    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
        if (states[order[i]]) {
            html_put(p->out, "%s%u %s", first ? "" : ", ", states[order[i]], names[order[i]]);
            first = false;
        }
    }
}

static void
put_scale(struct page *p, const GArray *peers)
{
    struct peers all = { 0 };
    GString *out = p->out;
    size_t streams = sadb_num_streams(p->r->db), orphans = 0;

    for (guint i = 0; i < peers->len; i++) {
        const struct peers *one = &g_array_index(peers, struct peers, i);
        for (int s = 0; s <= IKE_DELETED; s++) {
            all.states[s] += one->states[s];
        }
        all.children += one->children;
        all.packets[0] += one->packets[0] + one->packets[1];
        all.lost += one->lost;
    }
    for (size_t i = 0; i < streams; i++) {
        orphans += sadb_stream(p->r->db, i)->child == NULL;
    }
    g_string_append(out, "<p>");
    put_plural(out, sadb_num_frames(p->r->db), "frame", "frames");
    if (sadb_num_frames(p->r->db)) {
        g_string_append(out, " in ");
        put_duration(out, p->end - p->start);
        g_string_append(out, ", from ");
        put_when(out, p->start);
    }
    g_string_append(out, ". The capture shows ");
    put_plural(out, p->num_sas, "IKE SA", "IKE SAs");
    if (p->num_sas) {
        g_string_append(out, " (");
        put_states(p, all.states);
        g_string_append(out, ") between ");
        put_plural(out, peers->len, "pair of peers", "pairs of peers");
        g_string_append(out, ", with ");
        put_plural(out, all.children, "Child SA", "Child SAs");
        g_string_append(out, " that carried ");
        put_plural(out, all.packets[0], "packet", "packets");
        if (all.lost) {
            html_put(out, "; %" G_GUINT64_FORMAT " more %s missing by their sequence numbers",
                     all.lost, all.lost == 1 ? "is" : "are");
        }
    }
    if (orphans) {
        g_string_append(out, ". ");
        put_plural(out, orphans, "stream of ESP or AH belongs", "streams of ESP or AH belong");
        g_string_append(out, " to no SA negotiated in it");
    }
    g_string_append(out, ".</p>\n");
}

/* --- the tables ---- */

static void
put_peers(struct page *p, GArray *peers)
{
    static const char *const columns[] = {
        "Initiator", "Responder", "IKE SAs", ">Child SAs", ">Packets to / from responder",
        ">Missing",  "Findings",  NULL
    };
    GString *out = p->out;

    if (!peers->len) {
        return;
    }
    g_array_sort(peers, worst_peers);
    g_string_append(out, "<h3>Who with whom</h3>\n");
    open_table(out, STACK, "Pairs of peers", columns);
    for (guint i = 0; i < peers->len && i < PAGE_MAX_PAIRS; i++) {
        const struct peers *one = &g_array_index(peers, struct peers, i);
        g_string_append(out, "<tr><th scope=\"row\" data-l=\"Initiator\">");
        put_endpoint_name(out, &one->first->initiator);
        g_string_append(out, "</th><td data-l=\"Responder\">");
        put_endpoint_name(out, &one->first->responder);
        html_put(out, "</td><td data-l=\"IKE SAs\">IKEv%u: ", one->first->major);
        put_states(p, one->states);
        html_put(
            out,
            "</td><td class=\"r\" data-l=\"Child SAs\">%u</td><td class=\"r\" data-l=\"Packets\">",
            one->children);
        html_put(out, "%" G_GUINT64_FORMAT " / %" G_GUINT64_FORMAT, one->packets[0],
                 one->packets[1]);
        html_put(out,
                 "</td><td class=\"r\" data-l=\"Missing\">%" G_GUINT64_FORMAT
                 "</td><td data-l=\"Findings\">",
                 one->lost);
        for (int s = SEV_ERROR; s >= SEV_NOTE; s--) {
            if (one->found[s]) {
                put_severity_count(out, (enum severity)s, one->found[s]);
            }
        }
        g_string_append(out, one->worst == SEV_CHAT ? "none" : "");
        g_string_append(out, "</td></tr>\n");
    }
    close_table(out);
    if (peers->len > PAGE_MAX_PAIRS) {
        html_put(out,
                 "<p class=\"limit\">%u more pairs of peers: see the table of all IKE SAs.</p>\n",
                 peers->len - PAGE_MAX_PAIRS);
    }
}

/* page_limits says more of those that do not open everything. */
static bool
says_of_keys(const struct findings *all)
{
    for (size_t i = 0; i < findings_count(all); i++) {
        if (strcmp(checks[findings_get(all, i)->check].name, "keys_unused") == 0) {
            return true;
        }
    }
    return false;
}

static void
put_keys(struct page *p)
{
    const struct key_use *keys = sadb_keys(p->r->db);

    if (keys && !says_of_keys(p->r->findings)) {
        html_put(p->out,
                 "<p>Keys given: %u for IKE, %u for ESP. Used in this capture: %u and %u.</p>\n",
                 keys->ike_given, keys->esp_given, keys->ike_used, keys->esp_used);
    }
}

static void
put_limits(struct page *p)
{
    GPtrArray *left_out = report_left_out(p->r);
    char cut[TEXT_MAX];

    if (report_cut(p->r, cut, sizeof cut)) {
        html_put(p->out, "<p class=\"limit\">%s</p>\n", cut);
    }
    for (guint i = 0; i < left_out->len; i++) {
        html_put(p->out, "<p class=\"limit\">Limit reached: %s.</p>\n",
                 (const char *)g_ptr_array_index(left_out, i));
    }
    g_ptr_array_free(left_out, TRUE);
}

void
page_summary(struct page *p)
{
    GArray *peers = peers_of(p);

    g_string_append(p->out,
                    "<section id=\"summary\" aria-labelledby=\"summary-h\" tabindex=\"-1\">\n"
                    "<h2 id=\"summary-h\">Summary</h2>\n");
    page_outcome(p);
    page_diagnoses(p);
    page_healthy(p);
    put_scale(p, peers);
    put_keys(p);
    page_limits(p);
    put_limits(p);
    page_hygiene(p);
    put_peers(p, peers);
    g_string_append(p->out, "</section>\n");
    g_array_free(peers, TRUE);
}

void
page_reading(struct page *p)
{
    g_string_append(
        p->out,
        "<section id=\"reading\" aria-labelledby=\"reading-h\">\n<h2 id=\"reading-h\">How to read this report</h2>\n"
        "<dl class=\"legend\">\n"
        "<dt><span class=\"tag error\">error</span></dt><dd>Breaks the tunnel, or a rule that both ends must keep.</dd>\n"
        "<dt><span class=\"tag warning\">warning</span></dt><dd>A risk, or very likely the cause of trouble.</dd>\n"
        "<dt><span class=\"tag note\">note</span></dt><dd>Unusual; may be meant so.</dd>\n"
        "<dt><span class=\"tag chat\">event</span></dt><dd>For the record (Wireshark\xe2\x80\x99s severity chat).</dd>\n"
        "<dt><span class=\"basis observed\">observed</span></dt><dd>In clear in the packets; anyone with the capture can see it.</dd>\n"
        "<dt><span class=\"basis decrypted\">decrypted</span></dt><dd>Read with keys that were given to Wireshark or Espial.</dd>\n"
        "<dt><span class=\"basis configured\">configured</span></dt><dd>Compared with the plan that the analyst gave.</dd>\n"
        "<dt><span class=\"basis inferred\">inferred</span></dt><dd>Concluded from sizes, times and addresses; it may be wrong, and the text says why it is believed.</dd>\n"
        "<dt>Frame</dt><dd>The number of a packet in the capture, as in Wireshark\xe2\x80\x99s packet list: the evidence.</dd>\n"
        "<dt>IKE SA</dt><dd>The secured channel in which two peers negotiate, with keys of its own.</dd>\n"
        "<dt>Child SA</dt><dd>What carries the traffic (ESP or AH): one SPI for each direction. Its selectors say which inner addresses it admits.</dd>\n"
        "<dt>Suites</dt><dd>Written with the names of the IANA registry: encryption / integrity / PRF / Diffie-Hellman group.</dd>\n"
        "<dt>Missing</dt><dd>Sequence numbers that were not captured: lost on the way to the capture point, or by the capture.</dd>\n"
        "</dl>\n</section>\n");
}
