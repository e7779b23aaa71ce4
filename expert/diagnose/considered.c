/* considered.c - causes that were looked for and are none, each with what speaks against it.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "diagnose.h"

/* What is looked at for all of them. */
struct looked {
    const struct diagnoses *d;
    const struct diagnosis *one;
    struct passed passed;
    const struct ike_sa *sa;    /* the newest that the diagnosis names, NULL */
};

typedef char *excuse(const struct looked *at);

/* Both ends have gone on from what was said in clear: no stranger made it up. */
static bool
is_settled(const struct ike_sa *sa)
{
    return sa && (sa->stood || sa->num_encrypted);
}

/* Its message of that frame; NULL. */
static const struct exchange_message *
message_in(const struct exchange *x, uint32_t frame)
{
    for (guint i = 0; frame && i < x->messages.len; i++) {
        if (x->messages.at[i].frame == frame) {
            return &x->messages.at[i];
        }
    }
    return NULL;
}

/* The exchange of the IKE SA whose answer was opened, so that it is no stranger's: the last one,
 * or the one with the longest request; NULL. */
static const struct exchange *
answered(const struct ike_sa *sa, bool longest)
{
    const struct exchange *best = NULL;

    for (guint i = 0; sa && sa->stood && i < sa->exchanges.len; i++) {
        const struct exchange *x = sa->exchanges.at[i];
        const struct exchange_message *request = message_in(x, x->request);
        const struct exchange_message *response = message_in(x, x->response);
        if (!request || !response || response->standing != STANDING_AUTHENTICATED) {
            continue;
        }
        if (!best || (longest ? request->length > message_in(best, best->request)->length :
                                x->response > best->response)) {
            best = x;
        }
    }
    return best;
}

static char *
proposals_agreed(const struct looked *at)
{
    const struct kept_proposal *chosen = is_settled(at->sa) ? at->sa->chosen : NULL;

    return chosen ? g_strdup_printf("both ends agreed on %s (frame %u)", chosen->text,
                                    chosen->frame) :
                    NULL;
}

/* Where that is only inferred, it excludes nothing. */
static char *
authenticated(const struct looked *at)
{
    const struct ike_sa *sa = at->sa;

    return sa && sa->stood && sa->established_in && !sa->established_inferred ?
               g_strdup_printf("both ends were authenticated (IKE SA %u, frame %u)", sa->id,
                               sa->established_in) :
               NULL;
}

static char *
passes_both_ways(const struct looked *at)
{
    const struct passed *p = &at->passed;

    return p->both && p->last_both >= at->one->first_frame ?
               g_strdup_printf("packets pass both ways up to frame %u", p->last_both) :
               NULL;
}

static char *
not_translated(const struct looked *at)
{
    const struct ike_sa *sa = at->sa;

    return is_settled(sa) && sa->nat == NAT_NONE && sa->nat_i.seen && sa->nat_r.seen ?
               g_strdup_printf("neither end is behind a NAT (frames %u and %u)", sa->nat_i.frame,
                               sa->nat_r.frame) :
               NULL;
}

/* IKE of these two ends. */
static char *
ike_passes(const struct looked *at)
{
    const struct exchange *x = answered(at->sa, false);

    return x ? g_strdup_printf("IKE passes both ways (frames %u and %u)", x->request,
                               x->response) :
               NULL;
}

/* After what is wrong had begun. */
static char *
is_alive(const struct looked *at)
{
    const struct exchange *x = answered(at->sa, false);
    char name[ID_TEXT_MAX];

    if (!x || x->request < at->one->first_frame) {
        return NULL;
    }
    return g_strdup_printf("%s still answers IKE (frame %u)",
                           endpoint_print(x->by_initiator ? &at->sa->responder :
                                                            &at->sa->initiator,
                                          name, sizeof name),
                           x->response);
}

enum { LONG_OCTETS = 1232 };    /* of IKE: 1280 less the headers of IPv6 and UDP, RFC 8200 */

static char *
long_passes(const struct looked *at)
{
    const struct exchange *x = answered(at->sa, true);
    const struct exchange_message *m = x ? message_in(x, x->request) : NULL;

    return m && m->length > LONG_OCTETS ?
               g_strdup_printf("a message of %u octets is answered (frames %u and %u)",
                               (unsigned)m->length, x->request, x->response) :
               NULL;
}

static char *
nat_handled(const struct looked *at)
{
    const struct ike_sa *sa = at->sa;

    for (guint i = 0; sa && sa->stood && sa->nat > NAT_NONE && i < at->one->child_sas->len; i++) {
        const struct child_sa *c =
            sadb_child_sa(at->d->db, g_array_index(at->one->child_sas, uint32_t, i));
        for (guint k = 0; k < c->streams.len; k++) {
            const struct stream *s = c->streams.at[k];
            if (s->src_port && s->good) {
                return g_strdup_printf("the NAT was found and ESP goes in UDP since frame %u",
                                       s->first_frame);
            }
        }
    }
    return NULL;
}

static const struct stream *
verified_stream(const struct looked *at)
{
    for (guint i = 0; i < at->one->child_sas->len; i++) {
        const struct child_sa *c =
            sadb_child_sa(at->d->db, g_array_index(at->one->child_sas, uint32_t, i));
        for (guint k = 0; k < c->streams.len; k++) {
            const struct stream *s = c->streams.at[k];
            if (s->good && !stream_rare(s)->bad) {
                return s;
            }
        }
    }
    return NULL;
}

static char *
verifies(const struct looked *at)
{
    const struct stream *s = verified_stream(at);

    return s ? g_strdup_printf("%u packet%s of SPI %08x pass%s the integrity check", s->good,
                               s->good == 1 ? "" : "s", s->spi, s->good == 1 ? "es" : "") :
               NULL;
}

/* Some finding of the tunnel says of that Child SA that inner addresses are not its own. */
static bool
is_violated(const struct diagnoses *d, const struct tunnel *t, const struct child_sa *c)
{
    for (guint i = 0; i < t->diagnoses->len; i++) {
        const struct diagnosis *one = (const struct diagnosis *)g_ptr_array_index(
            d->list, g_array_index(t->diagnoses, uint32_t, i));
        const GArray *const lists[] = { one->evidence, one->follows };
        for (size_t n = 0; n < G_N_ELEMENTS(lists); n++) {
            for (guint k = 0; k < lists[n]->len; k++) {
                const struct finding *f =
                    findings_get(d->all, g_array_index(lists[n], uint32_t, k));
                if ((check_rule(f->check)->effects & EFFECT_INNER) &&
                    finding_child(d->db, f) == c) {
                    return true;
                }
            }
        }
    }
    return false;
}

static char *
selectors_fit(const struct looked *at)
{
    const struct stream *s = verified_stream(at);

    if (!s || !s->read || !s->child->num_ts_i || at->one->tunnel == NO_ID ||
        is_violated(at->d,
                    (const struct tunnel *)g_ptr_array_index(at->d->tunnels, at->one->tunnel),
                    s->child)) {
        return NULL;
    }
    return g_strdup_printf("the inner addresses in SPI %08x are those that the SA admits", s->spi);
}

static char *
is_young(const struct looked *at)
{
    const struct child_sa *c =
        at->one->child_sas->len ?
            sadb_child_sa(at->d->db, g_array_index(at->one->child_sas, uint32_t,
                                                   at->one->child_sas->len - 1)) :
            NULL;
    double age = c ? at->one->first_time - c->negotiated_time : 0;
    uint32_t life = c && c->chosen && c->negotiated_in ? c->chosen->p->attr.life_s : 0;

    return age >= 0 && age < life ?
               g_strdup_printf("the SA was %.0f s old, of the %u s that it may live", age, life) :
               NULL;
}

/* Which cause is excused, by what, and for which areas of the diagnosis the question arises. */
static const struct {
    enum check_id check;
    const char *what;
    excuse *because;
    unsigned areas;
} questions[] = {
#define IN(area) (1u << AREA_##area)
    { CHECK_no_proposal_chosen, "the proposals", proposals_agreed,
      IN(AUTH) | IN(PATH) | IN(ADDRESS) | IN(STATE) | IN(SYMPTOM) },
    { CHECK_auth_failed, "the authentication", authenticated,
      IN(TRANSFORM) | IN(PATH) | IN(ADDRESS) | IN(STATE) | IN(SYMPTOM) },
    { CHECK_nat_detected, "a NAT", not_translated, IN(PATH) | IN(SYMPTOM) },
    { CHECK_wrong_key, "the keys", verifies,
      IN(PATH) | IN(ADDRESS) | IN(STATE) | IN(SYMPTOM) },
    { CHECK_one_way, "the path", passes_both_ways, IN(ADDRESS) | IN(TRANSFORM) | IN(STATE) },
    { CHECK_request_unanswered, "the path of IKE", ike_passes,
      IN(ADDRESS) | IN(TRANSFORM) | IN(STATE) | IN(SYMPTOM) },
    { CHECK_dead_peer, "a dead peer", is_alive,
      IN(ADDRESS) | IN(TRANSFORM) | IN(PATH) | IN(STATE) | IN(SYMPTOM) },
    { CHECK_large_message_lost, "the length of messages", long_passes, IN(PATH) | IN(SYMPTOM) },
    { CHECK_udp_encap_mismatch, "NAT traversal", nat_handled, IN(PATH) | IN(SYMPTOM) },
    { CHECK_inner_source_violation, "the selectors", selectors_fit,
      IN(PATH) | IN(SYMPTOM) },
    { CHECK_esp_after_lifetime, "the lifetime", is_young, IN(STATE) | IN(SYMPTOM) }
#undef IN
};

/* Some finding of the diagnosis is of that check: it is no excuse. */
static bool
is_part(const struct diagnoses *d, const struct diagnosis *one, unsigned check)
{
    const GArray *const lists[] = { one->evidence, one->follows };

    for (size_t n = 0; n < G_N_ELEMENTS(lists); n++) {
        for (guint i = 0; i < lists[n]->len; i++) {
            if (findings_get(d->all, g_array_index(lists[n], uint32_t, i))->check == check) {
                return true;
            }
        }
    }
    return false;
}

/* The diagnosis is that IKE is silent: what passed before does not excuse that. */
static bool
is_asked(const struct diagnosis *one, unsigned check)
{
    return check == CHECK_request_unanswered &&
           (check_rule(one->cause)->effects & (EFFECT_SILENCE | EFFECT_CLOSING)) != 0;
}

void
consider(const struct diagnoses *d, struct diagnosis *one, const struct passed *passed)
{
    struct looked at = { .d = d, .one = one, .passed = *passed };
    unsigned area = check_rule(one->cause)->area;

    at.sa = one->ike_sas->len ?
                sadb_ike_sa(d->db, g_array_index(one->ike_sas, uint32_t, one->ike_sas->len - 1)) :
                NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(questions); i++) {
        char *because = questions[i].areas >> area & 1 && !is_asked(one, questions[i].check) &&
                                !is_part(d, one, questions[i].check) ?
                            questions[i].because(&at) :
                            NULL;
        if (because) {
            struct considered c = { questions[i].check, questions[i].what, because };
            g_array_append_val(one->considered, c);
        }
    }
}
