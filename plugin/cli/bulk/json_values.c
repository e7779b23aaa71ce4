/* json_values.c - reads a text of JSON.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_values.h"

#include "result.h"

#include <string.h>

bool
values_open(struct values *c, const char *text)
{
    int num = json_parse(text, NULL, 0);

    *c = (struct values){ .text = text };
    if (num <= 0 || num > RESULT_MAX_TOKENS) {
        return false;
    }
    c->tokens = g_new0(jsmntok_t, (gsize)num);
    c->num = json_parse(text, c->tokens, (unsigned)num);
    if (!values_is(c, 0, JSMN_OBJECT)) {
        values_close(c);
        return false;
    }
    return true;
}

void
values_close(struct values *c)
{
    g_free(c->tokens);
    c->tokens = NULL;
}

bool
values_is(const struct values *c, int at, jsmntype_t type)
{
    return at >= 0 && at < c->num && c->tokens[at].type == type;
}

int
values_next(const struct values *c, int at)
{
    int end = c->tokens[at].end;

    for (at++; at < c->num && c->tokens[at].start < end; at++) {
    }
    return at;
}

bool
values_within(const struct values *c, int list, int at)
{
    return at < c->num && c->tokens[at].start < c->tokens[list].end;
}

int
values_member(const struct values *c, int object, const char *name)
{
    size_t len = strlen(name);

    for (int key = object + 1; values_within(c, object, key);) {
        const jsmntok_t *t = &c->tokens[key];
        int value = key + 1;
        if (t->type != JSMN_STRING || t->size != 1 || value >= c->num) {
            return -1;
        }
        if ((size_t)(t->end - t->start) == len && memcmp(c->text + t->start, name, len) == 0) {
            return value;
        }
        key = values_next(c, value);
    }
    return -1;
}

char *
values_text_at(const struct values *c, int at)
{
    char *raw, *text = NULL;

    if (!values_is(c, at, JSMN_STRING)) {
        return NULL;
    }
    raw = g_strndup(c->text + c->tokens[at].start,
                    (gsize)(c->tokens[at].end - c->tokens[at].start));
    if (json_decode_string_inplace(raw)) {
        text = result_text(raw);
    }
    g_free(raw);
    return text;
}

char *
values_text(const struct values *c, int object, const char *name)
{
    return values_text_at(c, values_member(c, object, name));
}

bool
values_number_at(const struct values *c, int at, uint64_t *out)
{
    char *text;
    guint64 n = 0;
    bool good;

    if (!values_is(c, at, JSMN_PRIMITIVE)) {
        return false;
    }
    text = g_strndup(c->text + c->tokens[at].start,
                     (gsize)(c->tokens[at].end - c->tokens[at].start));
    good = g_ascii_string_to_unsigned(text, 10, 0, (G_GUINT64_CONSTANT(1) << 53) - 1, &n, NULL);
    g_free(text);
    *out = n;
    return good;
}

bool
values_number(const struct values *c, int object, const char *name, uint64_t *out)
{
    return values_number_at(c, values_member(c, object, name), out);
}

bool
values_truth(const struct values *c, int object, const char *name, bool *out)
{
    int at = values_member(c, object, name);

    if (!values_is(c, at, JSMN_PRIMITIVE) || !strchr("tf", c->text[c->tokens[at].start])) {
        return false;
    }
    *out = c->text[c->tokens[at].start] == 't';
    return true;
}
