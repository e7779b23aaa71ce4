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

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    behind_one_nat(&c);
    phase1_again(&c);
    return conversation_done(&c);
}
