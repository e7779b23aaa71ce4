/* codec.h - one function for both ways: what is written down and what is read back cannot differ.
 * A number is as long as it needs to be, and a struct names its fields once.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CODEC_H
#define ESPIAL_CODEC_H

#include <espial/addr.h>
#include <espial/cursor.h>
#include <glib.h>

struct codec {
    GByteArray *out;            /* NULL: it reads */
    const uint8_t *at, *end;    /* what is left to be read */
    bool bad;                   /* what was read is none of it; zeros are given from there on */
};

/* LEB128. */
void code_number(struct codec *c, uint64_t *v);
/* The same of a number that is near to near, whichever is greater. */
void code_near(struct codec *c, uint64_t *v, uint64_t near);
/* The exact time, near to another. */
void code_time(struct codec *c, double *v, double near);
void code_octets(struct codec *c, void *at, size_t len);
/* A length of most octets, and these.  What is read borrows the codec's. */
void code_span(struct codec *c, struct span *s, size_t most);
void code_addr(struct codec *c, struct ip_addr *a);

/* A field of a struct: an unsigned number of size octets, or (size 0) a bool. */
struct code_field {
    void *at;
    uint8_t size;
};
#define CODE_NUMBER(f) { &(f), sizeof(f) }
#define CODE_BOOL(f) { &(f), 0 }
/* At most 64 of them: which are not zero, and these. */
void code_fields(struct codec *c, const struct code_field *fields, size_t n);

#endif
