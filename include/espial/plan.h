/* plan.h - the analyst's planning sheet: what each peer should negotiate.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_PLAN_H
#define ESPIAL_PLAN_H

#include <espial/addr.h>
#include <espial/suite.h>

/* One group [peer NAME]; what is left out matches anything. */
struct plan_peer {
    char *peer;                 /* identity, or an address in text */
    char *ike, *esp;            /* suites, "AES_CBC_256/HMAC_SHA1_96", or NULL */
    bool has_virtual_ip;
    struct ip_addr virtual_ip;
    size_t num_networks;
    struct selector *networks;
};

struct plan;
struct plan *plan_new(void);            /* an empty one */
void plan_free(struct plan *plan);      /* NULL is allowed */
/* Adds one peer; any text but peer may be NULL or empty.  networks are separated by ';'.  On a
 * bad value returns false with *error (g_free it) and adds nothing. */
bool plan_add(struct plan *plan, const char *peer, const char *ike, const char *esp,
              const char *virtual_ip, const char *networks, char **error);
/* Reads a GLib key file, which must be a regular file (a FIFO may never be written to) of
 * PLAN_MAX_FILE octets at most.  Leaves out groups that cannot be read, each with a line in
 * *messages (g_free it; NULL where all was well) that names the file, the group, what is wrong
 * and what happens now.  Never quotes a file that is no plan: it may hold secrets.  Returns the
 * number of groups read. */
size_t plan_load(struct plan *plan, const char *path, char **messages);
/* The same for text in memory, which messages call name. */
size_t plan_read(struct plan *plan, const char *name, const char *text, size_t len,
                 char **messages);
size_t plan_count(const struct plan *plan);
/* The peer of that identity, else of that address, or NULL; id and addr may be NULL.  Lives as
 * long as the plan. */
const struct plan_peer *plan_find(const struct plan *plan, const char *id,
                                  const struct ip_addr *addr);

#endif
