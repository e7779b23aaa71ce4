/* Keys that were given against what the capture needs.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* A tunnel whose IKE is read or not, with packets each way. */
static void
tunnel_seen(struct conversation *c, bool ike_read, bool read_r, bool read_i, bool named)
{
    tunnel(c);
    if (!ike_read) {
        reset(c);
        sa_init(c, aes256, aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(c, 2, V2_IKE_AUTH, 1, r == 0, r == 1);
            c->m.readable = false;
            c->m.length = 400;
            send(c, r ? "auth!" : "auth?", (uint16_t)(3 + r));
        }
    }
    for (uint32_t i = 1; i <= 4; i++) {
        struct ipsec_packet to_r = esp_of(TO_R, i), to_i = esp_of(TO_I, i);
        to_r.clear_read = read_r;
        to_i.clear_read = read_i;
        to_r.key_named = to_i.key_named = named;
        ipsec(c, &c->client, &c->gateway, to_r);
        ipsec(c, &c->gateway, &c->client, to_i);
    }
}

static void
ends_with(struct conversation *c, struct key_use use)
{
    sadb_see_keys(c->db, &use);
    end_after(c, 1);
}

static void
all_or_none(struct conversation *c)
{
    tunnel_seen(c, false, false, false, false);
    end_after(c, 1);
    SILENT(c, keys_unused); /* no key was given */
    tunnel_seen(c, true, true, true, true);
    ends_with(c, (struct key_use){ 1, 1, 1, 2, 2, 2 });
    SILENT(c, keys_unused);
    tunnel_seen(c, true, true, true, true); /* a folder of the day's keys */
    ends_with(c, (struct key_use){ 40, 1, 1, 80, 2, 2 });
    SILENT(c, keys_unused);
    tunnel_seen(c, false, false, false, false);
    ends_with(c, (struct key_use){ 2, 0, 0, 4, 0, 0 });
    SAYS(c, keys_unused, "Keys given: 2 IKE, 4 ESP; they decrypt 0 of 1 IKE SA and 0 of 2 ESP "
                         "streams. None of the keys belongs to an SPI in this capture");
    SAYS(c, keys_unused, "Not decrypted: IKE SA 0 (192.0.2.10 with 198.51.100.20), SPI b0000001 to "
                         "198.51.100.20, SPI a0000001 to 192.0.2.10.");
    T(basis_of(c, CHECK_keys_unused) == BASIS_CONFIGURED);
    T(severity_of(c, CHECK_keys_unused) == SEV_NOTE);
    T(the_finding(c, CHECK_keys_unused)->frame == 3);
    T(strstr(the_finding(c, CHECK_keys_unused)->remedy, "of this tunnel at this time"));
}

static void
some(struct conversation *c)
{
    tunnel_seen(c, true, true, false, false);
    ends_with(c, (struct key_use){ 1, 1, 1, 1, 1, 1 });
    SAYS(c, keys_unused, "they decrypt 1 of 1 IKE SA and 1 of 2 ESP streams. No key is given for "
                         "SPI a0000001 to 192.0.2.10.");
    tunnel_seen(c, true, true, false, true); /* no ICV says that they are wrong */
    ends_with(c, (struct key_use){ 1, 1, 1, 2, 2, 1 });
    SAYS(c, keys_unused, "No packet is decrypted by the keys given for SPI a0000001 to "
                         "192.0.2.10.");
    /* Who gives keys of one kind knows that the other stays closed. */
    tunnel_seen(c, false, true, true, true);
    ends_with(c, (struct key_use){ 0, 0, 0, 2, 2, 2 });
    SILENT(c, keys_unused);
    tunnel_seen(c, true, false, false, false);
    ends_with(c, (struct key_use){ 1, 1, 1, 0, 0, 0 });
    SILENT(c, keys_unused);
    tunnel_seen(c, true, false, false, false);
    ends_with(c, (struct key_use){ 1, 1, 0, 2, 0, 0 });
    FIRES(c, keys_unused);
}

/* IKEv1 has no check that could say it: the key stands beside another cookie. */
static void
misplaced(struct conversation *c)
{
    for (unsigned near = 0; near < 2; near++) {
        reset(c);
        for (unsigned i = 0; i < 4; i++) {
            begin(c, 1, V1_MAIN, 0, i % 2 == 0, i > 0);
            c->m.encrypted = i >= 2;
            c->m.readable = i < 2;
            c->m.key_named = true;
            c->m.near.miss = near && i == 2 ? NEAR_OTHER_SPI : NEAR_NOTHING;
            c->m.near.spi = 0x5a5a5a5a;
            if (i < 2) {
                propose(c, aes128, 4, PROTO_IKE, 0);
            }
            send(c, (const char *[]){ "one", "two", "three", "four" }[i], (uint16_t)(i + 2));
        }
        ends_with(c, (struct key_use){ .ike_given = 2, .ike_named = 1 });
        SAYS(c, keys_unused, near ? "which the key given for initiator cookie 5a5a5a5a.. "
                                    "decrypts." :
                                    "IKE SA 0 (192.0.2.10 with 198.51.100.20).");
        T(!strstr(remedy(c, CHECK_keys_unused), "rows of the two cookies") == !near);
    }
}

/* What anybody can send, what the capture cut, and what another row says. */
static void
not_missed(struct conversation *c)
{
    struct ipsec_packet p = esp_of(0x66666666, 1);

    tunnel_seen(c, true, true, true, true);
    ipsec(c, &c->stranger, &c->gateway, p);
    begin(c, 2, V2_INFORMATIONAL, 0, true, false);
    as(c, 0x66);
    c->m.readable = false;
    send(c, "a stranger's", 9);
    ends_with(c, (struct key_use){ 1, 1, 1, 2, 2, 2 });
    SILENT(c, keys_unused);
    for (unsigned cut = 0; cut < 2; cut++) {
        tunnel(c);
        p = esp_of(TO_R, 1);
        p.key_named = true;
        p.cut = cut == 0;
        p.icv = cut ? ICV_BAD : ICV_UNKNOWN;
        ipsec(c, &c->client, &c->gateway, p);
        ends_with(c, (struct key_use){ 1, 1, 1, 1, 1, 0 });
        SILENT(c, keys_unused);
        TOLD(c, wrong_key, cut != 0);
    }
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    all_or_none(&c);
    some(&c);
    misplaced(&c);
    not_missed(&c);
    return conversation_done(&c);
}
