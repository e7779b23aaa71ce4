/* progress.h - how far a long reading is, for whoever waits at a terminal.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_PROGRESS_H
#define ESPIAL_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

enum { PROGRESS_FRAMES = 1 << 14 };     /* between two looks at the clock */

struct progress {
    int64_t begun, shown;       /* microseconds; shown 0: never */
    bool terminal;
};

/* Nothing is shown where standard error is no terminal, nor in the first second. */
void progress_begin(struct progress *p);
/* done of all octets, of which all is 0 where it is not known. */
void progress_show(struct progress *p, uint32_t frames, int64_t done, int64_t all);
/* Takes the line away. */
void progress_end(struct progress *p);

#endif
