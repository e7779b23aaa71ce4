/* aggregate.c - of several inner packets in one of ESP, the one that is judged.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/sadb.h>

void
sadb_choose_inner(const struct sadb *db, struct ipsec_packet *p, const struct sighting *at,
                  const struct span *payload)
{
    struct span blocks, one;
    bool to_r, any = false;
    const struct child_sa *c =
        sadb_child_at(db, p->protocol, p->spi, &at->dst, at->frame, &to_r);

    for (bool more = aggfrag_begin(&blocks, payload); more && aggfrag_next(&blocks, &one);) {
        struct inner_packet inner;
        if (!inner_packet_read(&inner, one.at, one.len)) {
            continue;
        }
        if (!any || (c && child_admits(c, &inner, to_r) > ADMITTED_PERHAPS)) {
            p->inner = inner;
            any = p->has_inner = p->inner_tunnel = true;
            if (c && child_admits(c, &inner, to_r) > ADMITTED_PERHAPS) {
                return;
            }
        }
    }
}
