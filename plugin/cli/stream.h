/* stream.h - a capture on its way to libwiretap: its first octets are looked at, and what
 * libwiretap does not unpack is unpacked by the program for it.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_STREAM_H
#define ESPIAL_CLI_STREAM_H

struct stream;

/* Of a file, a pipe, or standard input ("-").  NULL with *problem (g_free it) where it is none to
 * read.  Where something stands between, it stands in for standard input until stream_opened. */
struct stream *stream_open(const char *path, char **problem);
/* What is to be opened: the file itself, or "-". */
const char *stream_path(const struct stream *s);
/* It was opened, or never will be: standard input is what it was. */
void stream_opened(struct stream *s);
/* After its end: "xz cannot unpack all of it" (g_free it), or NULL. */
char *stream_fault(struct stream *s);
void stream_close(struct stream *s);    /* NULL is allowed */

#endif
