/* diagnosis.h - what a colleague would say who has read the whole capture: of each tunnel whether
 * it works, what is wrong, what follows from it and what to do.
 *
 * Made of findings and facts once the capture has ended; changes neither.  A finding is evidence of
 * one diagnosis, follows from one, is hygiene (how strong an SA is, not whether it works), or is
 * information.  None is lost.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_DIAGNOSIS_H
#define ESPIAL_DIAGNOSIS_H

#include <espial/check.h>
#include <espial/log.h>

/* Of a tunnel, the worst first.  Degraded: packets pass both ways, and something is wrong. */
enum verdict { VERDICT_FAILS, VERDICT_DEGRADED, VERDICT_UNKNOWN, VERDICT_WORKS };
const char *verdict_name(enum verdict v);       /* "fails" .. */

/* What is no cause, and why. */
struct considered {
    unsigned check;             /* its row in checks[] */
    const char *what;           /* in words: "the authentication" */
    char *because;              /* a part of a sentence: "both ends were authenticated (frame 4)" */
};

struct diagnosis {
    uint32_t id;                /* its index: the worst first */
    unsigned cause;             /* its row in checks[] */
    enum severity severity;     /* the worst of evidence and of what follows */
    enum basis basis;           /* of the weakest link */
    uint32_t tunnel;            /* its index; NO_ID: of the capture as a whole */
    uint32_t also;              /* another one in which its consequences are; NO_ID */
    uint32_t first_frame;
    double first_time, last_time;       /* of first_frame and of the last of frames, in epoch
                                         * seconds: see sadb_time_of */
    GArray *frames;             /* of uint32_t, ascending: those of the evidence, at most
                                 * DIAGNOSIS_MAX_FRAMES */
    GArray *ike_sas, *child_sas;        /* of uint32_t, ids, ascending */
    GArray *evidence, *follows; /* of uint32_t, ids of findings; the first of evidence is the
                                 * cause */
    GArray *considered;         /* of struct considered */
    const char *title;          /* the row's */
    char *text;                 /* sentences: the cause with its values, what follows, to_tell */
    const char *to_tell;        /* within text, its end: what would tell apart the causes that
                                 * remain, or make sure of one that is inferred; may be empty */
    const char *remedy;         /* the cause's, or own_remedy */
    char *own_remedy;           /* with the values of the log of the end that decided; NULL */
    GArray *log_lines;          /* of uint32_t, ids: what the text quotes of logs */
};

/* Two ends, with the user behind one of them. */
struct tunnel {
    uint32_t id;                /* its index, in order of the capture */
    const char *who, *peer;     /* identity or address of the end that began it, and of the other */
    GArray *ike_sas;            /* of uint32_t, ids, ascending; empty where only ESP or AH was
                                 * captured */
    GArray *streams;            /* of uint32_t, ids of streams without a Child SA */
    GArray *diagnoses;          /* of uint32_t, the worst first */
    enum verdict verdict;
    uint32_t first_frame;
    char *text;                 /* one sentence, and another one where only a log tells more */
};

/* The strength of what one IKE SA and its Child SAs use, in a line. */
struct hygiene {
    uint32_t ike_sa;            /* id, or NO_ID: of no IKE SA */
    enum severity severity;     /* the worst of them */
    GArray *findings;           /* of uint32_t, ids */
    char *text;                 /* one sentence or more */
    gsize name_len;             /* of text, the octets that name the IKE SA; the rest tells */
};

enum finding_role { ROLE_EVIDENCE, ROLE_FOLLOWS, ROLE_HYGIENE, ROLE_INFORMATION };

/* The diagnoses of one capture: owns them, and reads db and all as long as it lives, which end
 * after it. */
struct diagnoses;
struct diagnoses *diagnoses_new(const struct sadb *db, const struct findings *all);
/* The same, with the words of daemons' logs, which are tied (logs_tie), end after it, and may be
 * NULL: they change texts and remedies, and nothing else. */
struct diagnoses *diagnoses_new_logged(const struct sadb *db, const struct findings *all,
                                       const struct logs *logs);
void diagnoses_free(struct diagnoses *d);       /* NULL is allowed */

size_t diagnoses_count(const struct diagnoses *d);
const struct diagnosis *diagnoses_get(const struct diagnoses *d, size_t i);     /* i is the id */
size_t diagnoses_num_tunnels(const struct diagnoses *d);
const struct tunnel *diagnoses_tunnel(const struct diagnoses *d, size_t i);     /* i is the id */
/* The tunnels, the worst first: those of one verdict by their first diagnosis, then in order of the
 * capture.  i is a place. */
const struct tunnel *diagnoses_worst(const struct diagnoses *d, size_t i);
size_t diagnoses_num_hygiene(const struct diagnoses *d);
const struct hygiene *diagnoses_hygiene(const struct diagnoses *d, size_t i);
/* What that finding is; *diagnosis is the id of the one that it belongs to, or NO_ID. */
enum finding_role diagnoses_role(const struct diagnoses *d, uint32_t finding, uint32_t *diagnosis);
/* Ids (uint32_t) of the diagnoses whose evidence that frame is; NULL where none. */
const GArray *diagnoses_of_frame(const struct diagnoses *d, uint32_t frame);

/* The capture in one sentence, and the worst verdict of its tunnels. */
enum verdict diagnoses_verdict(const struct diagnoses *d);
const char *diagnoses_outcome(const struct diagnoses *d);
/* DIAGNOSES_MAX_PER_TUNNEL was reached: of some tunnel the lesser causes are not told apart. */
bool diagnoses_capped(const struct diagnoses *d);

#endif
