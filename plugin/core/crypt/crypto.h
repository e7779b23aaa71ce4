/* crypto.h - opens what ESP and IKE sealed, and derives the keys of both: pure functions
 * over octets, all ciphers and hashes libgcrypt's.  Algorithms have the numbers of the
 * IKEv2 registry, as in suite.h, for IKEv1 too.  Nothing is kept of a caller's octets but
 * the keys inside an opener.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CRYPT_CRYPTO_H
#define ESPIAL_CRYPT_CRYPTO_H

#include <espial/cursor.h>
#include <espial/keys.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CRYPT_PRF_MAX = 64,         /* octets of the longest output of a prf */
    CRYPT_BLOCK_MAX = 16        /* of the longest CBC block, hence IV */
};

/* --- lengths ---------------------------------------------------------------- */

/* Octets of KEYMAT that a cipher takes, salt included (RFC 3686 section 5.1, RFC 4106
 * section 8.1, RFC 4309 section 7.1, RFC 7634 section 3).  key_bits is the Key Length
 * attribute; 0 is the default of RFC 2451 and RFC 3602.  False where the cipher is not
 * known here or has no key of that length.  IKEv1 phase 1 has another default for
 * Blowfish: 56 octets (RFC 2409 appendix B); give it in key_bits. */
bool crypt_encr_key_len(uint16_t encr, uint16_t key_bits, size_t *out);
/* Octets of KEYMAT that an integrity algorithm takes; 0 is NONE: 0 octets. */
bool crypt_integ_key_len(uint16_t integ, size_t *out);

/* --- ESP -------------------------------------------------------------------- */

/* Cuts the keys of one direction out of KEYMAT, encryption first (RFC 7296 section 2.17,
 * RFC 2409 section 5.5), and leaves esn alone.  *used counts the octets taken: in IKEv2
 * the other direction follows there, and initiator to responder comes first.  False, and
 * nothing written, when lengths or algorithms do not fit. */
bool esp_keys_cut(struct esp_keys *out, uint16_t encr, uint16_t key_bits, uint16_t integ,
                  const uint8_t *keymat, size_t len, size_t *used);

/* Key schedules of one SA, made once.  One thread at a time: it holds the state of the
 * ciphers. */
struct esp_opener;

/* Owned by the caller, who frees it with esp_opener_free (NULL is allowed).  NULL and
 * *why (static text, e.g. "an AES key has 16, 24 or 32 octets", lengths without the
 * salt) when the algorithms are not known or the lengths do not fit; why may be NULL. */
struct esp_opener *esp_opener_new(const struct esp_keys *k, const char **why);
void esp_opener_free(struct esp_opener *o);

enum esp_verdict {
    ESP_VERIFIED,
    ESP_ICV_WRONG,
    ESP_TOO_SHORT,              /* for SPI, sequence number, IV, one block and ICV */
    ESP_NO_ICV,                 /* the SA has no integrity: nothing can be said */
    ESP_BAD_LENGTH              /* the ciphertext is not whole blocks, or words of 4 octets */
};

/* packet is from the SPI to the end of the ICV, len octets, in all functions below.
 * seq_high are the upper 32 bits of the sequence number, which are not on the wire; they
 * count only where the keys say esn.  Length comes before ICV. */
enum esp_verdict esp_verify(struct esp_opener *o, const uint8_t *packet, size_t len,
                            uint32_t seq_high);

/* These do not look at the ICV: a wrong key gives noise, not an error.  They give
 * nothing (0, false) where esp_verify says ESP_TOO_SHORT or ESP_BAD_LENGTH.  out may not
 * overlap the packet. */

/* The first octets of the clear text: payload, then padding and trailer.  Writes and
 * returns at most want, fewer when there are no more.  Of the packet only the first
 * esp_peek_reach() octets are read, so that a packet that the capture cut may be given
 * with the length it had on the wire. */
size_t esp_peek(struct esp_opener *o, const uint8_t *packet, size_t len, uint32_t seq_high,
                uint8_t *out, size_t want);
/* Octets of the packet that esp_peek reads for want ones, 8 + IV + whole blocks; may
 * exceed the packet's length. */
size_t esp_peek_reach(const struct esp_opener *o, size_t want);

/* The last octets of the clear text, its trailer being the last two: at most want, fewer when
 * there are no more.  Decrypts no block that they do not touch. */
size_t esp_peek_tail(struct esp_opener *o, const uint8_t *packet, size_t len, uint32_t seq_high,
                     uint8_t *out, size_t want);
/* Octets of ciphertext, padding and trailer counted in; 0 where a length cannot be. */
size_t esp_text_len(const struct esp_opener *o, size_t len);

/* All between IV and ICV into out (len octets are enough); *out_len counts padding, pad
 * length and next header too: esp_clear_read takes them apart. */
bool esp_open(struct esp_opener *o, const uint8_t *packet, size_t len, uint32_t seq_high,
              uint8_t *out, size_t *out_len);

/* Octets of the salt at the end of an AEAD's key; 0 for other ciphers. */
size_t esp_salt_len(uint16_t encr);
/* Of AES_GCM_16 whose ICV is wrong: the key is right, and only the salt at its end is another one.
 * Twelve octets of the packet prove it. */
bool esp_salt_differs(const struct esp_keys *k, const uint8_t *packet, size_t len);

/* --- IKEv2 ------------------------------------------------------------------ */

/* Opens the SK or SKF payload of a whole message.  body is the offset of the IV, that is
 * the octet after the generic header of SK (RFC 7296 section 3.14) or after the fragment
 * numbers of SKF (RFC 7383 section 2.5); all before it is authenticated (RFC 5282 section
 * 5.1).  The payload is the last one, it ends with the message.  out takes len octets and
 * gets the inner payload chain, *out_len octets without padding; out may not overlap the
 * message.  *verified: the ICV was right.  False: not verified, then nothing was written;
 * or verified with an impossible pad length, or algorithms and lengths that do not fit. */
bool ike2_open(const struct ike_keys *k, bool from_initiator, const uint8_t *message, size_t len,
               size_t body, uint8_t *out, size_t *out_len, bool *verified);

/* --- IKEv1 ------------------------------------------------------------------ */

/* The key of the ISAKMP SA out of SKEYID_e: its first want octets, or of Ka where it is
 * too short (RFC 2409 appendix B). */
bool ike1_extend_key(uint16_t prf, const uint8_t *skeyid_e, size_t len, uint8_t *out, size_t want);
/* CBC IVs, want octets (the block of the cipher), by the negotiated hash, which is named
 * as prf (1 MD5, 2 SHA1, 5 6 7 SHA-2).  Phase 1: of the public values of both. */
bool ike1_first_iv(uint16_t prf, const struct span *gxi, const struct span *gxr, uint8_t *out,
                   size_t want);
/* Phase 2 and informational: of the last block of phase 1, want octets, and the message id. */
bool ike1_phase2_iv(uint16_t prf, const uint8_t *last_block, uint32_t message_id, uint8_t *out,
                    size_t want);
/* Decrypts what follows the ISAKMP header, len octets, padding and all; the last block of
 * data is the IV of the exchange's next message.  False when len is not whole blocks or
 * encr is not a CBC cipher with such a key.  IKEv1 has no ICV: a wrong key gives noise. */
bool ike1_open(uint16_t encr, const uint8_t *key, size_t key_len, const uint8_t *iv,
               const uint8_t *data, size_t len, uint8_t *out);
/* Octets of a CBC cipher's block, hence of its IV; 0 for any other. */
size_t ike1_block(uint16_t encr);

/* --- key derivation --------------------------------------------------------- */

/* Octets of output; 0 where the prf is not known. */
size_t prf_len(uint16_t prf);
/* prf(key, data[0] | data[1] | ..), prf_len() octets.  The fixed-key ones take keys of any
 * length (RFC 4434 section 2, RFC 4615 section 3). */
bool prf_run(uint16_t prf, const uint8_t *key, size_t key_len, const struct span *data, size_t n,
             uint8_t *out);
/* prf+ (RFC 7296 section 2.13), at most 255 outputs. */
bool prf_plus(uint16_t prf, const uint8_t *key, size_t key_len, const struct span *data, size_t n,
              uint8_t *out, size_t len);

/* KEYMAT of a Child SA (RFC 7296 section 2.17): prf+(SK_d, g^ir | Ni | Nr); g_ir NULL
 * without a key exchange of its own.  Nonces without payload headers. */
bool child_keymat_v2(uint16_t prf, const struct crypt_key *sk_d, const struct span *g_ir,
                     const struct span *ni, const struct span *nr, uint8_t *out, size_t len);
/* KEYMAT of one direction (RFC 2409 section 5.5): prf(SKEYID_d, g(qm)^xy | protocol | SPI |
 * Ni_b | Nr_b); g_xy NULL without PFS.  spi is that of the receiver, protocol 2 AH, 3 ESP. */
bool child_keymat_v1(uint16_t prf, const struct crypt_key *skeyid_d, const struct span *g_xy,
                     uint8_t protocol, const uint8_t spi[4], const struct span *ni,
                     const struct span *nr, uint8_t *out, size_t len);

#endif
