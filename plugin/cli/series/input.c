/* input.c - a file of a series: a capture, or the part that was made of one.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "input.h"

struct input {
    struct source *source;
    struct part *part;          /* one of the two is NULL */
};

struct input *
input_open(const char *path, char **problem)
{
    bool is_part = part_is(path);
    struct part *part = is_part ? part_open(path, problem) : NULL;
    struct source *source = is_part ? NULL : source_open(path, problem);
    struct input *i;

    if (!part && !source) {
        return NULL;
    }
    i = g_new0(struct input, 1);
    i->part = part;
    i->source = source;
    return i;
}

void
input_close(struct input *i)
{
    if (i) {
        part_close(i->part);
        source_close(i->source);
        g_free(i);
    }
}

bool
input_next(struct input *i, struct feed_frame *out)
{
    return i->part ? part_next(i->part, out) : source_next(i->source, out);
}

char *
input_fault(const struct input *i, uint32_t frames)
{
    bool nothing;

    return i->part ? part_damage(i->part) : source_fault(i->source, frames, &nothing);
}

char *
input_damage(const struct input *i)
{
    return i->part ? part_damage(i->part) : source_damage(i->source);
}

unsigned
input_interfaces(struct input *i)
{
    return i->part ? part_interfaces(i->part)->len : source_interfaces(i->source);
}

const char *
input_interface_name(struct input *i, unsigned n)
{
    const GPtrArray *names = i->part ? part_interfaces(i->part) : NULL;

    if (!names) {
        return source_interface_name(i->source, n);
    }
    return n < names->len ? (const char *)names->pdata[n] : NULL;
}

int
input_interface_link(struct input *i, unsigned n)
{
    return i->part ? part_interface_link(i->part, n) : source_interface_link(i->source, n);
}

unsigned
input_interface_number(struct input *i)
{
    return i->part ? (unsigned)part_frame(i->part)->interface : source_interface_number(i->source);
}

bool
input_time(const struct input *i, int64_t *secs, int *nsecs)
{
    if (!i->part) {
        return source_time(i->source, secs, nsecs);
    }
    *secs = (int64_t)part_frame(i->part)->secs;
    *nsecs = (int)part_frame(i->part)->nsecs;
    return !part_frame(i->part)->timeless;
}

int64_t
input_done(const struct input *i, int64_t *all)
{
    return i->part ? part_done(i->part, all) : source_done(i->source, all);
}

uint32_t
input_strange(const struct input *i, const char **link)
{
    return i->part ? part_strange(i->part, link) : source_strange(i->source, link);
}

struct span
input_octets(const struct input *i, const struct feed_frame *frame, uint64_t *sum)
{
    *sum = i->part ? part_frame(i->part)->sum : 0;
    return i->part ? part_frame(i->part)->octets :
                     (struct span){ frame->octets.at, frame->octets.captured };
}

const struct part *
input_part(const struct input *i)
{
    return i->part;
}
