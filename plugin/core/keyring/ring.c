/* ring.c - the container of keys at work, and the tools of its files.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "ring.h"

#include <espial/hash.h>
#include <espial/names.h>
#include <string.h>

const char *
keyring_full(const struct keyring *k)
{
    return k->full;
}

void
keyring_reached(struct keyring *k, const char *what)
{
    if (!k->full) {
        k->full = what;
    }
}

const void *
keyring_keep(struct keyring *k, const void *from, size_t size)
{
    return secrets_keep(k->derived, from, size);
}

uint8_t *
keyring_clear(struct keyring *k, size_t len)
{
    crypt_wipe(k->clear->data, k->clear->len);
    g_byte_array_set_size(k->clear, (guint)MAX(len, (size_t)1));
    return k->clear->data;
}

/* --- tables by SPI ------------------------------------------------------------- */

static guint
hash8(gconstpointer p)
{
    return (guint)hash_octets(hash_seed(), p, 8);
}

static guint
hash16(gconstpointer p)
{
    return (guint)hash_octets(hash_seed(), p, IKE_SPIS);
}

static gboolean
equal8(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, 8) == 0;
}

static gboolean
equal16(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, IKE_SPIS) == 0;
}

GHashTable *
keyring_by_spi(GDestroyNotify free_value)
{
    return g_hash_table_new_full(hash8, equal8, g_free, free_value);
}

GHashTable *
keyring_by_spis(GDestroyNotify free_value)
{
    return g_hash_table_new_full(hash16, equal16, g_free, free_value);
}

void
keyring_put(GHashTable *t, const uint8_t *key, size_t len, void *value)
{
    void *copy = g_malloc(len);

    memcpy(copy, key, len);
    g_hash_table_replace(t, copy, value);
}

void
keyring_spis(const struct ike_message *m, uint8_t out[IKE_SPIS])
{
    memcpy(out, m->spi_i, 8);
    memcpy(out + 8, m->spi_r, 8);
}

/* --- suites --------------------------------------------------------------------- */

/* The hash of IKEv1 is named as integrity; its prf is the HMAC of it (RFC 2409 section 4). */
static uint16_t
prf_of_hash(uint16_t integ)
{
    static const struct { uint16_t integ, prf; } of[] = {
        { INTEG_HMAC_MD5_96, PRF_HMAC_MD5 }, { INTEG_HMAC_SHA1_96, PRF_HMAC_SHA1 },
        { INTEG_HMAC_SHA2_256_128, PRF_HMAC_SHA2_256 },
        { INTEG_HMAC_SHA2_384_192, PRF_HMAC_SHA2_384 },
        { INTEG_HMAC_SHA2_512_256, PRF_HMAC_SHA2_512 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(of); i++) {
        if (of[i].integ == integ) {
            return of[i].prf;
        }
    }
    return 0;
}

struct key_suite
key_suite_of(const struct proposal *p)
{
    struct key_suite s = { 0, 0, 0, 0 };

    for (size_t i = p->num_transforms; i-- > 0;) {      /* the first of a type counts */
        const struct transform *t = &p->transforms[i];
        if (t->type == TRANSFORM_ENCR) {
            s.encr = t->id;
            s.key_bits = t->key_bits;
        } else if (t->type == TRANSFORM_INTEG) {
            s.integ = t->id;
        } else if (t->type == TRANSFORM_PRF) {
            s.prf = t->id;
        }
    }
    if (p->v1 && p->protocol == PROTO_IKE) {
        s.prf = prf_of_hash(s.integ);
    }
    return s;
}
