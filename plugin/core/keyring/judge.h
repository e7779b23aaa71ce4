/* judge.h - whether octets decrypted without a checksum are payloads of IKEv1.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_KEYRING_JUDGE_H
#define ESPIAL_KEYRING_JUDGE_H

#include <espial/ike.h>

struct chain_rules {
    uint8_t exchange, first;    /* enum ike_exchange; type of the first payload, from the header */
    size_t block;               /* octets of the cipher's block */
    size_t hash_len;            /* octets of a HASH payload's body; 0: not known */
};

/* The octets are a chain of payloads and its padding, with enough fixed octets among them
 * that noise would not have them. */
bool chain_plausible(const struct chain_rules *r, const uint8_t *clear, size_t len);
/* The first block is noise, since its IV is not known: where the first payload is a HASH, the
 * block holds nothing but its header, and octets of the hash.  Puts the header back, and
 * zeros for the hash octets, when what follows is plausible. */
bool chain_repair(const struct chain_rules *r, uint8_t *clear, size_t len);

#endif
