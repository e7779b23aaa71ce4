/* kinds.h - tunnels that have the same causes are told once, and so is what is said of IKE SAs.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_REPORT_KINDS_H
#define ESPIAL_REPORT_KINDS_H

#include <espial/report.h>

/* Tunnels with the same verdict and the same causes. */
struct tunnel_kind {
    const struct tunnel *first;
    GPtrArray *others;          /* of const struct tunnel */
};

/* The tunnels of which something is wrong, by kind, the worst first.  The caller frees the array,
 * which owns the kinds. */
GPtrArray *tunnel_kinds(const struct report *r);
/* IKE SAs of whose strength the same is said. */
struct hygiene_kind {
    const struct hygiene *first;
    GArray *others;             /* of uint32_t, ids of IKE SAs, rising */
};

/* What is said of strength, in order of the capture, where it has that severity at least.  The
 * caller frees the array, which owns the kinds. */
GPtrArray *hygiene_kinds(const struct report *r, enum severity least);
/* Others might have caused what is seen: then it helps to know which did not. */
bool diagnosis_is_open(const struct diagnosis *d);

#endif
