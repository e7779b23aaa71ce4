/* diagnose.h - diagnoses in the making: rules, tunnels, words.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_DIAGNOSE_H
#define ESPIAL_DIAGNOSE_H

#include <espial/diagnosis.h>

/* What a finding is, and of which diagnosis. */
struct told {
    enum finding_role role;
    uint32_t diagnosis;
};

struct diagnoses {
    const struct sadb *db;
    const struct findings *all;
    const struct logs *logs;    /* or NULL */
    GPtrArray *tunnels;         /* of struct tunnel */
    GPtrArray *list;            /* of struct diagnosis, in their order */
    GPtrArray *hygiene;         /* of struct hygiene */
    GPtrArray *worst;           /* of the tunnels, the worst first */
    uint32_t *tunnel_of_sa;     /* by id of the IKE SA */
    uint32_t *root_of_sa, *root_of_child;       /* by id: the first of those that replaced each
                                                 * other */
    uint32_t *tunnel_of_stream; /* by id of the stream: those without a Child SA, else NO_ID */
    struct told *told;          /* by id of the finding */
    GHashTable *by_frame;       /* frame -> GArray of uint32_t */
    char *outcome;
    bool capped;
};

/* --- store.c ---------------------------------------------------------------------- */

/* Empty: nothing found yet. */
struct diagnoses *diagnoses_empty(const struct sadb *db, const struct findings *all);
void diagnosis_free(gpointer p);        /* a struct diagnosis; NULL is allowed */
int ids_ascending(const void *a, const void *b);        /* of uint32_t, for g_array_sort */

/* --- tunnels.c -------------------------------------------------------------------- */

/* Which SAs and streams are of one tunnel. */
void tunnels_find(struct diagnoses *d);
/* The tunnel that a finding is of; NO_ID: of the capture as a whole. */
uint32_t tunnel_of_finding(const struct diagnoses *d, const struct finding *f);
/* The Child SA that the finding is about, also by its stream; NULL. */
const struct child_sa *finding_child(const struct sadb *db, const struct finding *f);
/* Its IKE SA: the finding's own, or that of its Child SA; NO_ID. */
uint32_t finding_ike_sa(const struct sadb *db, const struct finding *f);

/* --- rules.c ---------------------------------------------------------------------- */

/* A message that is malformed or out of place, and in clear: anybody can send it. */
bool finding_is_anybodys(const struct finding *f);

/* The diagnoses of one tunnel, from its findings (GArray of uint32_t, ascending), added to d->list
 * in no order. */
void rules_apply(struct diagnoses *d, uint32_t tunnel, const GArray *findings);

/* --- across.c --------------------------------------------------------------------- */

/* Takes from the list what follows from a diagnosis of another tunnel; before they are numbered. */
void join_across(struct diagnoses *d);
/* Tells the tunnels of diagnoses of others whose evidence is theirs too; after that. */
void share_across(struct diagnoses *d);

/* --- words.c ---------------------------------------------------------------------- */

/* A title within a sentence: names and abbreviations keep their letters. */
void put_title_within(GString *out, const char *title);
/* Puts its lists in order and writes its text. */
void write_diagnosis(const struct diagnoses *d, struct diagnosis *one);

/* --- telling.c -------------------------------------------------------------------- */

/* Adds to its text what would tell its causes apart; once all are numbered. */
void tell_apart_causes(const struct diagnoses *d, struct diagnosis *one);

/* --- logged.c --------------------------------------------------------------------- */

/* Appends what the log of the end that decided says of the cause, and makes the remedy of it; false
 * where no log says more. */
bool put_logged(const struct diagnoses *d, GString *text, struct diagnosis *one);
/* Appends why a negotiation of the tunnel failed by a log, where the packets do not tell whether
 * one did. */
void put_logged_doubt(const struct diagnoses *d, GString *out, const struct tunnel *t);

/* --- outcome.c -------------------------------------------------------------------- */

/* What passed in a tunnel. */
struct passed {
    const struct ike_sa *stood;     /* the newest IKE SA that was established, NULL */
    const struct child_sa *child;   /* the newest that was set up, NULL */
    uint64_t there, back;       /* packets from who to peer, and back, in all of its SAs */
    uint64_t lost_there, lost_back;     /* of others, that are lost between two capture points */
    uint32_t last_both;         /* frame up to which packets passed both ways, 0 */
    double first_time, last_time;   /* of these packets */
    unsigned rekeyed;           /* how often an SA was replaced */
    unsigned lines;             /* Child SAs, those that replace another one not counted */
    uint32_t tail;              /* packets there at the end, which nobody read: nothing has come
                                 * back although they waited for it; 0 */
    bool both;                  /* there and back */
    bool read;                  /* some were read, or verify */
};
struct passed tunnel_passed(const struct diagnoses *d, const struct tunnel *t);
/* Verdict and sentence of each tunnel, what its diagnoses exclude, then the capture's sentence. */
void outcomes_find(struct diagnoses *d);

/* --- since.c ---------------------------------------------------------------------- */

/* "3 min 20 s". */
void put_span(GString *out, double seconds);
/* "12:03:07 UTC", with its day in a capture of days; false where the clock was not set. */
bool put_clock(GString *out, const struct diagnoses *d, double time);
/* Not where the capture begins, but some seconds into it. */
bool begins_late(const struct diagnoses *d, const struct diagnosis *one);
/* "frame 9"; "12:03:07 UTC (frame 812, 3 min 20 s into the capture)". */
void put_since(GString *out, const struct diagnoses *d, const struct diagnosis *one);
/* " It begins at 12:03:07 UTC, 3 min 20 s into the capture."; nothing where it begins with it. */
void put_begin(GString *out, const struct diagnoses *d, const struct diagnosis *one);

/* --- considered.c ----------------------------------------------------------------- */

/* What else could have caused it, and what speaks against that; passed is of its tunnel. */
void consider(const struct diagnoses *d, struct diagnosis *one, const struct passed *passed);

/* --- hygiene.c -------------------------------------------------------------------- */

void hygiene_find(struct diagnoses *d);

#endif
