/* report.h - what is known of a capture, made into text, JSON and HTML.  No report changes what
 * it reads, and the same capture gives the same octets.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_REPORT_H
#define ESPIAL_REPORT_H

#include <espial/diagnosis.h>
#include <espial/log.h>
#include <espial/file/series.h>
#include <espial/points.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What a report is made of.  All of it belongs to the caller. */
struct report {
    const struct sadb *db;
    const struct findings *findings;        /* after checks_end */
    const struct diagnoses *diagnoses;      /* of both */
    const struct logs *logs;                /* tied, or NULL: none were given */
    const struct series *series;            /* the files that the frames are of, measured, or NULL:
                                             * the capture is one file */
    const char *version;                    /* of Espial */
    enum severity least;                    /* what is below it is not listed as text */
    uint32_t cut_frames;                    /* frames of which the capture has not all octets */
    const char *wireshark;                  /* version of Wireshark, or NULL */
    const char *file;                       /* the capture's name without its folders, or NULL */
    const char *called;                     /* what it is called above text where that is not its
                                             * path: a series; or NULL */
    const char *title, *author, *date;      /* what the analyst wants on the page, or NULL */
    const char *keys_full;                  /* what the key store was too small for (keyring_full),
                                             * or NULL */
    bool tcp_full;                          /* TCP connections were left out (tcp_encap_capped) */
    bool fragments_full;                    /* datagrams in fragments were given up
                                             * (datagrams_capped); a host without Wireshark */
    bool ports_full;                        /* some IKE on other UDP ports was left out */
    uint32_t most_sas;                      /* listed as text, and of streams without one; those
                                             * of a diagnosis before others; 0: all */
    bool one_line;                          /* JSON without line breaks but one at its end */
    bool deep;                              /* headers of IPsec were left out (frame_walk.capped) */
};

/* A table of SAs; the findings, the worst first, with the limits that were reached. */
void report_sas(FILE *out, const struct report *r);
void report_findings(FILE *out, const struct report *r);
/* The outcome; a line for each tunnel; what is wrong, the worst first, with what to do; hygiene in
 * a line for each SA. */
void report_diagnosis(FILE *out, const struct report *r);

/* The logs beside the capture: whose, by which clock, and their tied lines in order of time between
 * the messages. */
void report_log(FILE *out, const struct report *r);

/* The capture points: their clocks, and what passed between them. */
void report_points(FILE *out, const struct report *r);
/* Whose packets a passage is of, "IKE SA 0 to the responder", "inside ESP 86a99a50", into out,
 * which holds size octets; returns out. */
char *passage_print(const struct sadb *db, const struct passage *g, char *out, size_t size);

/* The files of a series: which frames are in which, and how each goes on from those before it.
 * Nothing where there is one alone. */
void report_files(FILE *out, const struct report *r);

/* Everything, in the format espial-report/1, r->one_line or indented. */
void report_json(FILE *out, const struct report *r);
/* The same as records, a JSON object a line (espial-records/1): of the capture, and of each tunnel,
 * diagnosis, finding, IKE SA, Child SA and stream.  error: what could not be read, or NULL; where
 * nothing could, r->db is NULL and r has the file and the version alone. */
void report_ndjson(FILE *out, const struct report *r, const char *error);

/* What the streams carried, over time and by inner address: for the HTML report.  traffic_new
 * makes an empty count, which traffic_free frees; NULL is allowed there. */
struct traffic;
struct traffic *traffic_new(void);
void traffic_free(struct traffic *t);

/* A packet of a stream that the sadb knows. */
struct traffic_packet {
    uint32_t stream;                        /* its id */
    uint32_t lost;                          /* packets of the stream missing up to this one */
    struct ip_addr inner_src, inner_dst;    /* family 0 where the packet was not read */
    uint32_t frame;
    double time;                            /* epoch seconds */
};
/* Counts a packet.  They come in the order of the capture. */
void traffic_see(struct traffic *t, const struct traffic_packet *p);

/* Appends the whole page, which loads nothing.  t may be NULL: nothing was counted.  capture is its
 * name, or NULL. */
void report_html(GString *out, const struct report *r, const struct traffic *t,
                 const char *capture);

/* Writes a page into the file.  The old one stays until the new one is whole.  NULL, or why not
 * (g_free it). */
char *report_save(const char *path, const GString *page);
/* The same capture gives the same octets, so the clock is not asked: a date is only in a report
 * where it is given from outside, by the variable that reproducible builds go by,
 * SOURCE_DATE_EPOCH.  NULL, or a day in UTC (g_free it). */
char *report_date(void);

#endif
