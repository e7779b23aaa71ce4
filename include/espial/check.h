/* check.h - checks and findings.  A check is a pure function over what is known; a
 * finding is what it says.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CHECK_H
#define ESPIAL_CHECK_H

#include <espial/log.h>
#include <espial/plan.h>
#include <espial/sadb.h>

enum severity { SEV_CHAT, SEV_NOTE, SEV_WARN, SEV_ERROR };
const char *severity_name(enum severity s);     /* "chat", "note", "warning", "error" */

/* When a check is called: on an IKE message, an ESP or AH packet, one of a Child SA that was
 * negotiated, another packet on an SA's path, the end of the capture.  Bits, for a row may have
 * several. */
enum trigger {
    ON_MESSAGE = 1, ON_PACKET = 2, ON_PATH = 4, ON_END = 8, ON_SA_PACKET = 16,
    ON_MESSAGE_AND_PACKET = ON_MESSAGE | ON_PACKET,
    ON_MESSAGE_AND_END = ON_MESSAGE | ON_END
};

/* What a finding of a check may be of a diagnosis: the rule is a column of the table.  Where two
 * could explain each other, the area that comes first here does; within one, what has no effect of
 * its own before what has. */
enum area {
    AREA_REFUSAL,       /* a proposal, an address or networks are refused */
    AREA_AUTH,          /* so is an identity or its proof */
    AREA_FORM,          /* messages that are malformed, forged or out of place */
    AREA_TRANSFORM,     /* packets are not made as was negotiated */
    AREA_PATH,          /* what is sent does not arrive, or not there */
    AREA_ADDRESS,       /* addresses do not fit the selectors or the ends */
    AREA_STATE,         /* one end knows of SAs that the other does not, lifetimes, numbers */
    AREA_SYMPTOM,       /* only what is seen of something else, as long as that is not known */
    AREA_HYGIENE,       /* how strong, not whether it works: never a diagnosis */
    AREA_LIMIT,         /* what keeps Espial from telling more: never a diagnosis */
    AREA_INFO           /* never a diagnosis */
};

/* When a finding may be a cause. */
enum cause_when {
    CAUSE_FROM_WARN,
    CAUSE_FROM_NOTE,
    CAUSE_IF_UNFINISHED,        /* its IKE SA was never established */
    CAUSE_IF_EXPLAINS           /* something at warning or above follows from it */
};

struct cause_rule {
    enum area area;
    enum cause_when when;
    unsigned effects;           /* what a finding of the check is to other causes: EFFECT_ bits */
    unsigned explains;          /* and which effects it causes: within its IKE SA or Child SA and
                                 * what they replace, EFFECT_TRIES in the tunnel */
};

enum effect {
    EFFECT_REFUSED = 1,         /* a proposal is refused */
    EFFECT_DENIED = 1 << 1,     /* an authentication is refused */
    EFFECT_UNCOVERED = 1 << 2,  /* networks are refused, or a packet outside them */
    EFFECT_NOTIFY = 1 << 3,     /* an error is reported */
    EFFECT_FORETOLD = 1 << 4,   /* a refusal is to come */
    EFFECT_SILENCE = 1 << 5,    /* a message of IKE is not answered, or sent again */
    EFFECT_ABANDONED = 1 << 6,  /* whose turn it is does not go on */
    EFFECT_CLOSING = 1 << 7,    /* an SA ends early */
    EFFECT_TRIES = 1 << 8,      /* another SA is begun */
    EFFECT_TRAFFIC = 1 << 9,    /* packets do not come, or no longer */
    EFFECT_INTEGRITY = 1 << 10, /* packets are not what the keys and the suite make of them */
    EFFECT_NUMBERS = 1 << 11,   /* sequence numbers are missing, or repeated */
    EFFECT_ADDRESS = 1 << 12,   /* packets come from or go to another address */
    EFFECT_INNER = 1 << 13,     /* inner addresses are not the SA's */
    EFFECT_SPI = 1 << 14,       /* packets of an SA that the receiver does not have */
    EFFECT_ICMP = 1 << 15,
    EFFECT_SIZE = 1 << 16,      /* packets are fragmented */
    EFFECT_DEVIATION = 1 << 17, /* not as planned */
    EFFECT_FORGED = 1 << 18,    /* a message that is nobody's */
    EFFECT_LOST = 1 << 20,      /* packets leave one capture point and do not reach the next */
    EFFECT_EVERYWHERE = 1 << 19 /* in explains: all of them in the whole tunnel */
};

/* A row of the table: texts for the user, none of them empty; group is Wireshark's. */
struct check {
    const char *name, *title, *remedy, *reference;
    const char *doc;            /* when it fires and when it is silent */
    const char *why;            /* why it matters */
    const char *group;
    enum severity severity;
    enum trigger trigger;
    struct cause_rule rule;
};
/* The table of checks.  What names one of its rows includes expert/checks.h besides. */
extern const struct check checks[];
extern const unsigned num_checks;
static inline const struct cause_rule *
check_rule(unsigned check)
{
    return &checks[check].rule;
}

/* Frames, ascending.  g_array_index reads it, as if it were a GArray of uint32_t. */
struct frame_list {
    char *data;
    uint32_t len, room;
};

/* What one frame of a finding shows. */
struct frame_detail {
    uint32_t frame;
    uint32_t number;            /* the figure that tells it from others, 0 */
    uint32_t also;              /* the other frame that shows it, 0 */
    const char *detail;         /* a sentence or more */
};

struct finding {
    uint32_t id;                /* its index in findings_get */
    unsigned check;             /* its row in checks[] */
    enum severity severity;     /* the row's, or what finding_raise made of it */
    enum basis basis;
    uint32_t frame;             /* in which it became known */
    uint32_t count;             /* frames or events, also those beyond FINDING_MAX_FRAMES */
    struct frame_list frames[1];
    uint32_t ike_sa, child_sa, stream;      /* ids or NO_ID */
    uint32_t exchange;          /* with variant: what tells findings of one check apart */
    uint64_t variant;
    uint64_t doubt;             /* while it is not sure: 0, or what it depends on */
    bool at_end;                /* proved by the end of the capture only */
    bool suspended;             /* it rests on a message that is refuted, so far */
    char *detail;               /* sentences; at the end they are of all its frames */
    uint32_t number, also;      /* what frame was added with, as in struct frame_detail */
    struct each *each;          /* the store's: what single frames show, or NULL */
    const char *remedy;         /* its own or the row's */
};

/* The findings of one capture.  Owns them: what is returned lives until findings_free. */
struct findings;
struct findings *findings_new(void);
void findings_free(struct findings *all);       /* NULL is allowed */
size_t findings_count(const struct findings *all);      /* until checks_end, suspended ones too */
/* NULL where i is not below findings_count. */
const struct finding *findings_get(const struct findings *all, size_t i);
/* Ids (uint32_t) of the findings on that frame, in the order they were found; NULL where none. */
const GArray *findings_of_frame(const struct findings *all, uint32_t frame);
/* What that frame of f shows: its own sentence, or the one that it shares with others.  Never NULL;
 * lives as long as f, and is the same in each pass. */
const char *finding_detail_at(const struct finding *f, uint32_t frame);
/* Some frame of f has a sentence of its own: finding_detail_at is worth asking for each. */
bool finding_differs(const struct finding *f);
/* FINDINGS_MAX, FINDING_MAX_FRAMES or FINDING_MAX_DETAILS was reached: some findings, frames
 * or details are left out. */
bool findings_capped(const struct findings *all);

/* What a check reads, and must not change.  db and plan are always there, msg and ike ON_MESSAGE,
 * ipsec ON_PACKET and ON_SA_PACKET, path ON_PATH; logs ON_END where there are any; the others are
 * NULL. */
struct check_in {
    const struct sadb *db;
    const struct plan *plan;    /* may be empty */
    const struct ike_message *msg;
    const struct ike_event *ike;
    const struct ipsec_event *ipsec;
    const struct path_event *path;
    const struct logs *logs;    /* tied */
};

/* Calls the checks of one trigger, in the order of the table, after the tracker has seen the
 * message or packet.  checks_end is called after the last frame; only its first call counts. */
void checks_message(struct findings *out, const struct sadb *db, const struct plan *plan,
                    const struct ike_message *msg, const struct ike_event *event);
void checks_packet(struct findings *out, const struct sadb *db, const struct plan *plan,
                   const struct ipsec_event *event);
void checks_path(struct findings *out, const struct sadb *db, const struct plan *plan,
                 const struct path_event *event);
void checks_end(struct findings *out, const struct sadb *db, const struct plan *plan);
/* The same, with daemons' logs, which are tied (logs_tie) and may be NULL. */
void checks_end_logged(struct findings *out, const struct sadb *db, const struct plan *plan,
                       const struct logs *logs);

#endif
