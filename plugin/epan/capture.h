/* capture.h - what is known of the capture file that Wireshark has open; it opens one at a time.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CAPTURE_H
#define ESPIAL_CAPTURE_H

#include "compat.h"

#include <espial/feed.h>

/* A file is opened: reads the preferences and begins with nothing known. */
void capture_begin(void);
/* All frames have been seen: adds, once, what only the end proves.  Does nothing where no file
 * is open. */
void capture_end(void);
/* The file is closed. */
void capture_forget(void);

/* The capture for the dissector, which alone changes it; NULL where no file is open. */
struct feed *capture_to_feed(void);

/* For all others, who only read; NULL where no file is open. */
const struct sadb *capture_db(void);
const struct findings *capture_findings(void);
const struct diagnoses *capture_diagnoses(void);        /* NULL too until it has ended */

/* The logs beside it, tied once it has ended; NULL until then, or where there are none. */
const struct logs *capture_logs(void);

/* The number of a frame in all that is known: behind those of the files before this one. */
uint32_t capture_frame(const packet_info *pinfo);

/* The number that it has in the open file; 0 where it is of one before. */
uint32_t capture_frame_here(uint32_t frame);
/* "12 of NAME"; the caller frees it. */
char *capture_frame_name(uint32_t frame);
/* A text of the core, with the numbers of frames that it has for whoever sees this file.  *copy is
 * NULL where it is the same text, else what the caller frees. */
const char *capture_text(const char *text, char **copy);

/* -z espial,state: what is known at the end is to be written there; before a file is read. */
void capture_save_to(const char *path);
void capture_save(void);

/* Ends the capture and says what a report is made of; false where no file is open. */
bool capture_report(struct report *out);

#endif
