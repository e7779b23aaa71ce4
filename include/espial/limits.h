/* limits.h - every bound that the wire could otherwise set.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_LIMITS_H
#define ESPIAL_LIMITS_H

enum limits {
    IKE_MAX_PAYLOADS = 64,          /* in one message, inner ones included */
    IKE_MAX_PROPOSALS = 64,
    IKE_MAX_TRANSFORMS = 512,
    IKE_MAX_NOTIFIES = 32,
    IKE_MAX_DELETES = 8,
    IKE_MAX_DELETE_SPIS = 64,
    IKE_MAX_SELECTORS = 32,         /* of TSi and TSr each */
    IKE_MAX_CFG_ATTRS = 32,
    IKE_MAX_VENDORS = 32,

    SADB_MAX_IKE_SAS = 1 << 20,     /* half-open ones included */
    SADB_MAX_CHILD_SAS = 1 << 20,
    SADB_MAX_STREAMS = 1 << 20,
    SADB_MAX_EXCHANGES = 1 << 14,   /* of one IKE SA */
    SADB_MAX_MESSAGES = 1 << 10,    /* of one exchange, fragments included */
    SADB_MAX_RETRANSMISSIONS = 64,  /* frames remembered of one message */
    SADB_MAX_WRONG_FRAMES = 64,     /* of one IKE SA, messages that fail their check */
    SADB_MAX_PER_SPI = 64,          /* SAs or streams that share one SPI */
    SADB_MAX_PER_PEER = 64,         /* IKE SAs looked at for one pair */
    STREAM_WINDOW_MAX = 1024,       /* packets */
    STREAM_SEEN = 32,               /* packets of a stream whose frames are remembered */
    STREAM_IVS = 8,                 /* explicit IVs of a stream that are remembered */
    STREAM_MAX_BAD_FRAMES = 1024,
    SADB_MAX_CLEAR = 1 << 14,       /* clear packets that selectors say must be protected */
    SADB_MAX_CLEAR_SAS = 256,       /* Child SAs that a clear packet is compared with */
    SADB_MAX_FRAGMENTS = 1 << 12,   /* outer datagrams in fragments under way */
    KEYLOG_MAX_KEYS = 1 << 18,
    KEYLOG_MAX_PER_SPI = 16,        /* keys that a log gives to one SPI */
    KEYLOG_MAX_LINE = 4096,         /* octets; a longer line holds no key */
    KEYLOG_MAX_FILE = 1 << 28,
    KEYLOG_MAX_MESSAGES = 20,
    KEYLOG_MAX_TRIES = 256,         /* keys that one IKE message is tried with */
    FINDING_MAX_FRAMES = 1 << 16,   /* frames listed of one finding */
    FINDINGS_MAX = 1 << 20,

    TEXT_MAX = 512,                 /* a detail or a remedy */
    SUITE_TEXT_MAX = 256,
    ID_TEXT_MAX = 128,
    TS_TEXT_MAX = 160,
    ADDR_TEXT_MAX = 48
};

#endif
