/* bound.c - what the planning sheet binds to a peer, where another address is in use.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "words/bound.h"

bool
plan_binds_otherwise(const struct check_in *in, struct bound_otherwise *out,
                     const struct endpoint *from, const struct ip_addr *src)
{
    const struct plan_peer *peer = plan_find(in->plan, from->id, &from->addr);
    char addr[ADDR_TEXT_MAX], bound[ADDR_TEXT_MAX], who[ID_TEXT_MAX];

    if (!peer || !peer->has_virtual_ip || peer->virtual_ip.family != src->family ||
        ip_equal(&peer->virtual_ip, src) || plan_has_network(peer, src)) {
        return false;
    }
    ip_print(src, addr, sizeof addr);
    ip_print(&peer->virtual_ip, bound, sizeof bound);
    endpoint_print(from, who, sizeof who);
    g_snprintf(out->text, sizeof out->text,
               ", but the plan binds %s to %s; a gateway that follows the plan drops the packet.",
               bound, who);
    g_snprintf(out->remedy, sizeof out->remedy,
               "Give the client the virtual address %s, or bind %s to %s on the gateway; both ends "
               "must use the same address.",
               bound, addr, who);
    return true;
}
