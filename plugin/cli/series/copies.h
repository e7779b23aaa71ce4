/* copies.h - frames that two files of a series have: of the same time and with the same octets.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_SERIES_COPIES_H
#define ESPIAL_CLI_SERIES_COPIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct copies;
struct copies *copies_new(void);
void copies_free(struct copies *c);     /* NULL is allowed */

struct copy {
    int64_t secs;               /* when it was captured */
    int nsecs;
    unsigned file;              /* of the files */
    const uint8_t *octets;
    size_t len, captured;       /* captured: with those that were cut, of which .. */
    uint64_t sum;               /* .. this is known; 0: none were */
};
/* Remembers a frame for a second of the capture.  True where another file had it, and this one not
 * as often: then it is none to be counted, if may_drop. */
bool copies_see(struct copies *c, const struct copy *frame, bool may_drop);
/* Some are remembered at that time. */
bool copies_any(struct copies *c, int64_t secs);

#endif
