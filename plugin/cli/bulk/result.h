/* result.h - the head of a result.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_BULK_RESULT_H
#define ESPIAL_BULK_RESULT_H

#include <espial/check.h>
#include <espial/diagnosis.h>
#include <espial/report.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define RESULT_ENDING ".jsonl"
#define RESULT_PART ".part-" /* how one begins that is not whole yet */

enum result_limits {
    RESULT_MAX_HEAD = 1 << 22,  /* octets of a head */
    RESULT_MAX_TOKENS = 1 << 15,        /* of its JSON: parsing takes the square of them */
    RESULT_MAX_ROWS = 1 << 10,  /* in each of its lists */
    RESULT_MAX_FRAMES = 8,      /* of one cause */
    RESULT_MAX_PEERS = 256,
    RESULT_MAX_SAID = 8,        /* lines */
    RESULT_MAX_TEXT = 1 << 10   /* octets of a name or line */
};

/* Read: there is a report, of all or of the part that could be read.  Failed: the worker was. */
enum result_state { RESULT_READ, RESULT_UNREAD, RESULT_FAILED };

struct result_cause {
    char *cause, *title;
    enum severity severity;     /* the worst */
    uint64_t count;             /* diagnoses */
    unsigned num_frames;
    uint32_t frames[RESULT_MAX_FRAMES]; /* the first of each, ascending */
};

struct result_check {
    char *check;
    enum severity severity;
    uint64_t findings, occurrences;
};

struct result_weak {
    char *algorithm, *protocol; /* "IKE", "ESP", "AH" */
    bool must_not;              /* else: should not */
    uint64_t sas;
};

/* An end of a tunnel. */
struct result_peer {
    char *peer;
    uint64_t fails, degraded, tunnels;
};

struct result {
    char *path, *id, *fingerprint, *espial, *wireshark;
    enum result_state state;
    char *reason;               /* why not, or not all; NULL */
    uint64_t attempts, status;  /* status: the exit status of a run on this capture */
    uint64_t size, frames, ike_sas, child_sas, streams;
    uint64_t octets;            /* of the report, the line behind this one */
    uint64_t tunnels[VERDICT_WORKS + 1];
    GArray *causes, *found, *weak, *peers;      /* of the structs above */
    uint64_t peers_left_out;
    GPtrArray *said;
};

void result_init(struct result *r);
void result_clear(struct result *r);
const char *result_state_name(enum result_state s);

/* Takes all but who and what it is of from a report. */
void result_take(struct result *r, const struct report *report);

/* The line, without its end. */
void result_print(GString *out, const struct result *r);
/* Reads the line, and changes it.  False where it is no head of a result. */
bool result_parse(struct result *r, char *line);

/* Reads the head of a file.  NULL, and *out is to be cleared; or why it is no result (g_free
 * it). */
char *result_load(struct result *out, const char *path);
/* Writes it, with a report or NULL behind it.  NULL, or why not (g_free it). */
char *result_save(struct result *r, FILE *report, const char *path);

/* What the file of a capture's result is called (g_free it). */
char *result_name(const char *capture);
/* A copy of text that is UTF-8, of RESULT_MAX_TEXT octets at most (g_free it). */
char *result_text(const char *text);

#endif
