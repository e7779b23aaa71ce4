/* records.h - the parts that records have in common: one JSON object a line, in the names and types
 * of the Elastic Common Schema (ECS 8.11), and "espial" for what that has no name for.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_REPORT_RECORDS_H
#define ESPIAL_REPORT_RECORDS_H

#include "json_put.h"

#include <espial/report.h>

#define RECORDS_FORMAT "espial-records/1"

enum { RECORD_ID_TEXT = 17 };

/* What all records of one capture share, and how they are tied. */
struct records {
    FILE *out;
    const struct report *r;     /* r->db is NULL where nothing could be read */
    const char *error;          /* why not all could be read, or NULL */
    char id[RECORD_ID_TEXT];    /* of the capture, in hexadecimal */
    uint32_t *of_ike_sa, *of_child_sa;      /* by id: the worst diagnosis, or NO_ID */
    uint32_t *tunnel_of_ike_sa, *tunnel_of_stream;      /* by id: the tunnel, or NO_ID */
    uint32_t *hygiene_of_ike_sa;            /* by id: what is weak, or NO_ID */
};

/* What happened, as ECS sorts events. */
struct happening {
    const char *kind;           /* "event", "alert" or "pipeline_error" */
    const char *dataset;        /* what the record is of: "ike_sa" .. */
    uint32_t id;                /* its number in the capture, NO_ID where there is one alone */
    const char *categories[3], *types[4];       /* up to NULL */
    const char *outcome;        /* "success", "failure", "unknown", or NULL */
    const char *reason;         /* why, or NULL */
    int severity;               /* 1 chat to 4 error, 0: none */
    bool timed;
    double first, last;         /* epoch seconds */
};

/* From the brace to what all records have, but for their own part. */
void record_begin(json_dumper *j, const struct records *all, const struct happening *h,
                  const char *message);
/* Opens the member "espial", and in it "capture", which the caller ends. */
void record_own(json_dumper *j, const struct records *all);
/* Ends the member "espial" and the record. */
void record_end(json_dumper *j);

void put_object(json_dumper *j, const char *name);
/* Nothing where text is NULL. */
void put_known(json_dumper *j, const char *name, const char *text);
/* Nothing where n is none. */
void put_unless(json_dumper *j, const char *name, uint32_t n, uint32_t none);
/* An object with the number alone, {"ike_sa":{"id":0}}: what the record is joined by. */
void put_link(json_dumper *j, const char *name, uint32_t id);
void put_texts(json_dumper *j, const char *name, const char *const *texts);
/* Of a basis or a state that is inferred, and of an SA that is weak; nothing where of neither. */
void put_tags(json_dumper *j, bool inferred, bool weak);

/* One end of what passed, and what it has sent. */
struct record_end {
    const struct ip_addr *addr;
    uint16_t port;              /* 0: it has none */
    bool counted;
    uint64_t packets, bytes;
};
/* The members source, destination and network.  transport is IP's number of what carries it,
 * protocol what is carried; whole: addresses and ports are those of each packet. */
void put_ends(json_dumper *j, const struct record_end *source,
              const struct record_end *destination, uint8_t transport, const char *protocol,
              bool whole);
/* --- shown.c: the records of what a capture shows ------------------------------------------- */

void records_ike_sa(const struct records *all, const struct ike_sa *sa);
void records_child_sa(const struct records *all, const struct child_sa *c);
void records_stream(const struct records *all, const struct stream *s);
/* The ends of the first of these that is known, for what is told of it; nothing where none is. */
void put_ends_of(json_dumper *j, const struct records *all, uint32_t stream, uint32_t child_sa,
                 uint32_t ike_sa);
/* Who is behind its initiator: the XAUTH user name or the EAP identity; nothing where not read. */
void put_user_of(json_dumper *j, const struct records *all, uint32_t ike_sa);

/* --- found.c: of what that comes to ----------------------------------------------------------- */

void records_finding(const struct records *all, const struct finding *f);
void records_diagnosis(const struct records *all, const struct diagnosis *d);
void records_tunnel(const struct records *all, const struct tunnel *t);
void records_capture(const struct records *all);

#endif
