/* Answers to IKE requests that nobody sent.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* The n-th gateway of many. */
static struct ip_addr
gateway_at(unsigned n)
{
    const uint8_t bytes[4] = { 198, 51, 100, (uint8_t)n };

    return ip_from(4, bytes);
}

enum said { CHOOSES, REFUSES, GOES_ON };

static void
answer(struct conversation *c, uint8_t major, unsigned n, uint8_t cookie, enum said said)
{
    char octets[32];

    if (major == 2) {
        begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    } else {
        begin(c, 1, said == REFUSES ? V1_INFORMATIONAL : V1_MAIN, 0, false, false);
    }
    as(c, cookie);
    c->from = gateway_at(n);
    if (said == REFUSES) {
        memset(c->m.spi_r, 0, 8);
        notify(c, N1_INVALID_MAJOR_VERSION);
    } else if (said == CHOOSES) {
        propose(c, aes256, 4, PROTO_IKE, 0);
    } else {
        c->m.has_ke = true;
        c->m.encrypted = major == 2;
    }
    g_snprintf(octets, sizeof octets, "%u %u %u", n, cookie, said);
    send_soon(c, &c->from, &c->to, octets, (uint16_t)(c->frame + 1));
}

/* Six gateways, or fewer, answer the client. */
static void
many(struct conversation *c, uint8_t major, unsigned gateways, enum said said)
{
    reset(c);
    for (unsigned n = 1; n <= gateways; n++) {
        answer(c, major, n, (uint8_t)n, said);
    }
}

static void
from_many(struct conversation *c)
{
    for (uint8_t major = 1; major <= 2; major++) {
        for (unsigned said = CHOOSES; said <= REFUSES; said++) {
            many(c, major, 6, (enum said)said);
            end_after(c, 20);
            SAYS(c, unsolicited_answers,
                 "192.0.2.10 receives 6 IKE answers from 198.51.100.1 and 5 other addresses");
            T(basis_of(c, CHECK_unsolicited_answers) == BASIS_INFERRED);
            T(the_finding(c, CHECK_unsolicited_answers)->frames->len == 6);
            /* one finding for all, and nothing else */
            T(findings_count(c->found) == 1);
            SILENT(c, ikev1_in_use);
            SILENT(c, error_notify);
        }
    }
    many(c, 1, 3, CHOOSES);
    end_after(c, 20);
    SILENT(c, unsolicited_answers);
}

/* Ten answers of one gateway within a moment, and over minutes. */
static void
from_one(struct conversation *c)
{
    for (unsigned slow = 0; slow < 2; slow++) {
        reset(c);
        for (unsigned n = 1; n <= 10; n++) {
            answer(c, 1, 20, (uint8_t)n, CHOOSES);
            c->now += slow * 10;
        }
        end_after(c, 20);
        TOLD(c, unsolicited_answers, !slow);
        if (!slow) {
            SAYS(c, unsolicited_answers, "10 IKE answers from 198.51.100.20 (the first is");
        }
    }
}

/* The client has asked each gateway once; or the capture has one direction, and they go on. */
static void
lawful(struct conversation *c)
{
    reset(c);
    for (unsigned n = 1; n <= 6; n++) {
        begin(c, 1, V1_MAIN, 0, true, false);
        as(c, (uint8_t)(0x40 + n));
        c->to = gateway_at(n);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, (const char[]){ 'q', (char)('0' + n), 0 }, (uint16_t)n);
        answer(c, 1, n, (uint8_t)n, CHOOSES);
    }
    end_after(c, 20);
    SILENT(c, unsolicited_answers);
    many(c, 1, 6, CHOOSES);
    for (unsigned n = 1; n <= 6; n++) {
        answer(c, 1, n, (uint8_t)n, GOES_ON);
        begin(c, 1, V1_MAIN, 0, false, false);
        as(c, (uint8_t)n);
        c->from = gateway_at(n);
        c->m.encrypted = true;
        c->m.readable = false;
        send(c, (const char[]){ 'm', (char)('0' + n), 0 }, (uint16_t)n);
    }
    end_after(c, 20);
    SILENT(c, unsolicited_answers);
    /* requests that nobody answers are none */
    reset(c);
    for (unsigned n = 1; n <= 6; n++) {
        begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
        as(c, (uint8_t)n);
        c->to = gateway_at(n);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, (const char[]){ 'r', (char)('0' + n), 0 }, (uint16_t)n);
    }
    end_after(c, 20);
    SILENT(c, unsolicited_answers);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    from_many(&c);
    from_one(&c);
    lawful(&c);
    return conversation_done(&c);
}
