/* page.h - between the files of the HTML report.  None of them sees a packet: they
 * read what the capture has shown, and the traffic that the tap has counted.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_PAGE_H
#define ESPIAL_PAGE_H

#include <espial/html.h>
#include <espial/report.h>

#include <stdbool.h>

#define STACK " class=\"stack\""       /* a table whose cells stand one below the other on a narrow screen */

/* What a page holds at most.  Reaching one is said on the page. */
enum page_limits {
    PAGE_MAX_FINDINGS = 30000,      /* told one by one, the worst first */
    PAGE_MAX_SAS = 20000,           /* rows of the table of IKE SAs */
    PAGE_MAX_FULL = 40,             /* IKE SAs told in full, with a ladder */
    PAGE_MAX_PAIRS = 20,            /* rows of peers */
    PAGE_MAX_STREAMS = 2000,        /* rows of streams without an SA */
    PAGE_MAX_FIRST = 6,             /* what is wrong first */
    PAGE_MAX_RANGES = 12,           /* ranges of frames of one finding */
    PAGE_MAX_ROWS = 64,             /* rows of one ladder */
    PAGE_MAX_BARS = 60,             /* bars of one time line */
    PAGE_MAX_CHILDREN = 200,        /* Child SAs listed of one IKE SA */
    PAGE_MAX_COMPARED = 6,          /* negotiations of one IKE SA shown side by side */
    PAGE_MAX_OFFERS = 8,            /* columns of one */

    TRAFFIC_BINS = 48,              /* slices of time of one stream */
    TRAFFIC_MAX_INNER = 32,         /* pairs of inner addresses of one stream */
    TRAFFIC_MAX_STREAMS = 1 << 17
};

struct inner_pair {
    struct ip_addr src, dst;
    uint32_t packets, first_frame, last_frame;
};

/* What the packets of one stream were, in slices of equal length that double when the
 * stream outlives them. */
struct stream_traffic {
    double start, width;            /* epoch seconds, seconds */
    uint32_t packets[TRAFFIC_BINS];
    bool lost[TRAFFIC_BINS];        /* sequence numbers went missing in this slice */
    uint32_t last_lost;
    GArray *inner;                  /* of struct inner_pair, or NULL */
    uint32_t other;                 /* packets of further pairs */
};

/* traffic.c */
const struct stream_traffic *traffic_of(const struct traffic *t, uint32_t stream);     /* or NULL */
/* A Child SA's end of an address: the selectors that its inner source, or destination, must meet. */
bool traffic_within(const struct child_sa *c, bool to_responder, const struct inner_pair *pair,
                    bool *src, bool *dst);

/* What the findings say of one IKE SA; chats are not counted. */
struct sa_verdict {
    uint32_t count[SEV_ERROR + 1];
    enum severity worst;            /* SEV_CHAT: nothing to say */
    GArray *findings;               /* of uint32_t, ids in order of the table; NULL */
};

struct page {
    GString *out;
    const struct report *r;
    const struct traffic *traffic;
    const char *name;               /* of the capture, or NULL */
    double start, end;              /* of the capture, epoch seconds */
    struct sa_verdict *verdicts;    /* by id of the IKE SA */
    size_t num_sas;
    uint32_t *full;                 /* ids of the IKE SAs told in full, the worst first */
    size_t num_full;
    bool *is_full;                  /* by id */
    uint32_t count[SEV_ERROR + 1];  /* findings */
    GArray *told;                   /* of bool, by id of the finding: it has an anchor */
};

/* page.c */
/* Times of the first and of the last message of an IKE SA, those sent again included; one
 * that a rekey made begins with that. */
void sa_span(const struct page *p, const struct ike_sa *sa, double *first, double *last);
double message_time(const struct ike_sa *sa, uint32_t frame);  /* 0 where it is not one of its messages */

/* Up to the first row.  A column whose name begins with '>' is of numbers; columns end with
 * NULL.  more are attributes of the table; close_table ends it. */
void open_table(GString *out, const char *more, const char *caption, const char *const *columns);
void close_table(GString *out);

/* style.c */
extern const char *const page_style, *const page_script;

/* summary.c: the summary. */
void page_words(struct page *p);
void page_reading(struct page *p);      /* how to read the rest */
void put_duration(GString *out, double seconds);
void put_when(GString *out, double time);      /* UTC */
void put_plural(GString *out, uint64_t n, const char *one, const char *more);

/* findings.c */
void page_findings(struct page *p);
void put_frames(GString *out, const struct frame_list *frames);
void put_severity(GString *out, enum severity s);
void put_severity_count(GString *out, enum severity s, uint32_t n);
/* Of the findings, groups of one check and severity, in order of the page: for the summary. */
struct finding_group {
    enum check_id check;
    enum severity severity;
    GPtrArray *findings;            /* of const struct finding */
};
GArray *page_groups(const struct page *p);     /* of struct finding_group; page_groups_free */
void page_groups_free(GArray *groups);

/* sa.c */
void page_sas(struct page *p);
void page_table(struct page *p);
void page_streams(struct page *p);
void put_endpoint_name(GString *out, const struct endpoint *e);
/* "SA 3" as a link where that SA is told in full. */
void put_sa_link(struct page *p, uint32_t id);

/* suites.c: offers and choices side by side. */
void page_negotiations(struct page *p, const struct ike_sa *sa);

/* ladder.c */
void page_ladder(struct page *p, const struct ike_sa *sa);

/* timeline.c: SAs as bars over time; those told in full, and one that is too short
 * to be seen among them. */
void page_timeline(struct page *p);
void page_own_timeline(struct page *p, const struct ike_sa *sa);


#endif
