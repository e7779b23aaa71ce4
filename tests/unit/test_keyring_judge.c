/* Whether octets decrypted without a checksum are payloads of IKEv1.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "keyring_build.h"

#include "judge.h"

/* What would pass for payloads, but for one thing. */
static void
judged(void)
{
    struct chain_rules r = { V1_INFORMATIONAL, V1P_HASH, 16, 20 };
    uint8_t text[48] = { 0, 0, 0, 24 };

    memset(text + 4, 0xc0, 20);
    T(chain_plausible(&r, text, 32)); /* a HASH, and zeros */
    T(!chain_plausible(&r, text, 23)); /* runs past the end */
    text[0] = 77;
    T(!chain_plausible(&r, text, 32)); /* no such payload follows */
    text[0] = 0;
    text[1] = 1;
    T(!chain_plausible(&r, text, 32)); /* reserved */
    text[1] = 0;
    text[3] = 20;
    T(!chain_plausible(&r, text, 32)); /* not the length of the hash */
    text[3] = 24;
    text[26] = 5;
    T(chain_plausible(&r, text, 32)); /* padding may be noise inside a block */
    T(!chain_plausible(&r, text, 48)); /* and no more of it */
    r.first = V1P_NONCE;
    text[3] = 16;
    T(!chain_plausible(&r, text, 16)); /* fits, but so does noise at times */
    r.first = 0;
    T(!chain_plausible(&r, text, 16));
    r.first = V1P_HASH;
    memset(text, 0xee, 24);
    text[26] = 0;
    T(!chain_repair(&r, text, 48)); /* a Delete or a Notify must follow */
    r.exchange = V1_QUICK;
    T(chain_repair(&r, text, 48) && text[0] == 0 && text[3] == 24 && text[4] == 0 &&
      text[16] == 0xee);
    r.exchange = V1_MAIN;
    T(!chain_repair(&r, text, 48));
}

int
main(void)
{
    judged();
    return t_done();
}
