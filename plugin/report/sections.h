/* sections.h - the sections of the page, which page.c puts in order.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_REPORT_SECTIONS_H
#define ESPIAL_REPORT_SECTIONS_H

#include "model.h"

/* style.c */
extern const char *const page_style, *const page_points_style, *const page_script;

/* first.c: whether it works, what is wrong and what to do; what is well, and what is weak. */
void page_outcome(struct page *p);
void page_diagnoses(struct page *p);
void page_healthy(struct page *p);
void page_limits(struct page *p);       /* keys and a plan that did not help */
void page_hygiene(struct page *p);

/* summary.c: what the capture shows in words. */
void page_summary(struct page *p);
void page_reading(struct page *p);      /* how to read the rest */

/* findings.c: each finding with its evidence. */
void page_findings(struct page *p);

/* timeline.c: SAs as bars over time; those shown in full, and one that is too short to be seen
 * among them. */
void page_timeline(struct page *p);
void page_own_timeline(struct page *p, const struct ike_sa *sa);

/* sa.c */
void page_sas(struct page *p);

/* tables.c */
void page_table(struct page *p);
void page_streams(struct page *p);

/* files.c: which frames are in which file of a series. */
void page_files(struct page *p);

/* suites.c: offers and choices side by side. */
void page_negotiations(struct page *p, const struct ike_sa *sa);

/* log.c: what daemons' logs say at the messages from first to last of an IKE SA. */
void put_row_log(struct page *p, const struct ike_sa *sa, uint32_t first, uint32_t last);

/* points/page.c: where packets were captured, and what became of them in between; nothing where one
 * point saw them all. */
void page_points(struct page *p);

/* ladder/ladder.c */
void page_ladder(struct page *p, const struct ike_sa *sa);

#endif
