/* bulk.h - many captures: each by a worker of its own, a result for each, and what they come to.
 *
 * A result is a file of JSON Lines: the first line is its head, small and all that merging reads;
 * the second one, where the capture could be read, is its report.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_BULK_H
#define ESPIAL_BULK_H

#include <espial/report.h>
#include <glib.h>
#include <stdbool.h>

/* What the command line says of it. */
struct bulk_options {
    gint jobs;                  /* workers at one time; 0: one for each processor */
    gint memory;                /* MiB that a worker may take */
    gint seconds;               /* that it may work on one capture */
    char *output, *list, *worker;       /* NULL: not given */
    gboolean merge;
};

void bulk_add_options(GOptionContext *context, struct bulk_options *o);
void bulk_free_options(struct bulk_options *o);
/* Fills in what is usual.  NULL, or what cannot be followed (g_free it).  given: how many captures
 * are. */
char *bulk_wrong(struct bulk_options *o, unsigned given);

/* --- a worker -------------------------------------------------------------------------------- */

enum { BULK_UNWRITTEN = 3 };    /* exit status of a worker whose result could not be written */

/* Which capture a result is of, as it is now: its path, size and time (g_free it). */
char *bulk_id(const char *path);

/* From now on the process may take that much memory and time, where the system holds it to that. */
void bulk_bound(const struct bulk_options *o);

struct bulk_work;
/* fingerprint: of what else the result depends on; kept until bulk_work_end. */
struct bulk_work *bulk_work_begin(const char *capture, const char *fingerprint);
/* What is read; fault: what could not be read, or NULL.  Where the report belongs, as a line; NULL:
 * no room for it. */
FILE *bulk_work_report(struct bulk_work *w, const struct report *r, const char *fault);
/* No frame of it could be read. */
void bulk_work_nothing(struct bulk_work *w, const char *why);
/* Writes the result and frees w.  said: lines for people.  NULL, or why not (g_free it). */
char *bulk_work_end(struct bulk_work *w, const char *result, unsigned status, const char *version,
                    const char *wireshark, const char *said);

/* --- all of them ----------------------------------------------------------------------------- */

/* What the program tells. */
struct bulk_host {
    const struct bulk_options *options;
    const char *version, *wireshark;
    bool terminal;              /* somebody looks on */
    void *context;
    /* The command of a worker up to the options of bulk_options, "--" and the capture; NULL at its
     * end. */
    char *const *command;
    /* Of what the result of a capture depends on besides it (g_free it). */
    char *(*fingerprint)(void *context, const char *capture);
    void (*say)(const char *format, ...);
};

/* Reads the captures, or those in the folders, that have no result yet.  The exit status of the
 * program. */
int bulk_run(const struct bulk_host *host, char *const *paths, unsigned num);
/* Prints what all results come to, those in folders too.  The exit status of the program. */
int bulk_merge(const struct bulk_host *host, char *const *paths, unsigned num, bool json);

#endif
