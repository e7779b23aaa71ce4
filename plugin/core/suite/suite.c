/* suite.c - names of the registries, and IKEv1 numbers in the words of IKEv2.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "names.h"

#include <espial/suite.h>
#include <espial/limits.h>
#include <espial/text.h>

#include <glib.h>
#include <string.h>

/* Where IKEv1 numbers go that no row holds: V1_UNNAMED keeps those of phase 1 and of
 * private ranges apart from the rows of phase 2 (hash 8 is not RIPEMD). */
enum { NOT_MAPPED = 0xffff, V1_UNNAMED = 0xc000, V1_NUMBER = 0x3fff, V1_PRIVATE = 0xf000, V1_LAST_PHASE2 = 255 };

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
    } else if (t->type == TRANSFORM_KE && t->id == 0) {
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
        *out = (struct transform){ TRANSFORM_KE, 0, 0 };
        return true;
    }
    if (g_ascii_strncasecmp(name, "KE", 2) == 0 && name[2] >= '1' && name[2] <= '7' && name[3] == '_') {
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
    return t->id == 0 && (t->type == TRANSFORM_INTEG || t->type == TRANSFORM_KE || t->type >= TRANSFORM_ADDKE1);
}

/* The transforms of one type; *left counts those that are still to come.  False when out is full. */
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
        if (!list_add(out, size, first ? "" : "/", print_transform(t, p->v1, one, sizeof one), *left > 0)) {
            return false;
        }
    }
    return true;
}

char *
proposal_print(const struct proposal *p, char *out, size_t size)
{
    static const uint8_t order[] = { TRANSFORM_ENCR, TRANSFORM_INTEG, TRANSFORM_PRF, TRANSFORM_KE,
                                     6, 7, 8, 9, 10, 11, 12, TRANSFORM_ESN };
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

/* --- IKEv1 to IKEv2 ------------------------------------------------------- */

static uint16_t
mapped(const uint16_t *map, size_t n, uint16_t value, unsigned mark)
{
    if (value < n && map[value] != NOT_MAPPED) {
        return map[value];
    }
    return (uint16_t)(value | (value > V1_LAST_PHASE2 ? V1_UNNAMED : mark));
}

struct transform
v1_phase1_encr(uint16_t alg, uint16_t key_bits)
{
    static const uint16_t map[] = { NOT_MAPPED, 2, 5, 7, 4, 3, 6, 12, 23 };   /* RFC 2409 appendix A, RFC 4312 */

    return (struct transform){ TRANSFORM_ENCR, mapped(map, G_N_ELEMENTS(map), alg, V1_UNNAMED), key_bits };
}

struct transform
v1_phase1_integ(uint16_t hash)
{
    static const uint16_t map[] = { NOT_MAPPED, 1, 2, TRANSFORM_V1_ONLY | 3, 12, 13, 14 };

    return (struct transform){ TRANSFORM_INTEG, mapped(map, G_N_ELEMENTS(map), hash, V1_UNNAMED), 0 };
}

struct transform
v1_phase1_prf(uint16_t hash)
{
    static const uint16_t map[] = { NOT_MAPPED, 1, 2, 3, 5, 6, 7 };

    return (struct transform){ TRANSFORM_PRF, mapped(map, G_N_ELEMENTS(map), hash, V1_UNNAMED), 0 };
}

struct transform
v1_group(uint16_t group)
{
    /* 3 and 4 are curves over GF[2^n] (RFC 2409 section 6.3), reserved in IKEv2. */
    unsigned mark = group == 3 || group == 4 ? TRANSFORM_V1_ONLY : group & TRANSFORM_V1_ONLY ? V1_UNNAMED : 0u;

    return (struct transform){ TRANSFORM_KE, (uint16_t)(group | mark), 0 };
}

struct transform
v1_esp_encr(uint8_t transform_id, uint16_t key_bits)
{
    /* 10 (RC4) and 21 (SEED) are IKEv1's alone; 22 and 23 mean other ciphers there. */
    static const uint16_t map[] = { NOT_MAPPED, 1, 2, 3, 4, 5, 6, 7, 8, 9, NOT_MAPPED, 11, 12, 13, 14, 15, 16,
                                    NOT_MAPPED, 18, 19, 20, NOT_MAPPED, 23, 21 };

    return (struct transform){ TRANSFORM_ENCR, mapped(map, G_N_ELEMENTS(map), transform_id, TRANSFORM_V1_ONLY), key_bits };
}

struct transform
v1_esp_integ(uint16_t auth_alg)
{
    static const uint16_t map[] = { 0, 1, 2, 3, 4, 12, 13, 14, NOT_MAPPED, 5, NOT_MAPPED, 9, 10, 11 };

    return (struct transform){ TRANSFORM_INTEG, mapped(map, G_N_ELEMENTS(map), auth_alg, TRANSFORM_V1_ONLY), 0 };
}

struct transform
v1_ah_integ(uint8_t transform_id, uint16_t auth_alg)
{
    static const uint16_t map[] = { NOT_MAPPED, NOT_MAPPED, 1, 2, 3, 12, 13, 14, NOT_MAPPED, 5, NOT_MAPPED, 9, 10, 11 };

    if (auth_alg) {
        return v1_esp_integ(auth_alg);
    }
    return (struct transform){ TRANSFORM_INTEG, mapped(map, G_N_ELEMENTS(map), transform_id, TRANSFORM_V1_ONLY), 0 };
}

/* --- geometry ------------------------------------------------------------- */

bool
encr_geometry(uint16_t id, struct encr_geometry *out)
{
    static const struct { uint16_t id; struct encr_geometry g; } table[] = {
        { 2, { 8, 8, 0 } }, { 3, { 8, 8, 0 } }, { 4, { 8, 8, 0 } }, { 5, { 8, 8, 0 } }, { 6, { 8, 8, 0 } },
        { 7, { 8, 8, 0 } }, { 11, { 0, 4, 0 } }, { 12, { 16, 16, 0 } }, { 13, { 8, 4, 0 } },
        { 14, { 8, 4, 8 } }, { 15, { 8, 4, 12 } }, { 16, { 8, 4, 16 } }, { 18, { 8, 4, 8 } }, { 19, { 8, 4, 12 } },
        { 20, { 8, 4, 16 } }, { 21, { 8, 4, 16 } }, { 23, { 16, 16, 0 } }, { 24, { 8, 4, 0 } }, { 25, { 8, 4, 8 } },
        { 26, { 8, 4, 12 } }, { 27, { 8, 4, 16 } }, { 28, { 8, 4, 16 } }, { 29, { 0, 4, 8 } }, { 30, { 0, 4, 16 } },
        { 31, { 0, 4, 16 } }, { 0x8015, { 16, 16, 0 } },
        { 0x80fc, { 16, 16, 0 } }, { 0x80fd, { 16, 16, 0 } },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].id == id) {
            *out = table[i].g;
            return true;
        }
    }
    return false;
}

bool
encr_is_aead(uint16_t encr_id)
{
    struct encr_geometry g;

    /* 32-35 (RFC 9227) are AEAD too, though their geometry is not held here. */
    return (encr_id >= 32 && encr_id <= 35) || (encr_geometry(encr_id, &g) && g.icv);
}

bool
integ_icv_len(uint16_t id, uint8_t *out)
{
    static const uint8_t lens[] = { 0, 12, 12, 0, 0, 12, 16, 20, 12, 16, 16, 16, 16, 24, 32 };

    if (id == (TRANSFORM_V1_ONLY | 8)) {
        *out = 12;
        return true;
    }
    if (id >= G_N_ELEMENTS(lens) || (id && !lens[id])) {
        return false;
    }
    *out = lens[id];
    return true;
}
