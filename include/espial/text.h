/* text.h - what strangers wrote, and lists in text of bounded size.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_TEXT_H
#define ESPIAL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { TEXT_REPLACEMENT = 0xfffd };     /* in place of an octet that is no UTF-8 */

/* The character c is not to be seen, or changes how what follows is seen: none such leaves Espial
 * in what a peer or the name of a file says. */
bool text_hidden(uint32_t c);
/* text for a terminal: hidden characters as "[U+202E]", octets that are no UTF-8 as U+FFFD.  The
 * caller frees it. */
char *text_shown(const char *text);

/* The reason that GLib gives behind the names of files in its message, which Espial says itself:
 * "No such file or directory".  The caller frees it. */
char *text_reason(const char *message);

/* The first sentence of a finding in about max octets: without what stands in parentheses, long
 * suites as "..", cut at the end of a word.  The caller frees it. */
char *text_head(const char *text, size_t max);
/* How many octets of text make its first line of at most max octets, which is more than 4: a
 * sentence or a part of one, or as many words as fit; all where all fits. */
size_t text_line(const char *text, size_t max);

/* Appends between and item to out, which holds size octets and ends in 0.  An item that is cut
 * would be another one, so only whole ones are added: where there is no room for item, or for ".."
 * after it if more items follow (more), ".." takes its place.  False then: the list is full. */
static inline bool
list_add(char *out, size_t size, const char *between, const char *item, bool more)
{
    size_t used = strlen(out), gap = strlen(between), len = strlen(item);
    bool fits = used + gap + len + (more ? gap + 2 : 0) < size;

    if (!fits) {
        item = "..";
        len = 2;
    }
    if (used + gap + len < size) {
        /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): item ends it */
        memcpy(out + used, between, gap);
        memcpy(out + used + gap, item, len + 1);
    }
    return fits;
}

#endif
