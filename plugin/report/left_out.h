/* left_out.h - what of the capture is not in the report.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_REPORT_LEFT_OUT_H
#define ESPIAL_REPORT_LEFT_OUT_H

#include <espial/report.h>

/* The limits that were reached, each a sentence without its full stop.  The caller frees the array,
 * which owns the sentences. */
GPtrArray *report_left_out(const struct report *r);
/* "3 of 90 frames are cut (snap length): .."; false, and nothing written, where none is. */
bool report_cut(const struct report *r, char *out, size_t size);

#endif
