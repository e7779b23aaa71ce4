/* model.h - what a page shows.  No section sees a packet: they read what the capture has shown,
 * and the traffic that was counted.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_REPORT_MODEL_H
#define ESPIAL_REPORT_MODEL_H

#include <espial/report.h>

/* What a page holds at most.  Reaching one is said on the page. */
enum page_limits {
    PAGE_MAX_FINDINGS = 30000,      /* one by one, the worst first */
    PAGE_MAX_SAS = 20000,           /* rows of the table of IKE SAs */
    PAGE_MAX_FULL = 40,             /* IKE SAs shown in full, with a ladder */
    PAGE_MAX_PAPER = 12,            /* of them on paper */
    PAGE_MAX_PAIRS = 20,            /* rows of peers */
    PAGE_MAX_STREAMS = 2000,        /* rows of streams without an SA */
    PAGE_MAX_FIRST = 6,             /* kinds of tunnels that are told first */
    PAGE_MAX_ALIKE = 5,             /* named of those that are alike */
    PAGE_MAX_RANGES = 12,           /* ranges of frames of one finding */
    PAGE_MAX_ROWS = 64,             /* rows of one ladder */
    PAGE_MAX_BARS = 60,             /* bars of one time line */
    PAGE_MAX_CHILDREN = 200,        /* Child SAs listed of one IKE SA */
    PAGE_MAX_FILES = 500,           /* rows of the files of a series */
    PAGE_MAX_COMPARED = 6,          /* negotiations of one IKE SA shown side by side */
    PAGE_MAX_OFFERS = 8             /* columns of one */
};

/* What the findings say of one IKE SA; chats are not counted. */
struct sa_verdict {
    uint32_t count[SEV_ERROR + 1];
    enum severity worst;            /* SEV_CHAT: nothing to say */
    GArray *findings;               /* of uint32_t, ids in order of the table; NULL */
};

struct page {
    GString *out;
    const struct report *r;
    const struct traffic *traffic;  /* or NULL */
    const char *name;               /* of the capture, or NULL */
    double start, end;              /* of the capture, epoch seconds */
    struct sa_verdict *verdicts;    /* by id of the IKE SA */
    size_t num_sas;
    uint32_t *full;                 /* ids of the IKE SAs shown in full, in the capture's order */
    size_t num_full;
    bool *is_full;                  /* by id */
    uint32_t count[SEV_ERROR + 1];  /* findings */
    GArray *anchored;               /* of bool, by id of the finding: it has an anchor */
    bool *told;                     /* by id of the diagnosis: the same */
};

/* Fills what r says into the page; page_end frees it. */
void page_begin(struct page *p);
void page_end(struct page *p);

/* Times of the first and of the last message of an IKE SA, those sent again included; one
 * that a rekey made begins with that. */
void sa_span(const struct page *p, const struct ike_sa *sa, double *first, double *last);
/* Of the SA's message in that frame; 0 where it has none. */
double message_time(const struct ike_sa *sa, uint32_t frame);

/* Of the findings, groups of one check and severity, the worst first. */
struct finding_group {
    unsigned check;                 /* its row in checks[] */
    enum severity severity;
    GPtrArray *findings;            /* of const struct finding */
};
GArray *finding_groups(const struct findings *all);     /* of struct finding_group */
void finding_groups_free(GArray *groups);

#endif
