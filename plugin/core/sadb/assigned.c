/* assigned.c - which IKE SAs have assigned an inner address.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "database.h"

void
sadb_ike_assigned(struct sadb *db, struct ike_sa *sa, const struct ip_addr *addr)
{
    struct sa_key key = store_key(&db->store, 'v', 0, NULL, 0, addr, NULL);

    store_add(&db->store, &key, sa);
}

size_t
sadb_assigned_by(const struct sadb *db, const struct ip_addr *addr, const struct ike_sa **out,
                 size_t max)
{
    struct sa_key key = store_key(&db->store, 'v', 0, NULL, 0, addr, NULL);
    struct walk w = store_walk(&db->store, &key, (uint32_t)max);
    size_t num = 0;

    while ((out[num] = (const struct ike_sa *)walk_next(&w))) {
        if (++num == max) {
            break;
        }
    }
    return num;
}
