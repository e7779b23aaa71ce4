/* plan.h - the analyst's planning sheet: what each peer should negotiate.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_PLAN_H
#define ESPIAL_PLAN_H

#include <espial/addr.h>
#include <espial/suite.h>

/* One group [peer NAME]; what is left out matches anything. */
struct plan_peer {
    char *peer;                 /* identity, or an address in text */
    char *ike, *esp;            /* suites, "AES_CBC_256/HMAC_SHA1_96", any of which will do,
                                 * separated by ','; or NULL */
    bool has_virtual_ip;
    struct ip_addr virtual_ip;
    size_t num_networks;
    struct selector *networks;
    char *id, *other;           /* identities of the peer and of its other end, or NULL */
    enum plan_auth { PLAN_AUTH_ANY, PLAN_AUTH_PSK, PLAN_AUTH_PUBKEY, PLAN_AUTH_EAP,
                     PLAN_AUTH_XAUTH } auth;            /* how the peer proves who it is */
    enum plan_mode { PLAN_MODE_ANY, PLAN_MODE_TUNNEL, PLAN_MODE_TRANSPORT } mode;
    enum plan_pfs { PLAN_PFS_ANY, PLAN_PFS_NO, PLAN_PFS_YES, PLAN_PFS_GROUP } pfs;
    uint16_t pfs_group;         /* with PLAN_PFS_GROUP */
    uint32_t ike_lifetime, lifetime;    /* seconds, of phase 1 and of quick mode; 0 */
};
const char *plan_auth_name(enum plan_auth a);           /* "psk" .., as in a plan */

struct plan;
struct plan *plan_new(void);            /* an empty one */
void plan_free(struct plan *plan);      /* NULL is allowed */
/* Adds one peer; any text but peer may be NULL or empty.  networks are separated by ';'.  On a
 * bad value returns false with *error (g_free it) and adds nothing. */
bool plan_add(struct plan *plan, const char *peer, const char *ike, const char *esp,
              const char *virtual_ip, const char *networks, char **error);
/* Reads a GLib key file, which must be a regular file (a FIFO may never be written to) of
 * PLAN_MAX_FILE octets at most.  Leaves out groups and keys that cannot be read, each with a line
 * in *messages (g_free it; NULL where all was well) that names the file, its line, the group, what
 * is wrong and what happens now.  Never quotes a file that is no plan: it may hold secrets.
 * Returns the number of groups of which something was read. */
size_t plan_load(struct plan *plan, const char *path, char **messages);
/* The same for text in memory, which messages call name. */
size_t plan_read(struct plan *plan, const char *name, const char *text, size_t len,
                 char **messages);
size_t plan_count(const struct plan *plan);
const struct plan_peer *plan_peer_at(const struct plan *plan, size_t i);        /* i < plan_count */
/* The peer of that identity, else of that address, or NULL; id and addr may be NULL.  Lives as
 * long as the plan. */
const struct plan_peer *plan_find(const struct plan *plan, const char *id,
                                  const struct ip_addr *addr);
/* a is in one of the peer's networks. */
bool plan_has_network(const struct plan_peer *peer, const struct ip_addr *a);

#endif
