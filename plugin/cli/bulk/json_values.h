/* json_values.h - reads a text of JSON: the tokens that wsutil parses, in the order of the text.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_BULK_VALUES_H
#define ESPIAL_BULK_VALUES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <wsutil/wsjson.h>

/* A value is known by the index of its token; -1: there is none. */
struct values {
    const char *text;
    jsmntok_t *tokens;
    int num;
};

/* Of a text that is one object, and outlives it.  False where it is none: then nothing is to be
 * closed. */
bool values_open(struct values *c, const char *text);
void values_close(struct values *c);

bool values_is(const struct values *c, int at, jsmntype_t type);
/* The value of a member of the object; -1. */
int values_member(const struct values *c, int object, const char *name);
/* The value behind a value and all that is in it. */
int values_next(const struct values *c, int at);
/* at is a value in the list. */
bool values_within(const struct values *c, int list, int at);

/* UTF-8 of RESULT_MAX_TEXT octets at most (g_free it); NULL where it is no text. */
char *values_text_at(const struct values *c, int at);
char *values_text(const struct values *c, int object, const char *name);
/* A whole number below 2^53: more, no other reader of JSON holds. */
bool values_number_at(const struct values *c, int at, uint64_t *out);
bool values_number(const struct values *c, int object, const char *name, uint64_t *out);
bool values_truth(const struct values *c, int object, const char *name, bool *out);

#endif
