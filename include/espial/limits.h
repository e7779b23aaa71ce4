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
    CERT_MAX_READ = 8,              /* certificates of one message that are read */
    CERT_MAX_OCTETS = 1 << 14,      /* of one certificate in DER */
    CERT_MAX_NAMES = 32,            /* of its subjectAltName that an identity is compared with, and
                                     * of a distinguished name */
    CERT_MAX_ASKED = 32,            /* authorities of one message's certificate requests */

    FRAME_MAX_STEPS = 32,           /* layers of one frame */
    FRAME_MAX_IPSEC = 4,            /* headers of ESP and AH in one frame: two tunnels of both */
    FRAME_MAX_EXTENSIONS = 16,      /* headers of one IPv6 or GTP-U packet */
    FRAME_MAX_LABELS = 16,          /* MPLS */
    FRAME_MAX_SEARCH = 512,         /* octets of an unknown link layer looked at for an IP header */
    FRAME_MAX_TRAILER = 64,         /* octets behind an IPv6 packet there */
    OWN_PORTS_MAX = 1 << 12,        /* pairs of ends that have IKE on ports of their own */
    REASSEMBLY_MAX = 1 << 14,       /* IP datagrams and IKEv1 messages in fragments under way */
    REASSEMBLY_MAX_OCTETS = 1 << 25,        /* of all of them */
    REASSEMBLY_MAX_PIECES = 1 << 13,        /* fragments of one: those of 8 octets of the longest */
    TCP_ENCAP_MAX_STREAMS = 1 << 12,
    TCP_ENCAP_MAX_HELD = 1 << 26,   /* octets of messages that are not whole yet, all streams */
    TCP_ENCAP_MAX_EARLY = 16,       /* segments of one stream that wait for an earlier one */

    SADB_MAX_IKE_SAS = 1 << 20,     /* half-open ones included */
    SADB_MAX_CHILD_SAS = 1 << 20,
    SADB_MAX_STREAMS = 1 << 20,
    SADB_MAX_EXCHANGES = 1 << 14,   /* of one IKE SA */
    SADB_MAX_MESSAGES = 1 << 10,    /* of one exchange, fragments included */
    SADB_MAX_LINES = 1 << 16,       /* distinct contents of messages that are kept as text */
    SADB_MAX_LOOSE_LINES = 1 << 14, /* of messages that no exchange holds: anybody sends them */
    SADB_MAX_RETRANSMISSIONS = 64,  /* frames remembered of one message */
    SADB_MAX_DENIALS = 16,          /* of one IKE SA, notifies in clear that deny it */
    SADB_MAX_WRONG_FRAMES = 64,     /* of one IKE SA, messages that fail their check */
    SADB_MAX_ANSWERS = 128,         /* different answers to the first requests of one IKE SA that
                                     * are remembered */
    SADB_MAX_STRAY_ANSWERS = 16,    /* of one IKE SA, from different places that were not asked */
    SADB_MAX_FIRST_FRAGMENTS = 256,         /* IKE messages of which a first IP fragment came */
    SADB_MAX_REQUESTS = 128,        /* such requests */
    SADB_MAX_PER_SPI = 64,          /* SAs or streams that share one SPI */
    SADB_MAX_PER_PEER = 64,         /* IKE SAs looked at for one pair */
    SADB_MAX_SUITES = 1 << 12,      /* distinct proposals; of SAs that stand as many more */
    SADB_MAX_OFFERS = 1 << 12,      /* distinct lists of them, the same */
    SADB_MAX_LOOSE_OFFERS = 1 << 10,        /* lists beyond that, the newest */
    SADB_MAX_INHERITED = 1 << 21,   /* Child SAs that IKE SAs have from those that they replace,
                                     * counted again each time */
    SADB_MAX_LOOKED_AT = 1 << 10,   /* Child SAs of one IKE SA, newest first, that one message
                                     * moves, names or hands on */
    SADB_RECENT = 16,               /* last IKE messages whose addresses are remembered */
    SADB_PASSING = 8,               /* last ESP and AH packets that one is compared with for a copy
                                     * of it */
    STREAM_WINDOW_MAX = 1024,       /* packets */
    STREAM_SEEN = 8,               /* packets of a stream whose frames are remembered */
    STREAM_PASSED = 8,              /* packets remembered behind one far ahead */
    STREAM_OTHERS = 4,              /* packets remembered whose number another one had before */
    STREAM_MAX_DOUBTS = 1024,       /* packets of one stream that the next one is asked about */
    STREAM_MAX_STEPS = 1 << 16,     /* of one stream: packets out of order whose counts are
                                     * remembered */
    SADB_MAX_SIGHTS = 1 << 16,      /* packets of IKE, ESP and AH whose later copies are known */
    SADB_MAX_INSTANTS = 1 << 14,    /* frames whose time is known; beyond that one in each tick,
                                     * which grows with the capture */
    SADB_MAX_DISTANCES = 16,        /* between two sightings of one packet, that are compared */
    SADB_MAX_EARLY_COPIES = 256,    /* copies seen before it was known that there are two points */
    POINTS_MAX = 16,                /* points whose packets are compared */
    POINT_NAME_MAX = 64,
    POINTS_MAX_PACKETS = 1 << 20,   /* sightings of packets that are kept to compare them */
    POINTS_MAX_SAME = 64,           /* sightings of one packet that are looked at */
    POINTS_MAX_ALONE = 1 << 16,     /* of one interface, where nobody knows of another */
    POINTS_MAX_ENDS = 1 << 16,      /* different addresses and ports of them */
    PASSAGES_MAX = 1 << 14,
    PASSAGE_MAX_LOST = 1 << 12,     /* lost packets of one passage that are named */
    STREAM_MAX_LINE = 64,           /* packets of a second line before it is one */
    STREAM_LINE_TURNS = 3,          /* after which two lines of one height are two */
    STREAM_MAX_GAPS = 1024,         /* gaps of one stream that are told one by one */
    STREAM_IVS = 8,                 /* explicit IVs of a stream that are remembered */
    STREAM_MAX_READABLE = 16,       /* packets of one stream that are looked at for clear text */
    STREAM_MAX_BAD_FRAMES = 1024,
    SADB_MAX_CLEAR = 1 << 14,       /* clear packets that selectors say must be protected */
    SADB_MAX_CLEAR_SAS = 256,       /* Child SAs that a clear packet is compared with */
    SADB_MAX_CLEAR_SELECTORS = 2048,        /* selectors of theirs, newest first */
    BESIDE_MAX_STREAMS = 64,        /* streams whose inner packets are sought at tunnel devices */
    BESIDE_LEAST = 4,               /* packets that show what a stream carries */
    BESIDE_MAX_SOURCES = 4,         /* inner sources of one stream */
    BESIDE_MAX_FRAMES = 16,         /* frames of each */
    SADB_CLEAR_MISSES = 1 << 10,    /* clear packets that no SA must protect and that are
                                     * remembered */
    SADB_MAX_FRAGMENTS = 1 << 12,   /* outer datagrams in fragments under way */
    KEYLOG_MAX_KEYS = 1 << 18,
    KEYLOG_MAX_PER_SPI = 16,        /* keys that a log gives to one SPI */
    KEYLOG_MAX_LINE = 8192,         /* octets; a longer line holds no key */
    KEYLOG_MAX_FILE = 1 << 28,      /* octets, of clear text */
    PLAN_MAX_FILE = 1 << 20,        /* octets */
    SERIES_MAX_FILES = 1 << 16,     /* of one series */
    SERIES_MAX_OPEN = 1 << 12,      /* of them that are of one time, which are read at once */
    SERIES_MAX_COPIES = 1 << 20,    /* frames of the last second that another file may have */
    PART_MAX_TEXT = 1 << 16,        /* octets of a name in a part */
    PART_MAX_FRAME = 1 << 27,       /* octets of a frame in it */
    PART_MAX_INTERFACES = 1 << 16,
    PART_MAX_WAYS = 1 << 20,        /* streams of one part whose first packets are kept whole;
                                     * beyond that all of their packets are */
    SERIES_GAP_TIMES = 10,          /* the longest pause within a file: a longer one between two
                                     * files is a gap */
    SERIES_GAP_S = 10,              /* if it is longer than that, too */
    LOG_MAX_FILES = 16,             /* daemons' logs beside a capture */
    LOG_MAX_LINE = 1 << 16,         /* octets; a longer line is left out */
    LOG_MAX_LINES = 1 << 16,        /* lines of all logs that are kept, the first */
    LOG_MAX_TEXT = 400,             /* octets of a line that are kept */
    LOG_MAX_CLOCKS = 16,            /* stretches of one log with a clock of their own */
    LOG_MAX_PAIRS = 1 << 20,        /* of a line and a message, to find its clock */
    LOG_MAX_LOOKS = 1 << 24,        /* at IKE SAs, for lines that name peers alone */
    LOG_MAX_GROUPS = 1 << 14,       /* SAs that a log numbers */
    KEYLOG_MAX_SECRET = 2048,       /* octets of a shared secret; MODP_8192 has 1024 */
    KEYLOG_MAX_MESSAGES = 20,
    KEYLOG_MAX_TRIES = 256,         /* keys that one IKE message is tried with */
    KEYRING_MAX_IKE_SAS = 1 << 16,  /* of each version that no key has opened, and answers
                                     * awaited */
    KEYRING_MAX_SA_TRIES = 1024,    /* keys that all messages of one IKE SA are tried with in
                                     * vain */
    KEYRING_MAX_LOOSE_TRIES = 1 << 15,      /* of keys that the log does not name for an IKE SA, in
                                             * stock for all messages */
    KEYRING_MAX_NEAR_TRIES = 1 << 13,       /* of what is almost a key given, in stock for all
                                             * messages and packets */
    KEYRING_NEAR_KEYS = 32,         /* keys of other SPIs tried on each side of one in the log */
    KEYRING_MAX_NAMED = 32,         /* keys that the log names for one SPIi, the newest */
    KEYRING_MAX_SA_KEYS = 16,       /* keys of one IKE SA that have opened a message */
    KEYRING_MAX_NONCES = 32,        /* of one SPI in IKE_SA_INIT, requests and answers each */
    KEYRING_MAX_DERIVATIONS = 1024, /* tries of the keys that follow from one negotiation */
    KEYRING_MAX_REASSEMBLIES = 256, /* messages in IKE fragments under way */
    KEYRING_MAX_FRAGMENTS = 256,    /* of one message */
    KEYRING_MAX_FRAGMENT_OCTETS = 1 << 24,
    KEYRING_MAX_OFFERS = 16,        /* negotiations under way of one IKE SA */
    KEYRING_MAX_EXCHANGES = 64,     /* IKEv1 exchanges of one IKE SA whose IVs are remembered */
    KEYRING_MAX_MESSAGES = 16,      /* of one such exchange */
    KEYRING_MAX_CHOICES = 4,        /* suites of an answer of phase 1 */
    KEYRING_MAX_PUBLIC = 4,         /* public values of phase 1; two are true */
    KEYRING_MAX_BLOCKS = 8,         /* last blocks of phase 1 that may be an IV */
    KEYRING_MAX_CHILDREN = 1 << 18, /* SPIs negotiated */
    KEYRING_MAX_PER_SPI = 8,        /* negotiations of one SPI */
    KEYRING_MAX_OPEN = 1 << 12,     /* SPIs whose key schedules are kept */
    KEYRING_MAX_OPEN_OCTETS = 1 << 25,      /* of all of them */
    KEYRING_MAX_ANY_TRIES = 1 << 17,        /* of keys of any SPI, in stock for all packets */
    KEYRING_MAX_STRANGE_SPIS = 1 << 13,     /* that no such key opened and that are remembered */
    KEYRING_MAX_ANY_SPIS = 1 << 16,         /* that such keys open */
    KEYRING_MAX_HIGHS = 16,         /* upper halves of a sequence number tried for showing */
    STATE_MAX_WAYS = 1 << 16,       /* streams of a state file that are told apart at a time */
    STATE_MAX_PACKET = 1 << 16,     /* octets of a packet that is kept whole in it .. */
    STATE_MAX_WHOLE = 16,           /* .. which are the first of each stream, and never more .. */
    STATE_MAX_WHOLE_OCTETS = 1 << 26,       /* .. than this many in all */
    STATE_MAX_PIECES = 256,         /* IP fragments whose datagram is not whole at its end .. */
    STATE_MAX_PIECES_OCTETS = 1 << 20,      /* .. and their octets; the oldest are left out */
    STATE_MAX_TEXT = 1 << 12,       /* octets of a name in it */
    STATE_MAX_OCTETS = 1 << 30,     /* of the file; packets of ESP and AH that come then are not
                                     * kept */
    STATE_MAX_GAP_S = 600,          /* from its end to what is read with it, unless its files have
                                     * pauses of a tenth of that */
    FINDING_MAX_FRAMES = 1 << 16,   /* frames listed of one finding */
    FINDING_MAX_DETAILS = 1 << 18,  /* frames, of all findings, that have a detail of their own */
    FINDINGS_MAX = 1 << 20,
    DIAGNOSIS_MAX_FRAMES = 1 << 12, /* frames listed of one diagnosis */
    DIAGNOSES_MAX_PER_TUNNEL = 64,  /* of different causes */

    TEXT_MAX = 512,                 /* a detail or a remedy */
    SUITE_TEXT_MAX = 256,
    ID_TEXT_MAX = 128,
    CERT_TEXT_MAX = 160,            /* a name of a certificate */
    TS_TEXT_MAX = 160,
    IKE_TEXT_MAX = 480,             /* a message in one line */
    REWRITING_TEXT_MAX = 256,       /* two addresses with ports, twice */
    PASSAGE_TEXT_MAX = 64,          /* whose packets a passage is of */
    ADDR_TEXT_MAX = 48
};

#endif
