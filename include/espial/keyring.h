/* keyring.h - which key opens which packet: the keys of a log, and those that follow from
 * them, tried and remembered.  One keyring per capture file, one thread at a time.
 * Nothing here prints, and no text that it returns holds a secret.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_KEYRING_H
#define ESPIAL_KEYRING_H

#include <espial/ike.h>
#include <espial/keylog.h>
#include <espial/ipsec.h>
#include <espial/sighting.h>

/* Octets of an ESP payload that are enough for an inner IPv6 header, extension headers
 * and ports. */
enum { KEYRING_HEAD = 96 };

struct keyring;

/* A key ring for one capture file, which the caller frees with keyring_free.  Owns the log. */
struct keyring *keyring_new(struct keylog *log);
/* Overwrites all secrets, those of the log too.  NULL is allowed. */
void keyring_free(struct keyring *k);
/* More may be read into it at any time; the keyring finds it at the next message or at the
 * first packet of an SPI. */
struct keylog *keyring_log(struct keyring *k);
/* NULL, or the bound of limits.h that was reached, so that not all was opened (static text). */
const char *keyring_full(const struct keyring *k);
/* What of the log's keys the messages and packets so far had use for. */
struct key_use keyring_use(const struct keyring *k);

/* --- IKE -------------------------------------------------------------------- */

/* Both are called for every message once, in capture order, in the first pass only, and
 * whether or not the message is encrypted.  at is the message from the initiator's SPI on,
 * as given to ike_parse. */

/* Opens the encrypted part of m with a key of the log, or of an IKE SA that was rekeyed
 * where the log has the shared secret (RFC 7296 section 2.18), and adds the inner payloads
 * with ike_parse_inner.  IKE fragments (RFC 7383) open together when the last one has come:
 * then m->fragments is 0.  The clear octets are the keyring's and live until the next call.
 * False: nothing was added; m->integrity_wrong says where the log has keys for this IKE SA
 * and every one fails (IKEv2 alone: IKEv1 has nothing to check a key by, there a clear text
 * must be a chain of payloads down to its last octet).
 *
 * IKEv1: the keys are those of the initiator's cookie; the IVs follow from the messages
 * (RFC 2409 appendix B).  Where the message before was lost, the HASH octets that its last
 * block would have decrypted are zero in the clear text. */
bool keyring_read_ike(struct keyring *k, struct ike_message *m, const uint8_t *at, size_t captured);

/* Learns from a message whose payloads are readable, opened by whomever: nonces, suites and
 * SPIs, of which the keys of Child SAs and of rekeyed IKE SAs follow (RFC 7296 sections 2.17
 * and 2.18, RFC 2409 section 5.5).  What must be encrypted and is in clear teaches nothing.  Of
 * several key exchanges (RFC 9370) none follow.  at says who sent it. */
void keyring_learn_ike(struct keyring *k, const struct ike_message *m, const struct sighting *at);

/* --- ESP -------------------------------------------------------------------- */

/* What a packet of ESP carried (RFC 4303 section 2). */
struct esp_clear {
    enum icv_verdict icv;       /* ICV_UNKNOWN: no key, no ICV, or not looked at; ICV_BAD: keys
                                 * of this SPI exist and all fail */
    bool esn;                   /* ICV_GOOD: only with the upper half of an extended sequence
                                 * number (RFC 4303 section 2.2.1) */
    bool tried;                 /* ICV_UNKNOWN: keys that may be this SPI's were tried in vain, and
                                 * no packet has shown yet whether they are */
    bool named;                 /* the log has keys of this SPI */
    struct key_near near;       /* ICV_BAD: what would fit; looked for with few packets of an SPI */
    bool noise;                 /* ICV_GOOD, and not opened: the integrity key is right, the
                                 * encryption key is not */
    bool opened;
    uint8_t head[KEYRING_HEAD]; /* the first octets of the payload */
    size_t head_len;
    size_t payload_len;         /* without padding and trailer; of a packet that the capture cut,
                                 * with them */
    bool cut;                   /* the trailer was not captured: next_header is a guess */
    uint8_t next_header;        /* cut: 4 or 41 where the head is such a packet, else 59 */
    bool bad_padding;           /* not 1, 2, 3, .. (RFC 4303 section 2.4), or longer than the text;
                                 * then payload_len counts all octets before the pad length */
};

/* Opens a packet of ESP: at is from the SPI to the end of the ICV, reported octets on the wire.
 * Of a packet that the capture cut only the head is read, and only where it was captured.
 *
 * A key is believed when the ICV is right; without an ICV, when the clear text is an IP packet of
 * the payload's length.  Keys of KEYLOG_ANY_SPI are tried where the log has none of this SPI.
 * verify false: once a key has proved right for the SPI, the ICV is not looked at, and only the
 * head and the last blocks are decrypted.
 *
 * Returns out->opened.  Time does not depend on the number of SPIs.  First pass only, in capture
 * order: the upper half of 64 bit sequence numbers follows from the packets before (RFC 4303
 * appendix A2). */
bool keyring_open_esp(struct keyring *k, struct esp_clear *out, const uint8_t *at, size_t captured,
                      size_t reported, bool verify);

/* The whole clear payload of a packet of len octets, for showing: writes and returns at most
 * size octets; 0 when it cannot.  In any order, any number of times, in later passes; changes
 * nothing that a verdict depends on. */
size_t keyring_open_esp_whole(struct keyring *k, const uint8_t *at, size_t len, uint8_t *out,
                              size_t size, uint8_t *next_header);

#endif
