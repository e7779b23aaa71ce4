/* kit.h - the pieces that the sections of a page are made of.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_REPORT_KIT_H
#define ESPIAL_REPORT_KIT_H

#include "model.h"

#include "html.h"

/* Of a table whose cells go one below the other on a narrow screen. */
#define STACK " class=\"stack\""

/* Up to the first row.  A column whose name begins with '>' is of numbers; columns end with
 * NULL.  more are attributes of the table; close_table ends it. */
void open_table(GString *out, const char *more, const char *caption, const char *const *columns);
void close_table(GString *out);

void put_plural(GString *out, uint64_t n, const char *one, const char *more);
void put_duration(GString *out, double seconds);
void put_when(GString *out, double time);      /* UTC */
/* "2026-11-23 14:11:06 to 14:11:07 UTC"; the second date where it is another day. */
void put_period(GString *out, double first, double last);
void put_severity(GString *out, enum severity s);
void put_severity_count(GString *out, enum severity s, uint32_t n);
void put_frames(GString *out, const struct frame_list *frames);
const char *state_word(enum ike_sa_state s);
void put_endpoint_name(GString *out, const struct endpoint *e);
/* "IKE SA 3" as a link to where the page has that SA. */
void put_sa_link(struct page *p, uint32_t id);

#endif
