/* suite_words.c - suites in the words of findings.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "expert.h"

#include <espial/text.h>
#include <string.h>

/* As administrators say it; additional key exchanges by the short name. */
static const char *
type_word(uint8_t type)
{
    switch (type) {
    case TRANSFORM_ENCR: return "encryption";
    case TRANSFORM_INTEG: return "integrity";
    case TRANSFORM_KE: return "group";
    case TRANSFORM_ESN: return "extended sequence numbers";
    default: return transform_type_name(type);
    }
}

const char *
suite_types(unsigned mask, char *out, size_t size)
{
    size_t used = 0;

    out[0] = 0;
    for (uint8_t type = 0; type < 32; type++) {
        if (mask >> type & 1) {
            mask &= ~(1u << type);
            if (used > 0) {
                g_strlcpy(out + used, mask ? ", " : " and ", size - used);
            }
            g_strlcat(out, type_word(type), size);
            used = strlen(out);
        }
    }
    return out;
}

const char *
transform_say(const struct transform *t, char *out, size_t size)
{
    if (t->type == TRANSFORM_KE && t->id == 0) {
        g_strlcpy(out, "no group (NONE)", size);
        return out;
    }
    return transform_print(t, out, size);
}

const char *
suite_values(const struct proposal *p, unsigned type, char *out, size_t size)
{
    char one[64];
    bool room = true;

    out[0] = 0;
    for (size_t i = 0; i < p->num_transforms && room; i++) {
        if (p->transforms[i].type == type) {
            room = list_add(out, size, out[0] ? " or " : "",
                            transform_say(&p->transforms[i], one, sizeof one), true);
        }
    }
    if (!out[0]) {
        g_strlcpy(out, "none", size);
    }
    return out;
}

const char *
suite_offers(const struct offer_list *offered, char *out, size_t size)
{
    enum { SHOWN = 3 };
    char one[SUITE_TEXT_MAX];

    out[0] = 0;
    for (guint i = 0; i < offered->len && i < SHOWN; i++) {
        g_strlcat(out, i ? ", " : "", size);
        g_strlcat(out, kept_text(offered->at[i], one), size);
    }
    if (offered->len > SHOWN) {
        char more[32];
        g_snprintf(more, sizeof more, " and %u more", offered->len - SHOWN);
        g_strlcat(out, more, size);
    }
    return out;
}

size_t
suite_parse(const char *text, struct transform *out, size_t max)
{
    char *first = g_strndup(text, strcspn(text, ","));
    char **words = g_strsplit(first, "/", -1);
    size_t n = 0;

    for (size_t i = 0; words[i] && n < max; i++) {
        n += transform_parse(&out[n], g_strstrip(words[i]));
    }
    g_strfreev(words);
    g_free(first);
    return n;
}
