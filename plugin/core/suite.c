/* suite.c - names of the registries, and IKEv1 numbers in the words of IKEv2.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/suite.h>
#include <espial/limits.h>

#include <glib.h>
#include <string.h>

enum registry { REG_ENCR, REG_PRF, REG_INTEG, REG_KE, REG_ESN, REG_EXCHANGE, REG_NOTIFY1, REG_NOTIFY2,
                REG_PAYLOAD, REG_AUTH1, REG_AUTH2, REG_IPPROTO };

enum { V2_FIRST_EXCHANGE = 34, NOT_MAPPED = 0xffff };

static const struct {
    uint8_t registry;
    uint16_t number;
    const char *name;
} rows[] = {
#define ROW(registry, number, name) { REG_##registry, number, name },
#include "names.def"
#undef ROW
};

/* Names of messages are looked up for what is shown, not for every packet: a walk
 * over some hundred rows is enough. */
static const char *
find_name(enum registry registry, unsigned number)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].registry == registry && rows[i].number == number) {
            return rows[i].name;
        }
    }
    return NULL;
}

static char *
print_name(enum registry registry, unsigned number, const char *unknown, char *out, size_t size)
{
    const char *name = find_name(registry, number);

    if (name) {
        g_strlcpy(out, name, size);
    } else {
        g_snprintf(out, (gulong)size, "%s%u", unknown, number);
    }
    return out;
}

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

char *
transform_print(const struct transform *t, char *out, size_t size)
{
    enum registry registry;
    char bits[16] = "", unknown[48], name[64];
    bool additional = t->type >= TRANSFORM_ADDKE1;

    if (!registry_of(t->type, &registry)) {
        g_snprintf(out, (gulong)size, "TYPE_%u_%u", t->type, t->id);
        return out;
    }
    g_snprintf(unknown, sizeof unknown, "%s_", transform_type_name(additional ? TRANSFORM_KE : t->type));
    print_name(registry, t->id, unknown, name, sizeof name);
    if (t->key_bits) {
        g_snprintf(bits, sizeof bits, "_%u", t->key_bits);
    }
    g_snprintf(out, (gulong)size, "%s%s%s%s", additional ? transform_type_name(t->type) : "", additional ? "_" : "",
               name, bits);
    return out;
}

static bool
parse_in(struct transform *out, uint8_t type, const char *name)
{
    enum registry registry;

    if (!registry_of(type, &registry)) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        size_t len = strlen(rows[i].name);
        guint64 bits = 0;
        if (rows[i].registry != registry || g_ascii_strncasecmp(rows[i].name, name, len) != 0) {
            continue;
        }
        if (name[len] == '_' && registry == REG_ENCR && g_ascii_isdigit(name[len + 1])) {
            char *end = NULL;
            bits = g_ascii_strtoull(name + len + 1, &end, 10);
            if (*end || bits == 0 || bits > 448 || bits % 8) {
                continue;
            }
            /* AES_GCM_16 is a cipher of its own: 16 is no key length. */
            if (bits < 40) {
                continue;
            }
        } else if (name[len]) {
            continue;
        }
        *out = (struct transform){ type, rows[i].number, (uint16_t)bits };
        return true;
    }
    return false;
}

bool
transform_parse(struct transform *out, const char *name)
{
    if (g_ascii_strncasecmp(name, "KE", 2) == 0 && name[2] >= '1' && name[2] <= '7' && name[3] == '_') {
        return parse_in(out, (uint8_t)(TRANSFORM_ADDKE1 + name[2] - '1'), name + 4);
    }
    for (uint8_t type = TRANSFORM_ENCR; type <= TRANSFORM_ESN; type++) {
        if (parse_in(out, type, name)) {
            return true;
        }
    }
    return false;
}

static void
append_type(const struct proposal *p, uint8_t type, char *out, size_t size)
{
    char one[80];

    for (size_t i = 0; i < p->num_transforms; i++) {
        const struct transform *t = &p->transforms[i];
        bool none = t->id == 0 && (type == TRANSFORM_INTEG || type >= TRANSFORM_ADDKE1 || type == TRANSFORM_KE);
        if (t->type != type || none) {
            continue;
        }
        if (out[0] && out[strlen(out) - 1] != ':') {
            g_strlcat(out, "/", size);
        }
        g_strlcat(out, transform_print(t, one, sizeof one), size);
    }
}

char *
proposal_print(const struct proposal *p, char *out, size_t size)
{
    static const uint8_t order[] = { TRANSFORM_ENCR, TRANSFORM_INTEG, TRANSFORM_PRF, TRANSFORM_KE,
                                     6, 7, 8, 9, 10, 11, 12, TRANSFORM_ESN };
    static const char *const protocols[] = { "?:", "IKE:", "AH:", "ESP:", "IPCOMP" };

    if (p->protocol < G_N_ELEMENTS(protocols)) {
        g_strlcpy(out, protocols[p->protocol], size);
    } else {
        g_snprintf(out, (gulong)size, "PROTO_%u:", p->protocol);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
        append_type(p, order[i], out, size);
    }
    return out;
}

char *
exchange_name(uint8_t major, uint8_t exchange, char *out, size_t size)
{
    /* The numbers of the two versions do not meet. */
    if ((major == 1) == (exchange < V2_FIRST_EXCHANGE)) {
        return print_name(REG_EXCHANGE, exchange, "exchange ", out, size);
    }
    g_snprintf(out, (gulong)size, "exchange %u", exchange);
    return out;
}

char *
notify_name(uint8_t major, uint16_t type, char *out, size_t size)
{
    return print_name(major == 1 ? REG_NOTIFY1 : REG_NOTIFY2, type, "notify ", out, size);
}

char *
payload_name(uint8_t major, uint8_t type, char *out, size_t size)
{
    (void)major;                /* one numbering: IKEv2 begins where IKEv1 ends */
    return print_name(REG_PAYLOAD, type, "payload ", out, size);
}

char *
auth_method_name(uint8_t major, uint16_t method, char *out, size_t size)
{
    return print_name(major == 1 ? REG_AUTH1 : REG_AUTH2, method, "authentication method ", out, size);
}

char *
ip_protocol_name(uint8_t protocol, char *out, size_t size)
{
    return print_name(REG_IPPROTO, protocol, "", out, size);
}

/* --- IKEv1 to IKEv2 ------------------------------------------------------- */

static uint16_t
mapped(const uint16_t *map, size_t n, uint16_t value)
{
    return value < n && map[value] != NOT_MAPPED ? map[value] : (uint16_t)(value | TRANSFORM_V1_ONLY);
}

struct transform
v1_phase1_encr(uint16_t alg, uint16_t key_bits)
{
    static const uint16_t map[] = { NOT_MAPPED, 2, 5, 7, 4, 3, 6, 12, 23 };   /* RFC 2409 appendix A, RFC 4312 */

    return (struct transform){ TRANSFORM_ENCR, mapped(map, G_N_ELEMENTS(map), alg), key_bits };
}

struct transform
v1_phase1_integ(uint16_t hash)
{
    static const uint16_t map[] = { NOT_MAPPED, 1, 2, NOT_MAPPED, 12, 13, 14 };

    return (struct transform){ TRANSFORM_INTEG, mapped(map, G_N_ELEMENTS(map), hash), 0 };
}

struct transform
v1_phase1_prf(uint16_t hash)
{
    static const uint16_t map[] = { NOT_MAPPED, 1, 2, 3, 5, 6, 7 };

    return (struct transform){ TRANSFORM_PRF, mapped(map, G_N_ELEMENTS(map), hash), 0 };
}

struct transform
v1_group(uint16_t group)
{
    return (struct transform){ TRANSFORM_KE, group, 0 };
}

struct transform
v1_esp_encr(uint8_t transform_id, uint16_t key_bits)
{
    /* 10 (RC4) and 21 (SEED) are IKEv1's alone; 22 and 23 mean other ciphers there. */
    static const uint16_t map[] = { NOT_MAPPED, 1, 2, 3, 4, 5, 6, 7, 8, 9, NOT_MAPPED, 11, 12, 13, 14, 15, 16,
                                    NOT_MAPPED, 18, 19, 20, NOT_MAPPED, 23, 21 };

    return (struct transform){ TRANSFORM_ENCR, mapped(map, G_N_ELEMENTS(map), transform_id), key_bits };
}

struct transform
v1_esp_integ(uint16_t auth_alg)
{
    static const uint16_t map[] = { 0, 1, 2, 3, 4, 12, 13, 14, NOT_MAPPED, 5, NOT_MAPPED, 9, 10, 11 };

    return (struct transform){ TRANSFORM_INTEG, mapped(map, G_N_ELEMENTS(map), auth_alg), 0 };
}

struct transform
v1_ah_integ(uint8_t transform_id, uint16_t auth_alg)
{
    static const uint16_t map[] = { NOT_MAPPED, NOT_MAPPED, 1, 2, 3, 12, 13, 14, NOT_MAPPED, 5, NOT_MAPPED, 9, 10, 11 };

    if (auth_alg) {
        return v1_esp_integ(auth_alg);
    }
    return (struct transform){ TRANSFORM_INTEG, mapped(map, G_N_ELEMENTS(map), transform_id), 0 };
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

    return encr_geometry(encr_id, &g) && g.icv;
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
