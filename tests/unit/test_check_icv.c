/* Integrity checks that fail, of IKE and of ESP: damage, or a wrong key.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static void
wrong_keys(void)
{
    tunnel();
    end_after(1);
    SILENT(ike_icv_bad);
    tunnel();
    begin(2, V2_INFORMATIONAL, 2, true, false);
    m.readable = false;
    m.integrity_wrong = true;
    send("damaged", 5);
    end_after(1);
    SAYS(ike_icv_bad, "1 of the 3 encrypted messages");
    T(count(CHECK_wrong_key) == 0);
}

static void
integrity_of_streams(void)
{
    struct ipsec_packet p = esp_of(TO_R, 1);

    tunnel();
    p.icv = ICV_GOOD;
    ipsec(&client, &gateway, p);
    end_after(1);
    SILENT(icv_bad);
    SILENT(wrong_key);
    tunnel();
    p = esp_of(TO_R, 1);
    p.icv = ICV_BAD;
    ipsec(&client, &gateway, p);
    p = esp_of(TO_R, 2);
    p.icv = ICV_GOOD;
    ipsec(&client, &gateway, p);
    end_after(1);
    SAYS(icv_bad, "1 packet of SPI b0000001 fails the integrity check; 1 pass it");
    SILENT(wrong_key);
    tunnel();
    p = esp_of(TO_R, 1);
    p.icv = ICV_BAD;
    ipsec(&client, &gateway, p);
    end_after(1);
    FIRES(wrong_key);
}

int
main(void)
{
    conversation_begin();
    wrong_keys();
    integrity_of_streams();
    return conversation_done();
}
