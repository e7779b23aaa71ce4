/* What takes the place of what in IKEv1, which names no SA that it replaces.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* Two clients behind one NAT: the outer addresses are the same, the port is not. */
static void
behind_one_nat(struct conversation *c)
{
    reset(c);
    v1_tunnel(c, 0, 0);
    c->ike_src_port = 40000;
    for (unsigned n = 0; n < 4; n++) {
        char text[16];
        begin(c, 1, n < 2 ? V1_MAIN : V1_QUICK, n < 2 ? 0 : 21, n % 2 == 0, false);
        as(c, 0x33);
        memset(c->m.spi_r, n == 0 ? 0 : 0x44, 8);
        if (n < 2) {
            propose(c, aes256, 4, PROTO_IKE, 0);
        } else {
            propose(c, esp128, 2, PROTO_ESP, n == 2 ? 0xa0000007 : 0xb0000007);
        }
        g_snprintf(text, sizeof text, "second client %u", n);
        send(c, text, (uint16_t)(30 + n));
    }
    T(sadb_num_child_sas(c->db) == 2 && sadb_child_sa(c->db, 0)->state == CHILD_INSTALLED);
    SILENT(c, sa_rekeyed);
}

/* IKEv1 authenticates anew by another phase 1 between the same two (RFC 2409 section 5.5). */
static void
phase1_again(struct conversation *c)
{
    reset(c);
    for (unsigned again = 0; again < 2; again++) {
        for (unsigned n = 1; n <= 6; n++) {
            char text[16];
            begin(c, 1, V1_MAIN, 0, n % 2, false);
            c->m.encrypted = n > 4;
            as(c, again ? 0x33 : 0x11);
            memset(c->m.spi_r, n == 1 ? 0 : again ? 0x44 : 0x22, 8);
            if (n <= 2) {
                propose(c, aes256, 4, PROTO_IKE, 0);
            }
            g_snprintf(text, sizeof text, "%u mm%u", again, n);
            send(c, text, (uint16_t)(10 * again + n));
        }
    }
    SAYS(c, sa_rekeyed, "IKE SA 0 (phase 1) is replaced by IKE SA 1 after reauthentication.");
    T(sadb_ike_sa(c->db, 0)->state == IKE_REKEYED && sadb_ike_sa(c->db, 0)->rekeyed_by == 1 &&
      sadb_ike_sa(c->db, 1)->rekeys == 0);
    v1_tunnel(c, 0, 0);    /* and a Child SA by another quick mode with the same selectors */
    for (unsigned r = 0; r < 2; r++) {
        begin(c, 1, V1_QUICK, 12, r == 0, false);
        propose(c, esp128, 2, PROTO_ESP, r ? 0xb0000002 : 0xa0000002);
        send(c, r ? "again qm2" : "again qm1", (uint16_t)(13 + r));
    }
    SAYS(c, sa_rekeyed, "Child SA 0 (SPIs a0000001 and b0000001) is replaced by Child SA 1.");
    T(sadb_child_sa(c->db, 0)->state == CHILD_REKEYED && count(c, CHECK_duplicate_child_sa) == 0);
    T(sadb_predecessor(c->db, sadb_child_sa(c->db, 1)) == sadb_child_sa(c->db, 0) &&
      !sadb_predecessor(c->db, sadb_child_sa(c->db, 0)));
    for (unsigned r = 0; r < 2; r++) {              /* other networks are another SA */
        static const uint8_t net[] = { 10, 9, 0, 0, 255, 255, 0, 0 };
        begin(c, 1, V1_QUICK, 13, r == 0, false);
        propose(c, esp128, 2, PROTO_ESP, r ? 0xb0000003 : 0xa0000003);
        c->m.id_i = c->m.id_r = (struct ike_id){ .present = true, .inner = true,
                                                 .type = ID_IPV4_ADDR_SUBNET, .data = { net, 8 } };
        send(c, r ? "other qm2" : "other qm1", (uint16_t)(23 + r));
    }
    T(sadb_child_sa(c->db, 1)->state == CHILD_INSTALLED &&
      sadb_child_sa(c->db, 2)->rekeys == NO_ID);
}

/* What the last sa_established says: that of the Child SA. */
static const char *
of_child(const struct conversation *c)
{
    const char *said = "";

    for (size_t i = 0; i < findings_count(c->found); i++) {
        if (findings_get(c->found, i)->check == CHECK_sa_established) {
            said = findings_get(c->found, i)->detail;
        }
    }
    return said;
}

/* As a gateway's log has it: which SPI is whose, how long the SA lives, which address was given. */
static void
told_of_child(struct conversation *c)
{
    static const uint8_t bound[] = { 10, 9, 0, 1 };

    for (unsigned kb = 0; kb < 2; kb++) {
        v1_tunnel(c, 3600, kb ? 4608000 : 0);
        T(strstr(of_child(c), "SPI a0000001 to the initiator, b0000001 to the responder"));
        T(strstr(of_child(c), kb ? "; its lifetime is 3600 s or 4608000 KB." :
                                   "; its lifetime is 3600 s."));
    }
    v1_tunnel(c, 0, 4608000);
    T(strstr(of_child(c), "; its lifetime is 4608000 KB."));
    reset(c);
    sa_init(c, aes256, aes256);
    auth_request(c, "0.0.0.0/0", "0.0.0.0/0");
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    c->m.has_auth = true;
    propose(c, esp128, 3, PROTO_ESP, TO_R);
    selectors(c, "10.9.0.1/32", "10.2.0.0/24");
    c->m.cfg_type = CP_REPLY;
    c->m.num_cfg = 1;
    c->m.cfg[0] = (struct ike_cfg_attr){ CFG_INTERNAL_IP4_ADDRESS, { bound, 4 } };
    send(c, "auth!", 4);
    T(strstr(of_child(c), "(10.9.0.1/32 === 10.2.0.0/24, SPI a0000001 to the initiator"));
    T(strstr(of_child(c), "; the initiator was assigned 10.9.0.1 in frame 4."));
    T(!strstr(of_child(c), "lifetime"));            /* IKEv2 negotiates none */
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    behind_one_nat(&c);
    phase1_again(&c);
    told_of_child(&c);
    return conversation_done(&c);
}
