/* Integrity checks that fail, of IKE and of ESP: damage, or a wrong key.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static void
wrong_keys(struct conversation *c)
{
    tunnel(c);
    end_after(c, 1);
    SILENT(c, ike_icv_bad);
    tunnel(c);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    c->m.readable = false;
    c->m.integrity_wrong = true;
    send(c, "damaged", 5);
    end_after(c, 1);
    SAYS(c, ike_icv_bad, "1 of the 3 encrypted messages");
    T(count(c, CHECK_wrong_key) == 0);
}

static void
integrity_of_streams(struct conversation *c)
{
    struct ipsec_packet p = esp_of(TO_R, 1);

    tunnel(c);
    p.icv = ICV_GOOD;
    ipsec(c, &c->client, &c->gateway, p);
    end_after(c, 1);
    SILENT(c, icv_bad);
    SILENT(c, wrong_key);
    tunnel(c);
    p = esp_of(TO_R, 1);
    p.icv = ICV_BAD;
    ipsec(c, &c->client, &c->gateway, p);
    p = esp_of(TO_R, 2);
    p.icv = ICV_GOOD;
    ipsec(c, &c->client, &c->gateway, p);
    end_after(c, 1);
    SAYS(c, icv_bad, "1 packet of SPI b0000001 fails the integrity check; 1 pass it");
    SILENT(c, wrong_key);
    tunnel(c);
    p = esp_of(TO_R, 1);
    p.icv = ICV_BAD;
    ipsec(c, &c->client, &c->gateway, p);
    end_after(c, 1);
    FIRES(c, wrong_key);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    wrong_keys(&c);
    integrity_of_streams(&c);
    return conversation_done(&c);
}
