/* test_check_clear.c - packets in clear that pass by a tunnel.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static void
clear(struct conversation *c, const char *src, const char *dst, uint8_t protocol, uint16_t port)
{
    struct on_path e = { .p = { .kind = PATH_CLEAR } };

    e.p.clear.protocol = protocol;
    e.p.clear.has_ports = true;
    e.p.clear.src_port = (uint16_t)(40000 + c->frame);
    e.p.clear.dst_port = port;
    T(ip_parse(&e.p.clear.src, src) && ip_parse(&e.p.clear.dst, dst));
    e.at.src = e.p.clear.src;
    e.at.dst = e.p.clear.dst;
    path(c, e);
}

static void
three(struct conversation *c, const char *src, const char *dst)
{
    for (unsigned i = 0; i < 3; i++) {
        clear(c, src, dst, IP_TCP, 80);
    }
}

static void
test_known(struct conversation *c)
{
    const struct finding *f;

    tunnel(c);
    three(c, "192.0.2.10", "10.2.0.1");
    end_after(c, 1);
    SAYS(c, source_nat_before_ipsec, "192.0.2.10 sends packets for 10.2.0.0/24 in clear and from "
                                     "its own address, although Child SA 0");
    f = the_finding(c, CHECK_source_nat_before_ipsec);
    T(f->frames->len == 3 && f->severity == SEV_ERROR && strstr(f->remedy, "masquerade"));
    SILENT(c, cleartext_bypass);

    tunnel(c);    /* the SA only answers */
    packet(c, TO_I, &c->gateway, &c->client, "10.2.0.1", "10.1.0.1", IP_TCP);
    packet(c, TO_R, &c->client, &c->gateway, "10.1.0.1", "10.2.0.1", IP_TCP);
    three(c, "192.0.2.10", "10.2.0.1");
    end_after(c, 1);
    FIRES(c, source_nat_before_ipsec);

    tunnel(c);    /* the other end does it */
    three(c, "198.51.100.20", "10.1.0.7");
    end_after(c, 1);
    SAYS(c, source_nat_before_ipsec, "198.51.100.20 sends packets for 10.1.0.0/24");
}

static void
test_silent(struct conversation *c)
{
    tunnel(c);    /* the policy works, and the gateway itself sends a little */
    packet(c, TO_R, &c->client, &c->gateway, "10.1.0.1", "10.2.0.1", IP_TCP);
    three(c, "192.0.2.10", "10.2.0.1");
    end_after(c, 1);
    SILENT(c, source_nat_before_ipsec);

    tunnel(c);    /* it gets answers: another way leads there */
    three(c, "192.0.2.10", "10.2.0.1");
    three(c, "10.2.0.1", "192.0.2.10");
    end_after(c, 1);
    SILENT(c, source_nat_before_ipsec);

    tunnel(c);    /* split tunnelling; other private networks; the other gateway itself */
    three(c, "192.0.2.10", "203.0.113.66");
    three(c, "192.0.2.10", "10.3.0.1");
    three(c, "192.0.2.10", "198.51.100.20");
    three(c, "192.0.2.77", "10.2.0.1");
    end_after(c, 1);
    SILENT(c, source_nat_before_ipsec);

    tunnel(c);    /* an ICMP error about a packet from there */
    for (unsigned i = 0; i < 3; i++) {
        clear(c, "192.0.2.10", "10.2.0.1", IP_ICMP, ICMP_UNREACHABLE << 8);
    }
    end_after(c, 1);
    SILENT(c, source_nat_before_ipsec);

    reset(c);     /* all traffic is to go into the tunnel: the outer addresses' own does not */
    sa_init(c, aes256, aes256);
    auth_request(c, "10.1.0.0/24", "0.0.0.0/0");
    auth_response(c, "10.1.0.0/24", "0.0.0.0/0");
    three(c, "192.0.2.10", "10.2.0.1");
    end_after(c, 1);
    SILENT(c, source_nat_before_ipsec);
}

/* IKE_AUTH that nobody could read. */
static void
sealed(struct conversation *c)
{
    reset(c);
    sa_init(c, aes256, aes256);
    for (unsigned r = 0; r < 2; r++) {
        begin(c, 2, V2_IKE_AUTH, 1, r == 0, r == 1);
        c->m.readable = false;
        send(c, r ? "auth!" : "auth?", (uint16_t)(3 + r));
    }
    T(sadb_ike_sa(c->db, 0)->state == IKE_ESTABLISHED);
}

static void
test_inferred(struct conversation *c)
{
    sealed(c);
    three(c, "192.0.2.10", "10.2.0.1");
    end_after(c, 1);
    SAYS(c, source_nat_before_ipsec, "sends packets for 10.2.0.1, a private address, in clear");
    T(basis_of(c, CHECK_source_nat_before_ipsec) == BASIS_INFERRED);

    sealed(c);
    three(c, "192.0.2.10", "10.2.0.1");
    three(c, "10.2.0.1", "192.0.2.10");
    three(c, "192.0.2.10", "203.0.113.66");
    end_after(c, 1);
    SILENT(c, source_nat_before_ipsec);
}

/* --- the remote network is the local one ----------------------------------------- */

static void
neighbor(struct conversation *c, const char *src, const char *dst, bool answers, uint64_t link)
{
    struct on_path e = { .p = { .kind = PATH_NEIGHBOR, .neighbor_answers = answers } };

    T(ip_parse(&e.at.src, src) && ip_parse(&e.at.dst, dst));
    e.at.link = link;
    path(c, e);
}

static void
test_neighbors(struct conversation *c)
{
    tunnel(c);
    neighbor(c, "192.0.2.10", "10.2.0.1", false, 0);
    neighbor(c, "192.0.2.10", "10.2.0.1", false, 0);
    end_after(c, 1);
    SAYS(c, remote_network_on_link, "192.0.2.10 looks on its own link for 10.2.0.1, an address of "
                                    "10.2.0.0/24 behind Child SA 0");

    tunnel(c);    /* somebody has it */
    neighbor(c, "192.0.2.10", "10.2.0.1", false, 0);
    neighbor(c, "192.0.2.10", "10.2.0.1", false, 0);
    neighbor(c, "10.2.0.1", "192.0.2.10", true, 0);
    end_after(c, 1);
    SILENT(c, remote_network_on_link);

    tunnel(c);    /* the SA is used */
    neighbor(c, "192.0.2.10", "10.2.0.1", false, 0);
    neighbor(c, "192.0.2.10", "10.2.0.1", false, 0);
    packet(c, TO_R, &c->client, &c->gateway, "10.1.0.1", "10.2.0.1", IP_TCP);
    end_after(c, 1);
    SILENT(c, remote_network_on_link);

    tunnel(c);    /* its own net; another host of the other network */
    neighbor(c, "192.0.2.10", "192.0.2.1", false, 0);
    neighbor(c, "192.0.2.10", "192.0.2.1", false, 0);
    neighbor(c, "10.2.0.7", "10.2.0.1", false, 7);
    neighbor(c, "10.2.0.7", "10.2.0.1", false, 7);
    end_after(c, 1);
    SILENT(c, remote_network_on_link);
}

int
main(void)
{
    struct conversation c;

    conversation_begin(&c);
    test_known(&c);
    test_silent(&c);
    test_inferred(&c);
    test_neighbors(&c);
    return conversation_done(&c);
}
