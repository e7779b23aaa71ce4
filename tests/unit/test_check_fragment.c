/* Later fragments inside a tunnel (RFC 4301 section 7 and appendix D.3).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* One that begins at that octet, in an SA with those ports on the responder's side. */
static void
begins_at(struct conversation *c, uint16_t lo, uint16_t hi, uint16_t offset)
{
    struct ipsec_packet p = esp_of(TO_R, 1);

    reset(c);
    sa_init(c, aes256, aes256);
    for (unsigned r = 0; r < 2; r++) {
        begin(c, 2, V2_IKE_AUTH, 1, r == 0, r == 1);
        c->m.has_auth = true;
        propose(c, esp128, 3, PROTO_ESP, r ? TO_R : TO_I);
        selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        c->m.ts_r[0].protocol = IP_TCP;
        c->m.ts_r[0].port_lo = lo;
        c->m.ts_r[0].port_hi = hi;
        notify(c, N2_NON_FIRST_FRAGMENTS_ALSO);
        send(c, r ? "auth!" : "auth?", (uint16_t)(3 + r));
    }
    p.has_inner = p.inner_tunnel = p.clear_read = true;
    p.inner.fragment = offset != 0;
    p.inner.offset = offset;
    p.inner_basis = BASIS_DECRYPTED;
    p.inner.protocol = IP_TCP;
    T(ip_parse(&p.inner.src, "10.1.0.5") && ip_parse(&p.inner.dst, "10.2.0.5"));
    ipsec(c, &c->client, &c->gateway, p);
}

static void
overlaps(struct conversation *c)
{
    begins_at(c, 443, 443, 8);
    SAYS(c, inner_fragment_unmatched,
         "from 10.1.0.5 to 10.2.0.5 starts at octet 8 of its datagram");
    T(strstr(remedy(c, CHECK_inner_fragment_unmatched), "no path requires such small fragments"));
    begins_at(c, 65535, 0, 120);        /* OPAQUE: an SA for fragments alone */
    SAYS(c, inner_fragment_unmatched, "starts at octet 120");
    begins_at(c, 443, 443, 128);
    SILENT(c, inner_fragment_unmatched);
    begins_at(c, 0, 65535, 8);          /* nobody looks at ports */
    SILENT(c, inner_fragment_unmatched);
    begins_at(c, 443, 443, 0);
    T(count(c, CHECK_inner_fragment_unmatched) == 0);
}

/* From the octets: the offset counts in eights. */
static void
from_octets(void)
{
    uint8_t ip[28] = { 0x45, 0, 0, 28, 0, 0, 0x20, 3, 64, IP_TCP, 0, 0, 10, 1, 0, 5, 10, 2, 0, 5 };
    struct inner_packet p;

    T(inner_packet_read(&p, ip, sizeof ip) && p.fragment && p.offset == 24 && !p.has_ports);
    ip[6] = 0x3f;
    ip[7] = 0xff;
    T(inner_packet_read(&p, ip, sizeof ip) && p.offset == 65528);
    ip[6] = 0x20;
    ip[7] = 0;
    T(inner_packet_read(&p, ip, sizeof ip) && !p.fragment && p.offset == 0 && p.has_ports);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    overlaps(&c);
    from_octets();
    return conversation_done(&c);
}
