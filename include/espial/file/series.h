/* series.h - one capture in several files, as a ring buffer leaves it: which of its frames are in
 * which file.  Frames are numbered through all of them, as they are where the files are joined.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_FILE_SERIES_H
#define ESPIAL_FILE_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct series_file {
    char *name;                 /* without its folders; any octets, as they come from outside */
    uint32_t first_frame, last_frame;   /* in the series; 0: it has none */
    uint32_t num_frames;        /* fewer than from first to last where those of another file lie
                                 * in between, as its time overlaps with this one's */
    uint32_t left_out;          /* frames that an earlier file has too: they have no number */
    double first_time, last_time;       /* the earliest and the latest, epoch seconds */
    double pause;               /* the longest one between two of its frames, seconds; negative:
                                 * not measured */
};

/* How a file goes on from those before it. */
enum series_join {
    SERIES_ON,                  /* it does, or is the first, or has no frames */
    SERIES_GAP,                 /* nothing was captured for longer than pauses are here */
    SERIES_OVERLAP              /* it begins before they end */
};

/* Files in the order of their first frames. */
struct series;
struct series *series_new(void);
void series_free(struct series *s);             /* NULL is allowed */

/* Appends a file of that name, which is copied, with all else zero and its pause not measured;
 * NULL where SERIES_MAX_FILES are there.  The caller fills it at once: the pointer is good until
 * the next one is added. */
struct series_file *series_add(struct series *s, const char *name);

/* Appends copies of all files of another series, whose frames get the numbers after those of to.
 * False, and nothing is appended, where these would be too many. */
bool series_append(struct series *to, const struct series *from);

/* The files of all, the last of which was joined of those of parts and gives way to them; NULL
 * where it was not, or these are too many.  The caller frees it. */
struct series *series_with_parts(const struct series *all, const struct series *parts);

size_t series_count(const struct series *s);    /* 0 for NULL */
const struct series_file *series_get(const struct series *s, size_t i);

/* How file i goes on, and by how many seconds, which are positive; 0 for SERIES_ON.  A gap is more
 * than SERIES_GAP_TIMES the longest pause within any file, and more than SERIES_GAP_S seconds. */
enum series_join series_join(const struct series *s, size_t i, double *seconds);

/* "12 of NAME": a frame as its file numbers it.  The caller frees it. */
char *series_frame_name(const struct series *s, uint32_t frame);
/* A text whose frames are numbered through the series, for whoever has the file open that begins
 * behind frame base: its frames are counted from its first one, and "frame 3" of an earlier file
 * becomes "frame 3 of NAME".  The caller frees it. */
char *series_text_in_file(const struct series *s, uint32_t base, const char *text);

#endif
