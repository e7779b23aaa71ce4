/* suite.c - transforms and proposals as text, and back.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry.h"
#include "v1.h"

#include <espial/suite.h>
#include <espial/limits.h>
#include <espial/text.h>

#include <glib.h>
#include <string.h>

enum { KEY_BITS_MIN = 40, KEY_BITS_MAX = 2040 };        /* RFC 2451 section 2.1 */

static bool
registry_of(uint8_t type, enum registry *out)
{
    static const uint8_t of[] = { 0, REG_ENCR, REG_PRF, REG_INTEG, REG_KE, REG_ESN };

    if (type >= TRANSFORM_ADDKE1 && type <= TRANSFORM_ADDKE7) {
        *out = REG_KE;
        return true;
    }
    if (type == 0 || type >= G_N_ELEMENTS(of)) {
        return false;
    }
    *out = (enum registry)of[type];
    return true;
}

const char *
transform_type_name(uint8_t type)
{
    static const char *const names[] = { "type 0", "ENCR", "PRF", "INTEG", "DH", "ESN",
                                         "KE1", "KE2", "KE3", "KE4", "KE5", "KE6", "KE7" };

    return type < G_N_ELEMENTS(names) ? names[type] : "unknown transform type";
}

static char *
print_transform(const struct transform *t, bool v1, char *out, size_t size)
{
    enum registry registry;
    char bits[16] = "", number[16];
    bool additional = t->type >= TRANSFORM_ADDKE1, v1_only = v1 && (t->id & TRANSFORM_V1_ONLY) != 0;
    const char *prefix = additional ? transform_type_name(t->type) : "", *name;

    if (!registry_of(t->type, &registry)) {
        g_snprintf(out, (gulong)size, "TYPE_%u_%u", t->type, t->id);
        return out;
    }
    name = (t->id & TRANSFORM_V1_ONLY) == 0 || v1 ? registry_name(registry, t->id) : NULL;
    if (!name) {
        unsigned n = v1_only && t->id < V1_PRIVATE ? t->id & (unsigned)V1_NUMBER : t->id;
        g_snprintf(number, sizeof number, "%u", n);
        prefix = transform_type_name(t->type);
        name = number;
    } else if (t->type == TRANSFORM_KE && t->id == KE_NONE) {
        prefix = "KE";          /* "NONE" alone is the integrity algorithm */
    }
    if (t->key_bits) {
        g_snprintf(bits, sizeof bits, "_%u", t->key_bits);
    }
    g_snprintf(out, (gulong)size, "%s%s%s%s", prefix, *prefix ? "_" : "", name, bits);
    return out;
}

char *
transform_print(const struct transform *t, char *out, size_t size)
{
    return print_transform(t, true, out, size);
}

/* What follows a row's name: nothing or "_" and a key length. */
static bool
parse_bits(const char *rest, uint16_t *out)
{
    char *end = NULL;
    guint64 bits;

    *out = 0;
    if (!*rest) {
        return true;
    }
    if (rest[0] != '_' || rest[1] == '0' || !g_ascii_isdigit(rest[1])) {
        return false;
    }
    bits = g_ascii_strtoull(rest + 1, &end, 10);
    *out = (uint16_t)(bits & 0xffff);
    return !*end && bits >= KEY_BITS_MIN && bits <= KEY_BITS_MAX && bits % 8 == 0;
}

static bool
parse_in(struct transform *out, uint8_t type, bool with_bits, const char *name)
{
    enum registry registry;

    if (!registry_of(type, &registry)) {
        return false;
    }
    for (size_t i = 0; i < registry_num_rows; i++) {
        const struct registry_row *row = &registry_rows[i];
        size_t len = strlen(row->name);
        uint16_t bits;
        if (row->registry == registry && g_ascii_strncasecmp(row->name, name, len) == 0 &&
            parse_bits(name + len, &bits) && with_bits == (bits != 0)) {
            *out = (struct transform){ type, row->number, bits };
            return true;
        }
    }
    return false;
}

bool
transform_parse(struct transform *out, const char *name)
{
    if (g_ascii_strcasecmp(name, "KE_NONE") == 0) {
        *out = (struct transform){ TRANSFORM_KE, KE_NONE, 0 };
        return true;
    }
    if (g_ascii_strncasecmp(name, "KE", 2) == 0 && name[2] >= '1' && name[2] <= '7' &&
        name[3] == '_') {
        return parse_in(out, (uint8_t)(TRANSFORM_ADDKE1 + name[2] - '1'), false, name + 4);
    }
    for (unsigned type = TRANSFORM_ENCR; type <= TRANSFORM_ESN; type++) {
        if (parse_in(out, (uint8_t)type, false, name)) {
            return true;
        }
    }
    /* Only now: MODP_2048_256 is a group of its own. */
    for (unsigned type = TRANSFORM_ENCR; type <= TRANSFORM_INTEG; type++) {
        if (parse_in(out, (uint8_t)type, true, name)) {
            return true;
        }
    }
    return false;
}

/* "None" is what a proposal without that type means. */
static bool
is_none(const struct transform *t)
{
    return t->id == KE_NONE && (t->type == TRANSFORM_INTEG || t->type == TRANSFORM_KE ||
                                t->type >= TRANSFORM_ADDKE1);
}

/* The transforms of one type; *left counts those that are still to come.  False when out is
 * full. */
static bool
append_type(const struct proposal *p, uint8_t type, size_t *left, char *out, size_t size)
{
    char one[80];

    for (size_t i = 0; i < p->num_transforms; i++) {
        const struct transform *t = &p->transforms[i];
        bool first = out[0] && out[strlen(out) - 1] == ':';
        if (t->type != type || is_none(t)) {
            continue;
        }
        --*left;
        print_transform(t, p->v1, one, sizeof one);
        if (!list_add(out, size, first ? "" : "/", one, *left > 0)) {
            return false;
        }
    }
    return true;
}

char *
proposal_print(const struct proposal *p, char *out, size_t size)
{
    static const uint8_t order[] = { TRANSFORM_ENCR, TRANSFORM_INTEG, TRANSFORM_PRF, TRANSFORM_KE,
                                     TRANSFORM_ADDKE1, TRANSFORM_ADDKE1 + 1,
                                     TRANSFORM_ADDKE1 + 2, TRANSFORM_ADDKE1 + 3,
                                     TRANSFORM_ADDKE1 + 4, TRANSFORM_ADDKE1 + 5, TRANSFORM_ADDKE7,
                                     TRANSFORM_ESN };
    static const char *const protocols[] = { "?:", "IKE:", "AH:", "ESP:", "IPCOMP" };
    bool room = p->protocol != PROTO_IPCOMP;
    size_t left = 0;

    if (size == 0) {
        return out;
    }
    if (p->protocol < G_N_ELEMENTS(protocols)) {
        g_strlcpy(out, protocols[p->protocol], size);
    } else {
        g_snprintf(out, (gulong)size, "PROTO_%u:", p->protocol);
    }
    for (size_t i = 0; i < p->num_transforms; i++) {
        left += !is_none(&p->transforms[i]) && memchr(order, p->transforms[i].type, sizeof order);
    }
    for (size_t i = 0; room && i < G_N_ELEMENTS(order); i++) {
        room = append_type(p, order[i], &left, out, size);
    }
    return out;
}
