/* checks.h - the rows of checks.def by name: an index into checks[] and a function each.  Only
 * what names a check includes it: a new row compiles those files again, and no others.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CHECKS_H
#define ESPIAL_CHECKS_H

#include <espial/check.h>

enum check_id {
#define CHECK(name, ...) CHECK_##name,
#include "checks.def"
#undef CHECK
    NUM_CHECKS
};

#define CHECK(name, ...) void check_##name(const struct check_in *in, struct findings *out);
#include "checks.def"
#undef CHECK

#endif
