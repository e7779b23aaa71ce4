/* part.h - what a series needs of one file, in a file: each frame with its time and lengths, and of
 * its octets those that matter.  A part is read in the place of its capture.
 *
 * The file: a line that names format and version; the seed of its sums, and a sum that shows how
 * they are made; blocks, each with its length and its sum before it, of whole records: the capture,
 * its interfaces, its frames, its end.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_PART_H
#define ESPIAL_CLI_PART_H

#include "codec.h"
#include "series.h"

#include <espial/hash.h>

#define PART_HEAD "Espial part 1\n"
#define PART_ENDING ".part"
enum { PART_HEAD_LEN = sizeof PART_HEAD - 1, PART_BLOCK = 1 << 16, PART_BLOCK_HEAD = 12 };

enum part_tag { PART_CAPTURE = 1, PART_INTERFACE, PART_FRAME, PART_END };

struct part_capture {
    struct span path;           /* as it was given */
    uint64_t size;              /* octets */
    bool cut_esp;               /* ESP is cut to its headers */
};
struct part_interface {
    uint64_t link;              /* as libwiretap numbers them */
    struct span name;           /* len 0: none */
};
struct part_frame {
    uint64_t secs, nsecs, interface, link, captured, reported;
    bool timeless;
    bool cut;                   /* only the first octets are there, and .. */
    bool esp;                   /* .. the rest was of an ESP packet alone */
    uint64_t sum;               /* cut: of the ESP packet, or of the rest */
    struct span octets;
};
struct part_end {
    bool damaged;
    struct span damage, strange_link;
    uint64_t strange;
};

void code_part_capture(struct codec *c, struct part_capture *r);
void code_part_interface(struct codec *c, struct part_interface *r);
/* Near to the frame before. */
void code_part_frame(struct codec *c, struct part_frame *r, const struct part_frame *before);
void code_part_end(struct codec *c, struct part_end *r);

/* The same where sums are made the same way. */
static inline uint64_t
part_check(uint64_t seed)
{
    uint8_t probe[4 * PART_HEAD_LEN];

    for (size_t i = 0; i < sizeof probe; i++) {
        probe[i] = (uint8_t)(PART_HEAD[i % PART_HEAD_LEN] + i);
    }
    return GUINT64_TO_LE(hash_long(seed, probe, sizeof probe));
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Writes the part of an open capture to that path, beside it first.  NULL, or what failed
 * (g_free it); *frames: how many it has. */
char *part_write(struct source *s, const char *capture, const char *to, uint64_t seed,
                 bool cut_esp, uint32_t *frames);

/* --- reading ---------------------------------------------------------------------------------- */

struct part;
/* It begins as one. */
bool part_is(const char *path);
/* NULL and *problem (g_free it) where it is none to read. */
struct part *part_open(const char *path, char **problem);
void part_close(struct part *p);        /* NULL is allowed */
const char *part_path(const struct part *p);    /* of the capture */
const struct part_capture *part_of(const struct part *p);
uint64_t part_seed(const struct part *p);
/* Octets before what two parts of one capture have in common. */
size_t part_begins(const struct part *p);
/* The next frame, whose octets live until the call after; those that are missing are zeros. */
bool part_next(struct part *p, struct feed_frame *out);
/* The frame as it was read last. */
const struct part_frame *part_frame(const struct part *p);
const GPtrArray *part_interfaces(const struct part *p); /* names; NULL where one has none */
int part_interface_link(const struct part *p, unsigned i);
int64_t part_done(const struct part *p, int64_t *all);
/* Once it has no more frames: as of the capture (source_damage). */
char *part_damage(const struct part *p);
uint32_t part_strange(const struct part *p, const char **link);

#endif
