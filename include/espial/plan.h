/* plan.h - the analyst's planning sheet: what each peer should negotiate.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_PLAN_H
#define ESPIAL_PLAN_H

#include <espial/addr.h>
#include <espial/suite.h>

/* One group [peer NAME]; what is left out matches anything. */
struct plan_peer {
    char *peer;                 /* identity, or an address in text */
    char *ike, *esp;            /* suites in DESIGN notation without prefix, or NULL */
    bool has_virtual_ip;
    struct ip_addr virtual_ip;
    size_t num_networks;
    struct selector *networks;
};

struct plan;
struct plan *plan_new(void);
void plan_free(struct plan *plan);
/* Adds one row; any text but peer may be NULL or empty.  networks is separated by
 * ';'.  On a bad value returns false with *error (g_free it), nothing is added. */
bool plan_add(struct plan *plan, const char *peer, const char *ike, const char *esp,
              const char *virtual_ip, const char *networks, char **error);
/* Reads a GLib key file, which must be a regular file (a FIFO could be waited for without
 * end) of PLAN_MAX_FILE octets at most.  Groups that cannot be read are left out, each with
 * a line in *messages (g_free it; NULL where all was well) that names file, group, what was
 * wrong and what happens now; a file that is no plan is told without quoting it, for it may
 * be one of secrets.  Returns the number of groups read. */
size_t plan_load(struct plan *plan, const char *path, char **messages);
/* The same for text in memory; name stands in messages. */
size_t plan_read(struct plan *plan, const char *name, const char *text, size_t len, char **messages);
size_t plan_count(const struct plan *plan);
/* By identity first, then by address; NULL where the plan is silent. */
const struct plan_peer *plan_find(const struct plan *plan, const char *id, const struct ip_addr *addr);

#endif
