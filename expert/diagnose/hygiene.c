/* hygiene.c - how strong what an IKE SA and its Child SAs use is: one line for each.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "diagnose.h"

#include <string.h>

enum { HYGIENE_MAX_NAMES = 12 };

/* Names, each once, of which one document speaks. */
struct names {
    char text[HYGIENE_MAX_NAMES][64];
    unsigned num;
    bool must_not, should_not;  /* some of them must, some should not be used */
};

/* Groups of ESP and AH too are those of RFC 8247: RFC 8221 has none. */
static bool
is_of_ike(uint8_t protocol, const struct transform *t)
{
    return protocol == PROTO_IKE || t->type == TRANSFORM_KE;
}

static void
add_weak(struct names *n, const struct kept_proposal *k, bool of_ike)
{
    for (size_t i = 0; k && i < k->p->num_transforms && n->num < HYGIENE_MAX_NAMES; i++) {
        const struct transform *t = &k->p->transforms[i];
        enum requirement r = transform_requirement(k->p->protocol, t);
        char *name = n->text[n->num];
        bool known = r == REQ_NONE || is_of_ike(k->p->protocol, t) != of_ike;
        if (!known) {
            transform_print(t, name, sizeof n->text[0]);
        }
        for (unsigned j = 0; !known && j < n->num; j++) {
            known = strcmp(n->text[j], name) == 0;
        }
        if (!known) {
            n->num++;
            n->must_not |= r == REQ_MUST_NOT;
            n->should_not |= r != REQ_MUST_NOT;
        }
    }
}

static bool
is_of_strength(unsigned check)
{
    return check == CHECK_weak_encryption || check == CHECK_weak_integrity ||
           check == CHECK_weak_prf || check == CHECK_weak_dh_group;
}

static void
put_names(GString *out, const struct names *n)
{
    for (unsigned i = 0; i < n->num; i++) {
        g_string_append_printf(out, "%s%s", i == 0 ? "" : i + 1 == n->num ? " and " : ", ",
                               n->text[i]);
    }
}

static const char *
of_names(const struct names *n, const char *must, const char *should, const char *both)
{
    return n->must_not && n->should_not ? both : n->must_not ? must : should;
}

/* " uses DES_CBC and MODP_768, which must not be used (RFC 8247)." */
static void
put_weak(GString *out, const struct diagnoses *d, const struct hygiene *h)
{
    struct names ike = { .num = 0 }, ipsec = { .num = 0 };
    const struct ike_sa *sa = h->ike_sa != NO_ID ? sadb_ike_sa(d->db, h->ike_sa) : NULL;
    bool asked = false;

    for (guint i = 0; i < h->findings->len; i++) {
        uint32_t id = g_array_index(h->findings, uint32_t, i);
        asked |= is_of_strength(findings_get(d->all, id)->check);
    }
    if (!asked || !sa) {
        return;
    }
    add_weak(&ike, sa->chosen, true);
    for (guint i = 0; i < sa->children.len; i++) {
        const struct child_sa *c = sa->children.at[i];
        if (c->ike_sa == sa) {
            add_weak(&ike, c->chosen, true);
            add_weak(&ipsec, c->chosen, false);
        }
    }
    if (!ike.num && !ipsec.num) {
        return;
    }
    g_string_append(out, " uses ");
    put_names(out, &ike);
    if (ike.num && sa->major == 1) {    /* RFC 8247 section 1: IKEv1 is out of its scope */
        g_string_append_printf(out, ", which RFC 8247 %s even for IKEv2",
                               of_names(&ike, "rules out", "advises against",
                                        "rules out or advises against"));
    } else if (ike.num) {
        g_string_append_printf(out, ", which %s be used (RFC 8247)",
                               of_names(&ike, "must not", "should not", "must or should not"));
    }
    if (ipsec.num) {
        g_string_append(out, ike.num ? "; its Child SAs use " : "");
        put_names(out, &ipsec);
        g_string_append_printf(out, "%s, which %s be used (RFC 8221)",
                               ike.num ? "" : " in its Child SAs",
                               of_names(&ipsec, "must not", "should not", "must or should not"));
    }
    g_string_append_c(out, '.');
}

/* The other kinds, by their titles. */
static void
put_others(GString *out, const struct diagnoses *d, const struct hygiene *h, bool begun)
{
    GArray *kinds = g_array_new(FALSE, FALSE, sizeof(unsigned));

    for (guint i = 0; i < h->findings->len; i++) {
        unsigned check = findings_get(d->all, g_array_index(h->findings, uint32_t, i))->check;
        bool known = is_of_strength(check) && begun;
        for (guint k = 0; !known && k < kinds->len; k++) {
            known = g_array_index(kinds, unsigned, k) == check;
        }
        if (!known) {
            g_array_append_val(kinds, check);
        }
    }
    for (guint i = 0; i < kinds->len; i++) {
        const char *title = checks[g_array_index(kinds, unsigned, i)].title;
        if (i == 0 && !begun && h->ike_sa != NO_ID) {
            g_string_append(out, ": ");
        }
        g_string_append(out, i > 0 ? "; " : begun ? " " : "");
        if (i > 0) {
            put_title_within(out, title);
        } else {
            g_string_append(out, title);
        }
    }
    g_string_append(out, kinds->len ? "." : "");
    g_array_free(kinds, TRUE);
}

static void
write_line(const struct diagnoses *d, struct hygiene *h)
{
    const struct ike_sa *sa = h->ike_sa != NO_ID ? sadb_ike_sa(d->db, h->ike_sa) : NULL;
    const struct tunnel *t = sa ? diagnoses_tunnel(d, d->tunnel_of_sa[h->ike_sa]) : NULL;
    GString *out = g_string_new(NULL);

    if (h->ike_sa != NO_ID) {
        g_string_append_printf(out, "IKE SA %u (%s)", h->ike_sa, t ? t->who : "");
    }
    h->name_len = out->len;
    put_weak(out, d, h);
    put_others(out, d, h, out->len > h->name_len);
    h->text = g_string_free(out, FALSE);
}

void
hygiene_find(struct diagnoses *d)
{
    GHashTable *by_sa = g_hash_table_new(NULL, NULL);

    for (uint32_t i = 0; i < findings_count(d->all); i++) {
        const struct finding *f = findings_get(d->all, i);
        uint32_t sa = finding_ike_sa(d->db, f);
        struct hygiene *h = (struct hygiene *)g_hash_table_lookup(by_sa, GUINT_TO_POINTER(sa + 1));
        if (d->told[i].role != ROLE_HYGIENE) {
            continue;
        }
        if (!h) {
            h = g_new0(struct hygiene, 1);
            h->ike_sa = sa;
            h->findings = g_array_new(FALSE, FALSE, sizeof(uint32_t));
            g_hash_table_insert(by_sa, GUINT_TO_POINTER(sa + 1), h);
            g_ptr_array_add(d->hygiene, h);
        }
        h->severity = MAX(h->severity, f->severity);
        g_array_append_val(h->findings, i);
    }
    for (guint i = 0; i < d->hygiene->len; i++) {
        write_line(d, (struct hygiene *)g_ptr_array_index(d->hygiene, i));
    }
    g_hash_table_destroy(by_sa);
}
