/* lengths.c - what the lengths of ESP tell of its cipher (RFC 4303 section 2.4).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/ipsec.h>

#include <espial/names.h>
#include <stdio.h>

/* Different lengths.  A cipher of small blocks gives so many that look like greater ones in less
 * than one case of a hundred (blocks of 8) or of a thousand (of 4).  That there are no blocks two
 * lengths prove, unless strangers sent one of them: packets. */
enum { ENOUGH_16 = 6, ENOUGH_8 = 8, ENOUGH_4 = 3 };
enum { WORDS = 4, ODD = WORDS, ESP_AND_IV_16 = 24, ESP_AND_IV_8 = 16 };

static void
keep_length(struct esp_lengths *l, uint32_t length)
{
    if (l->num >= ESP_LENGTHS || length > UINT16_MAX) {
        return;
    }
    for (unsigned i = 0; i < l->num; i++) {
        if (l->at[i] == length) {
            return;
        }
    }
    l->at[l->num++] = (uint16_t)length;
}

void
esp_lengths_add(struct esp_lengths *l, uint32_t length)
{
    uint8_t *packets = &l->packets[length % 8 != 0];

    if (length % WORDS == 0 && *packets < UINT8_MAX) {
        ++*packets;
    }
    keep_length(l, length);
}

/* One length that does not fit may be a stranger's packet. */
static bool
enough(unsigned fit, unsigned others, unsigned least)
{
    return others <= 1 && fit >= least + 2 * others;
}

bool
esp_lengths_judge(struct esp_shape *out, const struct esp_lengths *l)
{
    unsigned n[WORDS + 1] = { 0 }, all = l->num, half[2];

    for (unsigned i = 0; i < all; i++) {
        n[l->at[i] % WORDS ? (unsigned)ODD : l->at[i] / WORDS % WORDS]++;
    }
    for (unsigned i = 0; i < WORDS; i++) {
        if (enough(n[i], all - n[i], ENOUGH_16)) {
            *out = (struct esp_shape){ 16, (uint8_t)(i * WORDS) };
            return true;
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        half[i] = n[i] + n[i + 2];
        if (n[i] && n[i + 2] && enough(half[i], all - half[i], ENOUGH_8)) {
            *out = (struct esp_shape){ 8, (uint8_t)(i * WORDS) };
            return true;
        }
    }
    *out = (struct esp_shape){ 4, 0 };
    return n[ODD] <= 1 && l->packets[0] >= ENOUGH_4 && l->packets[1] >= ENOUGH_4;
}

/* Octets of the ICVs that give such lengths; of none, and of one that is longer by whole blocks,
 * they are the same. */
static const char *
icv_of(const struct esp_shape *s)
{
    unsigned head = s->block == 16 ? ESP_AND_IV_16 : ESP_AND_IV_8;

    switch ((s->residue + s->block - head % s->block) % s->block) {
    case 12: return "an ICV of 96 bits (HMAC_SHA1_96, HMAC_MD5_96)";
    case 4: return s->block == 16 ? "an ICV of 160 bits (HMAC_SHA1_160)" :
                                    "an ICV of 96 bits (HMAC_SHA1_96, HMAC_MD5_96)";
    case 8: return "an ICV of 192 bits (HMAC_SHA2_384_192)";
    default: return s->block == 16 ? "an ICV of 128 or 256 bits (HMAC_SHA2_256_128, "
                                     "HMAC_SHA2_512_256)" :
                                     "an ICV of 128 bits or more";
    }
}

char *
esp_shape_print(const struct esp_shape *s, char *out, size_t size)
{
    if (s->block == 4) {
        snprintf(out, size, "a counter mode or AEAD cipher, such as AES_GCM_16");
    } else {
        snprintf(out, size, "%s, and %s",
                 s->block == 16 ? "AES_CBC or another cipher with blocks of 16 octets" :
                                  "3DES_CBC or another cipher with blocks of 8 octets", icv_of(s));
    }
    return out;
}
