/* kdf.c - prf, prf+ and the keys and IVs made with them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "algorithm.h"

#include <espial/names.h>
#include <glib.h>
#include <string.h>

enum { PIECES_MAX = 8, PRF_PLUS_ROUNDS = 255 };

bool
prf_run(uint16_t prf, const uint8_t *key, size_t key_len, const struct span *data, size_t n,
        uint8_t *out)
{
    struct crypt_mac m;
    bool ok;

    if (!crypt_mac_open_prf(&m, prf, key, key_len)) {
        return false;
    }
    ok = crypt_mac_run(&m, data, n, out);
    crypt_mac_close(&m);
    return ok;
}

/* T1 = prf(K, S | 1), Tn = prf(K, Tn-1 | S | n), or without the count: all derivations of
 * both versions of IKE have this form. */
static bool
feed_back(struct crypt_mac *m, const struct span *data, size_t n, bool counted, uint8_t *out,
          size_t len)
{
    uint8_t t[CRYPT_PRF_MAX], count = 0;
    struct span pieces[PIECES_MAX + 2] = { { t, 0 } };

    if (n > PIECES_MAX || len > PRF_PLUS_ROUNDS * m->len) {
        return false;
    }
    if (n) {
        memcpy(pieces + 1, data, n * sizeof *data);
    }
    if (counted) {
        pieces[++n] = (struct span){ &count, 1 };
    }
    for (size_t done = 0, part; done < len; done += part) {
        count++;
        if (!crypt_mac_run(m, pieces, n + 1, t)) {
            return false;
        }
        pieces[0].len = m->len;
        part = MIN(m->len, len - done);
        memcpy(out + done, t, part);
    }
    return true;
}

static bool
expand(uint16_t prf, const uint8_t *key, size_t key_len, const struct span *data, size_t n,
       bool counted, uint8_t *out, size_t len)
{
    struct crypt_mac m;
    bool ok;

    if (!crypt_mac_open_prf(&m, prf, key, key_len)) {
        return false;
    }
    ok = feed_back(&m, data, n, counted, out, len);
    crypt_mac_close(&m);
    return ok;
}

bool
prf_plus(uint16_t prf, const uint8_t *key, size_t key_len, const struct span *data, size_t n,
         uint8_t *out, size_t len)
{
    return expand(prf, key, key_len, data, n, true, out, len);
}

bool
child_keymat_v2(uint16_t prf, const struct crypt_key *sk_d, const struct span *g_ir,
                const struct span *ni, const struct span *nr, uint8_t *out, size_t len)
{
    struct span data[3] = { g_ir ? *g_ir : (struct span){ NULL, 0 }, *ni, *nr };

    return prf_plus(prf, sk_d->at, sk_d->len, data, G_N_ELEMENTS(data), out, len);
}

bool
child_keymat_v1(uint16_t prf, const struct crypt_key *skeyid_d, const struct span *g_xy,
                uint8_t protocol, const uint8_t spi[4], const struct span *ni,
                const struct span *nr, uint8_t *out, size_t len)
{
    struct span none = { NULL, 0 };
    struct span data[5] = { g_xy ? *g_xy : none, { &protocol, 1 }, { spi, 4 }, *ni, *nr };

    return expand(prf, skeyid_d->at, skeyid_d->len, data, G_N_ELEMENTS(data), false, out, len);
}

/* Ka: K1 = prf(SKEYID_e, 0), Kn = prf(SKEYID_e, Kn-1), the zero one octet and only once. */
static bool
expand_skeyid_e(struct crypt_mac *m, uint8_t *out, size_t want)
{
    uint8_t k[CRYPT_PRF_MAX] = { 0 };
    struct span last = { k, 1 };

    for (size_t done = 0, part; done < want; done += part) {
        if (!crypt_mac_run(m, &last, 1, k)) {
            return false;
        }
        last.len = m->len;
        part = MIN(m->len, want - done);
        memcpy(out + done, k, part);
    }
    return true;
}

bool
ike1_extend_key(uint16_t prf, const uint8_t *skeyid_e, size_t len, uint8_t *out, size_t want)
{
    struct crypt_mac m;
    bool ok;

    if (want <= len) {
        memcpy(out, skeyid_e, want);
        return true;
    }
    if (!crypt_mac_open_prf(&m, prf, skeyid_e, len)) {
        return false;
    }
    ok = expand_skeyid_e(&m, out, want);
    crypt_mac_close(&m);
    return ok;
}

/* --- IVs of IKEv1: plain hashes --------------------------------------------------- */

static int
hash_of(uint16_t prf)
{
    static const int algos[] = {
        [PRF_HMAC_MD5] = GCRY_MD_MD5, [PRF_HMAC_SHA1] = GCRY_MD_SHA1,
        [PRF_HMAC_SHA2_256] = GCRY_MD_SHA256, [PRF_HMAC_SHA2_384] = GCRY_MD_SHA384,
        [PRF_HMAC_SHA2_512] = GCRY_MD_SHA512,
    };

    return prf < G_N_ELEMENTS(algos) ? algos[prf] : 0;
}

static bool
hash_iv(uint16_t prf, const struct span *a, const struct span *b, uint8_t *out, size_t want)
{
    int algo = hash_of(prf);
    gcry_md_hd_t h = NULL;

    crypt_ready();
    if (!algo || want > gcry_md_get_algo_dlen(algo) || gcry_md_open(&h, algo, 0)) {
        return false;
    }
    gcry_md_write(h, a->at, a->len);
    gcry_md_write(h, b->at, b->len);
    memcpy(out, gcry_md_read(h, algo), want);
    gcry_md_close(h);
    return true;
}

bool
ike1_first_iv(uint16_t prf, const struct span *gxi, const struct span *gxr, uint8_t *out,
              size_t want)
{
    return hash_iv(prf, gxi, gxr, out, want);
}

bool
ike1_phase2_iv(uint16_t prf, const uint8_t *last_block, uint32_t message_id, uint8_t *out,
               size_t want)
{
    uint8_t id[4] = { (uint8_t)(message_id >> 24), (uint8_t)(message_id >> 16),
                      (uint8_t)(message_id >> 8), (uint8_t)message_id };
    struct span block = { last_block, want }, mid = { id, sizeof id };

    return hash_iv(prf, &block, &mid, out, want);
}
