/* series.h - the files of a series as one capture: what lies in series/.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_SERIES_H
#define ESPIAL_CLI_SERIES_H

#include "source.h"

#include <espial/file/series.h>
#include <glib.h>

/* --- given.c: which can be read, in what order, and what their interfaces are called ---------- */

/* Whoever reads them is told of what cannot be read: what, and what happens now (NULL: nothing
 * else). */
typedef void (*series_tell)(const char *path, const char *what, const char *next);

/* One that can be read. */
struct given_file {
    char *path;                 /* of the capture */
    const char *at;             /* the caller's: the same, or where its part lies */
    size_t begins;              /* octets of a part that another part of the same has not */
    unsigned place;             /* as it was given, from 0 */
    bool empty;                 /* it has no frame */
    int64_t secs;               /* of its first frame .. */
    int nsecs;
    int64_t size;
    struct input *input;        /* what cannot be opened twice stays open, with its first frame at
                                 * hand */
    struct feed_frame first;
    GPtrArray *interfaces;      /* what each is known by .. */
    GArray *points;             /* .. and its number in the series, from 1: unsigned */
    struct series_file is;      /* what is known of it so far; no name */
};

struct input;
struct given;
/* Opens each file for its first frame.  NULL where none can be read, or where they are more than a
 * series may have: then that is told. */
struct given *given_open(char *const *paths, unsigned num, series_tell tell);
void given_free(struct given *g);       /* NULL is allowed */
unsigned given_count(const struct given *g);
/* In order of time; those without a frame are the last. */
struct given_file *given_file(const struct given *g, unsigned i);

/* Interfaces of the series: those that several files have are one. */
unsigned given_points(const struct given *g);
const char *given_point_name(const struct given *g, unsigned point);    /* from 1; NULL: none */
/* The one that captured the frame which was read last from that source of f. */
unsigned given_point(struct given *g, struct given_file *f, struct input *input);
/* Parts whose ESP is cut to its headers are among them: no key opens it. */
bool given_cut_esp(const struct given *g);

/* Of the files as they were read: the frames of each are in its series_file.  The files are put in
 * the order of their first frames that count. */
struct series *given_series(struct given *g);

/* --- joined.c: read in order of time, each frame once ----------------------------------------- */

struct joined;
/* NULL where no file can be read, which is told.  The paths and tell are needed until it is
 * closed. */
struct joined *joined_open(char *const *paths, unsigned num, series_tell tell);
void joined_close(struct joined *j);    /* NULL is allowed */

/* The next frame, whose octets live until the call after; its point is the series' own.  What
 * cannot be read of a file is told when it is met.  False at the end. */
bool joined_next(struct joined *j, struct feed_frame *out);
/* The interface that captured that frame, or NULL. */
const char *joined_point_name(const struct joined *j);
const struct given *joined_given(const struct joined *j);
/* Octets that were read of how many. */
int64_t joined_done(const struct joined *j, int64_t *all);
/* Frames of links that are not known here, and what Wireshark calls the first such link. */
uint32_t joined_strange(const struct joined *j, const char **link);

/* Once all is read: the files, and the first of them. */
struct series *joined_series(struct joined *j);
const char *joined_first(const struct joined *j);

/* --- extract.c: parts, which are read in the place of their captures -------------------------- */

/* Makes the part of each capture in that folder, where it is not there already; cut_esp: without
 * what only keys of ESP open.  What goes wrong is told. */
void series_extract(char *const *paths, const char *dir, bool cut_esp, series_tell tell);

/* The files of a series as they are given, where a folder stands for the parts in it
 * (g_strfreev). */
char **series_files(char *const *paths);

/* --- beside.c: keys as people keep them with a series ----------------------------------------- */

/* Beside each file, beside the first, or beside them by the beginning that all names have: their
 * paths, of those that hold the same the first; the caller frees it (g_strfreev). */
char **beside_keys(const struct given *g);

#endif
