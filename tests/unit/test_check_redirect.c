/* Clients that are sent to another gateway.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* A try of the client with that gateway, which is sent away. */
static void
try_at(struct conversation *c, const struct ip_addr *gateway, uint8_t spi, bool away)
{
    static const uint8_t to[] = { 1, 4, 203, 0, 113, 66 };
    char text[32];

    for (unsigned answer = 0; answer < 2; answer++) {
        begin(c, 2, V2_IKE_SA_INIT, 0, !answer, answer);
        as(c, spi);
        *(answer ? &c->from : &c->to) = *gateway;
        if (answer && away) {
            memset(c->m.spi_r, 0, 8);
            notify_with(c, N2_REDIRECT, to, sizeof to);
        } else {
            propose(c, aes256, 4, PROTO_IKE, 0);
        }
        g_snprintf(text, sizeof text, "init %u %u", spi, answer);
        send(c, text, (uint16_t)(2 * spi + answer));
    }
}

static void
before_an_sa(struct conversation *c)
{
    reset(c);    /* it follows */
    try_at(c, &c->gateway, 0x31, true);
    try_at(c, &c->stranger, 0x32, false);
    end_after(c, 60);
    FIRES(c, redirected);
    SILENT(c, redirect_not_followed);
    reset(c);    /* the capture is at the first gateway, or ends */
    try_at(c, &c->gateway, 0x31, true);
    end_after(c, 60);
    SILENT(c, redirect_not_followed);
    reset(c);
    try_at(c, &c->gateway, 0x31, true);
    c->now += 5;
    try_at(c, &c->gateway, 0x32, true);
    end_after(c, 60);
    SAYS(c, redirect_not_followed, "198.51.100.20 redirects 192.0.2.10 to another gateway (frame "
                                   "2), but the client connects again to 198.51.100.20 (frame 3).");
    reset(c);    /* from one to the other and back */
    try_at(c, &c->gateway, 0x31, true);
    try_at(c, &c->stranger, 0x32, true);
    try_at(c, &c->gateway, 0x33, true);
    end_after(c, 60);
    SAYS(c, redirect_not_followed, "in frame 6 as before in frame 2");
    T(count(c, CHECK_redirect_not_followed) == 1);
}

/* The gateway asks, and the client stays, or goes. */
static void
in_an_sa(struct conversation *c)
{
    static const uint8_t to[] = { 1, 4, 203, 0, 113, 66 };

    for (unsigned stays = 0; stays < 2; stays++) {
        tunnel(c);
        begin(c, 2, V2_INFORMATIONAL, 0, false, false);
        notify_with(c, N2_REDIRECT, to, sizeof to);
        send(c, "away", 20);
        begin(c, 2, V2_INFORMATIONAL, 0, true, true);
        send(c, "ok", 21);
        c->now += stays ? 40 : 1;
        begin(c, 2, V2_INFORMATIONAL, 2, true, false);
        send(c, "alive?", 22);
        end_after(c, 60);
        if (stays) {
            SAYS(c, redirect_not_followed, "the client still uses 198.51.100.20 (INFORMATIONAL");
        } else {
            SILENT(c, redirect_not_followed);
        }
    }
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    before_an_sa(&c);
    in_an_sa(&c);
    return conversation_done(&c);
}
