/* lines.h - what the reports in lines of text share.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_REPORT_LINES_H
#define ESPIAL_REPORT_LINES_H

#include <espial/report.h>

/* "1-3, 7, 9", the first ranges of them. */
void print_frames(FILE *out, const uint32_t *frames, uint32_t len);
/* "1 error", "2 errors". */
void print_plural(FILE *out, unsigned n, const char *one, const char *more);
/* How many findings of each severity: the last line of a report. */
void print_counts(FILE *out, const struct report *r);
/* The limits that were reached, a line each. */
void print_left_out(FILE *out, const struct report *r);
/* Of how many frames the capture has not all octets; nothing where of none. */
void print_cut(FILE *out, const struct report *r);

struct json_dumper;

/* --- files.c --------------------------------------------------------------------------- */

/* The member "files" of the capture; nothing where it is no series. */
void json_files(struct json_dumper *j, const struct report *r);

/* --- log.c: the daemons' logs in JSON ------------------------------------------------- */

/* The member "logs": each file, its clocks, its tied lines in order. */
void json_logs(struct json_dumper *j, const struct report *r);
/* The member "log_lines" of a diagnosis, where it quotes any. */
void json_log_lines(struct json_dumper *j, const struct report *r, const struct diagnosis *d);

#endif
