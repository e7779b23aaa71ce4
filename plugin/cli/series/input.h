/* input.h - a file of a series: a capture, or the part that was made of one.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_INPUT_H
#define ESPIAL_CLI_INPUT_H

#include "part.h"

/* Each as the function of source.h that has its name. */
struct input;
struct input *input_open(const char *path, char **problem);
void input_close(struct input *i);      /* NULL is allowed */
bool input_next(struct input *i, struct feed_frame *out);
char *input_fault(const struct input *i, uint32_t frames);
char *input_damage(const struct input *i);
unsigned input_interfaces(struct input *i);
const char *input_interface_name(struct input *i, unsigned n);
int input_interface_link(struct input *i, unsigned n);
unsigned input_interface_number(struct input *i);
bool input_time(const struct input *i, int64_t *secs, int *nsecs);
int64_t input_done(const struct input *i, int64_t *all);
uint32_t input_strange(const struct input *i, const char **link);

/* What tells its last frame from others: octets, and a sum of those that were cut, or 0. */
struct span input_octets(const struct input *i, const struct feed_frame *frame, uint64_t *sum);
/* NULL where it is a capture. */
const struct part *input_part(const struct input *i);

#endif
