/* html.h - HTML out of facts.  What a capture says is hostile: names of peers are put
 * there by strangers.  So text is escaped unless it is markup of the program itself.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_HTML_H
#define ESPIAL_HTML_H

#include <glib.h>

/* Appends text for an element or a quoted attribute.  Markup is escaped; octets that are no
 * UTF-8 become U+FFFD; characters that cannot be seen or that turn the direction of writing
 * are spelled out ("[U+202E]"), so that what is read is what is there. */
void html_text(GString *out, const char *text);
/* The same; a line may break after each slash of a suite. */
void html_text_breaking(GString *out, const char *text);
/* The same of at most max characters, an ellipsis for the rest. */
void html_text_cut(GString *out, const char *text, unsigned max);

/* Appends format, which is markup, with its values: %s is escaped by html_text, %S of
 * printf is not known.  Knows %s, %u, %d, %x, %c with width, 0 and l; anything else is
 * written as it stands. */
void html_put(GString *out, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* A number with a point, whatever the locale writes: "12.5". */
void html_decimal(GString *out, double value, unsigned digits);

#endif
