/* summary.h - what many results come to.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_BULK_SUMMARY_H
#define ESPIAL_BULK_SUMMARY_H

#include "result.h"

enum summary_limits {
    SUMMARY_MAX_PLACES = 20,    /* files that are named of a cause, reason or fault */
    SUMMARY_SHOWN_PLACES = 5,   /* of these as text */
    SUMMARY_SHOWN_PEERS = 20,
    SUMMARY_MAX_JSON_PEERS = 1000,
    SUMMARY_MAX_PEERS = 1 << 17,        /* that are told apart */
    SUMMARY_MAX_ROWS = 1 << 12  /* causes, checks, algorithms, reasons, messages, versions: each */
};

/* A file of which something is said. */
struct place {
    char *file;
    char *what;                 /* why, or NULL */
    enum severity severity;
    uint64_t count;
    unsigned num_frames;
    uint32_t frames[RESULT_MAX_FRAMES];
};

/* The worst, whatever the order in which they come. */
struct places {
    GArray *at;                 /* of struct place */
    uint64_t num;               /* with those that are left out */
};

struct sum_cause {
    char *cause, *title;
    enum severity severity;
    uint64_t count;
    struct places places;
};

/* A row that counts: a check at a severity, an algorithm of a protocol, a peer, a message. */
struct sum_row {
    char *name, *of;            /* of: protocol or severity; NULL */
    unsigned rank;              /* the higher, the worse */
    uint64_t a, b, c, files;
};

struct summary {
    uint64_t results, duplicates;
    uint64_t files[RESULT_FAILED + 1], cut;
    uint64_t frames, octets, ike_sas, child_sas, streams;
    uint64_t tunnels[VERDICT_WORKS + 1];
    GHashTable *causes;         /* of struct sum_cause by cause */
    GHashTable *checks;         /* of struct sum_row: a findings, b occurrences */
    GHashTable *weak;           /* a: SAs */
    GHashTable *peers;          /* a fails, b degraded, c tunnels */
    GHashTable *reasons, *messages, *versions;
    struct places troubled;     /* files that were not read, or not to the end */
    struct places damaged;      /* results */
    uint64_t peers_left_out;    /* ends of tunnels that are not counted by name */
    bool full;                  /* SUMMARY_MAX_ROWS was reached */
    uint64_t worst;             /* exit status */
};

void summary_init(struct summary *s);
void summary_clear(struct summary *s);
void summary_add(struct summary *s, const struct result *r);
void summary_damaged(struct summary *s, const char *path, const char *why);

/* The values of a table, the worst first (g_ptr_array_free it). */
GPtrArray *summary_rows(GHashTable *rows);
GPtrArray *summary_causes(const struct summary *s);

void summary_text(FILE *out, const struct summary *s);
/* In the format espial-summary/1, in one line. */
void summary_json(FILE *out, const struct summary *s, const char *version);

#endif
