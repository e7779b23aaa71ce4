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

static char *
proposals_agreed(const struct looked *at)
{
    const struct kept_proposal *chosen = at->sa ? at->sa->chosen : NULL;

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

    return sa && sa->nat == NAT_NONE && sa->nat_i.seen && sa->nat_r.seen ?
               g_strdup_printf("neither end is behind a NAT (frames %u and %u)", sa->nat_i.frame,
                               sa->nat_r.frame) :
               NULL;
}

static const struct stream *
verified_stream(const struct looked *at)
{
    for (guint i = 0; i < at->one->child_sas->len; i++) {
        const struct child_sa *c =
            sadb_child_sa(at->d->db, g_array_index(at->one->child_sas, uint32_t, i));
        for (guint k = 0; k < c->streams.len; k++) {
            const struct stream *s = c->streams.at[k];
            if (s->good && !s->bad) {
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
    { CHECK_one_way, "the path", passes_both_ways, IN(ADDRESS) | IN(TRANSFORM) | IN(STATE) }
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

void
consider(const struct diagnoses *d, struct diagnosis *one, const struct passed *passed)
{
    struct looked at = { .d = d, .one = one, .passed = *passed };
    unsigned area = check_rule(one->cause)->area;

    at.sa = one->ike_sas->len ?
                sadb_ike_sa(d->db, g_array_index(one->ike_sas, uint32_t, one->ike_sas->len - 1)) :
                NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(questions); i++) {
        char *because = questions[i].areas >> area & 1 &&
                                !is_part(d, one, questions[i].check) ?
                            questions[i].because(&at) :
                            NULL;
        if (because) {
            struct considered c = { questions[i].check, questions[i].what, because };
            g_array_append_val(one->considered, c);
        }
    }
}
