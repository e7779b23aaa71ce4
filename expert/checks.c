/* checks.c - the table of checks, made of checks.def.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"

/* The effects, by the words of the table. */
enum {
    NOTHING = 0,
    REFUSED = EFFECT_REFUSED,
    DENIED = EFFECT_DENIED,
    UNCOVERED = EFFECT_UNCOVERED,
    NOTIFY = EFFECT_NOTIFY,
    FORETOLD = EFFECT_FORETOLD,
    SILENCE = EFFECT_SILENCE,
    ABANDONED = EFFECT_ABANDONED,
    CLOSING = EFFECT_CLOSING,
    TRIES = EFFECT_TRIES,
    TRAFFIC = EFFECT_TRAFFIC,
    INTEGRITY = EFFECT_INTEGRITY,
    NUMBERS = EFFECT_NUMBERS,
    ADDRESS = EFFECT_ADDRESS,
    INNER = EFFECT_INNER,
    SPI = EFFECT_SPI,
    ICMP = EFFECT_ICMP,
    SIZE = EFFECT_SIZE,
    DEVIATION = EFFECT_DEVIATION,
    FORGED = EFFECT_FORGED,
    LOST = EFFECT_LOST,
    EVERYWHERE = EFFECT_EVERYWHERE
};

#define CAUSE(area, when, effects, explains) \
    { \
        AREA_##area, CAUSE_##when, (unsigned)(effects), (unsigned)(explains) \
    }
#define NO_CAUSE(area) \
    { \
        AREA_##area, CAUSE_FROM_WARN, 0, 0 \
    }

const struct check checks[NUM_CHECKS] = {
#define CHECK(name, severity, group, trigger, title, remedy, reference, doc, why, rule) \
    { #name, title, remedy, reference, doc, why, #group, SEV_##severity, trigger, rule },
#include "checks.def"
#undef CHECK
};
const unsigned num_checks = NUM_CHECKS;

const char *
severity_name(enum severity s)
{
    static const char *const names[] = { "chat", "note", "warning", "error" };

    return names[s];
}
