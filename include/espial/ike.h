/* ike.h - bytes to an IKE message, both versions.  Pure: no allocation, no state,
 * loops only; every span borrows from the caller's bytes.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_IKE_H
#define ESPIAL_IKE_H

#include <espial/addr.h>
#include <espial/cursor.h>
#include <espial/keys.h>
#include <espial/limits.h>
#include <espial/names.h>
#include <espial/protocol.h>
#include <espial/suite.h>

/* The first thing wrong in a message; what was read before it is kept. */
enum ike_error {
    IKE_OK = 0,
#define IKE_ERROR(name, text, reference) IKE_ERR_##name,
#include <espial/ike_error.def>
#undef IKE_ERROR
};
/* "a payload runs past the end of the message", and "RFC 7296 section 3.2": constants. */
const char *ike_error_text(enum ike_error e);
const char *ike_error_reference(enum ike_error e);

enum ike_flag {                 /* RFC 2408 section 3.1; RFC 7296 section 3.1 */
    FLAG_ENCRYPTED = 0x01, FLAG_COMMIT = 0x02,
    FLAG_INITIATOR = 0x08, FLAG_VERSION = 0x10, FLAG_RESPONSE = 0x20
};

struct ike_payload {
    uint8_t type, next;
    bool critical;
    bool inner;                 /* was inside the encryption */
    struct span body;           /* without the generic header */
};

struct ike_notify {
    uint8_t protocol;
    uint16_t type;
    bool inner;
    struct span spi, data;
};

struct ike_delete {
    uint8_t protocol;           /* enum protocol_id; IKE: v2 no SPIs, v1 cookie pairs (16 octets) */
    uint8_t spi_len;
    uint16_t num_spis;          /* as stated; spis holds num_spis * spi_len octets */
    bool inner;
    struct span spis;
};

struct ike_id {
    bool present, inner;
    uint8_t type;               /* ID_IPV4_ADDR .. */
    uint8_t protocol;           /* IKEv1 */
    uint16_t port;              /* IKEv1 */
    struct span data;
};

struct ike_cfg_attr {
    uint16_t type;
    struct span value;          /* a TV attribute has its two value octets here */
};

/* All that one message says.  About 20 KiB: keep one, not many. */
struct ike_message {
    enum ike_error error;
    size_t error_offset;        /* from the start of the bytes that held the error */
    bool error_inner;
    bool truncated;             /* the capture ends before the message does: nobody's fault */
    bool capped;                /* a limit of limits.h was reached: not all was read */
    size_t trailing;            /* octets after the message inside the datagram */

    uint8_t spi_i[8], spi_r[8];
    uint8_t next_payload, major, minor, exchange, flags;
    uint32_t message_id, length;

    bool encrypted;             /* v1: E flag; v2: holds SK or SKF */
    bool readable;              /* nothing encrypted, or ike_parse_inner was given the clear text */
    bool integrity_wrong;       /* set by who decrypts: the keys given do not fit the checksum */
    bool key_named;             /* set by who decrypts: keys are given for this IKE SA */
    struct key_near near;       /* set by who decrypts: with integrity_wrong, what would fit */
    uint8_t inner_first;        /* type of the first encrypted payload, from SK or v1's header */
    struct span encrypted_body; /* SK, SKF after the fragment's numbers; v1: after the header */
    uint16_t fragment, fragments;   /* SKF: number and total; V1P_FRAGMENT: number, 0 (not known) */
    bool fragment_last;         /* V1P_FRAGMENT */

    size_t num_payloads;
    struct ike_payload payloads[IKE_MAX_PAYLOADS];
    uint64_t seen;              /* bit t: a payload of type t (0-63) is here */

    /* SA payload.  v1 quick mode may hold several; all proposals are in one list,
     * sa_count says how many SA payloads there were. */
    size_t sa_count, num_proposals;
    struct proposal proposals[IKE_MAX_PROPOSALS];   /* v1: one for each transform payload */
    size_t num_transforms;
    struct transform transforms[IKE_MAX_TRANSFORMS];

    size_t num_notifies, num_deletes;
    struct ike_notify notifies[IKE_MAX_NOTIFIES];
    struct ike_delete deletes[IKE_MAX_DELETES];

    struct ike_id id_i, id_r;   /* v2 IDi, IDr; v1: the first and second ID (IDci, IDcr) */
    bool has_ke;
    uint16_t ke_group;          /* v2; v1 does not state it */
    struct span ke, nonce;
    bool has_auth;              /* v2 AUTH; v1 HASH or SIG */
    uint16_t auth_method;       /* v2 */
    bool has_ts;
    size_t num_ts_i, num_ts_r;
    struct selector ts_i[IKE_MAX_SELECTORS], ts_r[IKE_MAX_SELECTORS];
    uint8_t cfg_type;           /* CP_REQUEST .., 0 where there is none */
    size_t num_cfg;
    struct ike_cfg_attr cfg[IKE_MAX_CFG_ATTRS];
    uint8_t eap_code, eap_type; /* EAP_REQUEST ..; 0: no EAP */
    struct span eap_data;       /* behind the type */
    size_t num_vendors;
    struct span vendors[IKE_MAX_VENDORS];
    size_t num_nat_d;           /* v1 NAT-D payloads (v2 has notifies) */
    struct span nat_d[4];
};

/* RFC 2408 section 3, RFC 7296 section 3.  data starts at the initiator's SPI
 * (after a non-ESP marker).  captured octets are there, reported were on the wire;
 * running past captured but inside reported is truncated, never an error.
 * Returns false when fewer than 28 octets are captured (out is then only zeroed and
 * marked truncated or IKE_ERR_HEADER). */
bool ike_parse(struct ike_message *out, const uint8_t *data, size_t captured, size_t reported);

/* Adds the payloads of a decrypted part.  clear is the payload chain that starts
 * with a payload of type first; octets that follow the chain's end are IKEv1
 * padding.  For IKEv2 the caller has cut padding and pad length off.  Sets readable
 * unless the chain is broken so early that no payload could be read.  A chain that
 * is no payload chain at all (wrong key) returns false and leaves msg unchanged. */
bool ike_parse_inner(struct ike_message *msg, uint8_t first, const uint8_t *clear, size_t len);

/* The R flag (RFC 7296 section 3.1); false for IKEv1, which has none. */
bool ike_is_response(const struct ike_message *m);
/* The first notify of that type, part of m; or NULL. */
const struct ike_notify *ike_find_notify(const struct ike_message *m, uint16_t type);
/* It has a notify that reports an error. */
bool ike_has_error(const struct ike_message *m);
/* Writes "lisa@corp.example", "10.1.0.0/24", "CN=.." (RFC 7296 section 3.5), or hexadecimal of
 * what has no form as text, into out, which holds size octets; returns out. */
char *ike_id_print(const struct ike_id *id, char *out, size_t size);
/* IDci or IDcr of IKEv1 as a selector (RFC 2407 section 4.6.2); false for names, and *out is then
 * undefined. */
bool ike_id_selector(const struct ike_id *id, struct selector *out);
/* Writes what the message says in one line, payloads in order with their values, what peers wrote
 * with hidden characters shown, into out, which holds size octets; returns out.  Place is that in
 * its exchange, from 1, of IKEv1; 0 where it is not known.
 * "IKE_AUTH request 1: IDi lisa@corp.example, AUTH pre-shared key, CFG ask address, TSi 0.0.0.0/0";
 * not opened, "IKE_AUTH request 1: encrypted, 236 octets, first IDi"; ".." for what has no room. */
char *ike_message_print(const struct ike_message *m, unsigned place, char *out, size_t size);
/* IKEv1 XAUTH: the gateway sets the status FAIL (draft-beaulieu-ike-xauth section 4). */
bool ike_xauth_failed(const struct ike_message *m);
/* Data, captured octets from the initiator's SPI on, can be an IKE message: its SPI, version,
 * exchange and length are possible. */
bool ike_plausible(const uint8_t *data, size_t captured);
/* These octets are one whole IKE message by all that its form says: version, flags, exchange, its
 * length, and a chain of payloads that ends where it ends.  Of IKEv1 only what begins a phase 1,
 * for the rest is encrypted from its header on. */
bool ike_has_form(const uint8_t *data, size_t len);

#endif
