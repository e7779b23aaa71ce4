/* sessions.h - whole IKE SAs of several users, places and ends, with and without keys.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_SESSIONS_H
#define ESPIAL_SESSIONS_H

#include "conversation.h"

/* One IKE SA.  spi makes it, its Child SA and its messages its own. */
struct session {
    uint8_t spi;
    const char *user;           /* IDi, NULL: not sent */
    const char *asked, *given;  /* IDr of the request and of the answer, NULL */
    const struct ip_addr *place;        /* of the initiator, NULL: the client's */
    const char *ts_i, *ts_r;    /* NULL: 10.1.0.0/24 and 10.2.0.0/24 */
    uint16_t port;              /* of the initiator, 0: 4500 */
    bool blind;                 /* no keys */
    bool from_gateway;          /* the gateway begins it */
    bool contact;               /* INITIAL_CONTACT */
    bool per_resource;          /* SA_RESOURCE_INFO */
};

static inline struct ike_id
named(const char *text)
{
    return (struct ike_id){ .present = text != NULL, .inner = true, .type = ID_FQDN,
                            .data = { (const uint8_t *)text, text ? strlen(text) : 0 } };
}

/* A message of s that put() gives away. */
static inline void
take(struct conversation *c, const struct session *s, uint8_t exchange, uint32_t id,
     bool from_initiator, bool response)
{
    struct ip_addr i = s->place ? *s->place : c->client, r = c->gateway;

    if (s->from_gateway) {
        r = i;
        i = c->gateway;
    }
    begin(c, 2, exchange, id, from_initiator, response);
    memset(c->m.spi_i, s->spi, 8);
    if (exchange != V2_IKE_SA_INIT || response) {
        memset(c->m.spi_r, s->spi + 1, 8);
    }
    c->from = from_initiator ? i : r;
    c->to = from_initiator ? r : i;
    c->ike_src_port = from_initiator && s->port ? s->port : PORT_NATT;
    c->ike_dst_port = !from_initiator && s->port ? s->port : PORT_NATT;
    c->m.readable = !c->m.encrypted || !s->blind;
}

/* Some seconds after the last one. */
static inline void
put(struct conversation *c, double seconds)
{
    char text[64];

    c->now += seconds - 0.5;
    g_snprintf(text, sizeof text, "%02x %u %u %d %u", c->m.spi_i[0], c->m.exchange,
               c->m.message_id, c->m.flags, c->m.num_deletes ? c->m.deletes[0].protocol : 0);
    send(c, text, (uint16_t)(c->frame + 100));
}

static inline void
session_init(struct conversation *c, const struct session *s)
{
    for (unsigned r = 0; r < 2; r++) {
        take(c, s, V2_IKE_SA_INIT, 0, r == 0, r == 1);
        propose(c, aes256, 4, PROTO_IKE, 0);
        put(c, 0.05);
    }
}

static inline void
session_auth(struct conversation *c, const struct session *s, unsigned r)
{
    take(c, s, V2_IKE_AUTH, 1, r == 0, r == 1);
    if (!s->blind) {
        c->m.has_auth = true;
        c->m.auth_method = AUTH2_PSK;
        c->m.id_i = named(r ? NULL : s->user);
        c->m.id_r = named(r ? s->given : s->asked);
        propose(c, esp128, 3, PROTO_ESP, (r ? 0xb0000000u : 0xa0000000u) + s->spi);
        selectors(c, s->ts_i ? s->ts_i : "10.1.0.0/24", s->ts_r ? s->ts_r : "10.2.0.0/24");
        if (s->contact && !r) {
            notify(c, N2_INITIAL_CONTACT);
        }
        if (s->per_resource) {
            notify(c, N2_SA_RESOURCE_INFO);
        }
    } else {
        c->m.inner_first = r ? V2P_IDR : V2P_IDI;
    }
    put(c, 0.05);
}

static inline void
session_up(struct conversation *c, const struct session *s)
{
    session_init(c, s);
    session_auth(c, s, 0);
    session_auth(c, s, 1);
}

/* The Delete of the IKE SA, some seconds after what came last, and its answer. */
static inline void
session_down(struct conversation *c, const struct session *s, bool by_initiator, double seconds)
{
    static const struct ike_delete all = { .protocol = PROTO_IKE, .inner = true };
    uint32_t id = by_initiator ? 2 : 0;

    take(c, s, V2_INFORMATIONAL, id, by_initiator, false);
    if (!s->blind) {
        c->m.num_deletes = 1;
        c->m.deletes[0] = all;
    } else {
        c->m.inner_first = V2P_DELETE;
    }
    c->m.length = 80;
    put(c, seconds);
    take(c, s, V2_INFORMATIONAL, id, !by_initiator, true);
    c->m.length = 80;
    put(c, 0.01);
}

/* Packets of the SA, there and back. */
static inline void
session_carries(struct conversation *c, const struct session *s, unsigned there, unsigned back)
{
    struct ip_addr i = s->from_gateway ? c->gateway : s->place ? *s->place : c->client;
    struct ip_addr r = s->from_gateway ? c->client : c->gateway;

    for (unsigned n = 0; n < MAX(there, back); n++) {
        if (n < there) {
            packet(c, (s->blind ? 0xd0000000u : 0xb0000000u) + s->spi, &i, &r, NULL, NULL, 0);
        }
        if (n < back) {
            packet(c, (s->blind ? 0xc0000000u : 0xa0000000u) + s->spi, &r, &i, NULL, NULL, 0);
        }
    }
}

#endif
