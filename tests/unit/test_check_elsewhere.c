/* test_check_elsewhere.c - answers from an address or a port that was not asked.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static void
ask(struct conversation *c)
{
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "init?", (uint16_t)(c->frame + 1));
}

static void
answer(struct conversation *c, const struct ip_addr *from, const char *octets)
{
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->from = *from;
    send(c, octets, (uint16_t)(c->frame + 100));
}

/* Frames 1 to 6: three times asked, three times answered from the other line. */
static void
ask_thrice(struct conversation *c, const struct ip_addr *from)
{
    reset(c);
    for (unsigned n = 0; n < 3; n++) {
        ask(c);
        answer(c, from, "init!");
        c->now += 2;
    }
}

static void
test_first_answer(struct conversation *c, const struct ip_addr *line)
{
    const struct finding *f;

    ask_thrice(c, line);
    end_after(c, 20);
    SAYS(c, answer_from_other_address,
         "IKE_SA_INIT went to 198.51.100.20 (frame 1), but its answer comes from 198.51.100.21 "
         "(frame 2): 192.0.2.10 does not accept it and sends the request again.");
    f = the_finding(c, CHECK_answer_from_other_address);
    T(f->frames->len == 3 && g_array_index(f->frames, uint32_t, 2) == 6);
    T(f->severity == SEV_ERROR && strstr(f->remedy, "policy route"));
    T(count(c, CHECK_answer_from_other_address) == 1);
    SILENT(c, request_unanswered);
    SILENT(c, retransmission);

    /* The client begins anew each time. */
    reset(c);
    for (uint8_t n = 0; n < 3; n++) {
        begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
        as(c, (uint8_t)(0x40 + n));
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, "init?", (uint16_t)(c->frame + 1));
        begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
        as(c, (uint8_t)(0x40 + n));
        propose(c, aes256, 4, PROTO_IKE, 0);
        c->from = *line;
        send(c, "init!", (uint16_t)(c->frame + 100));
        c->now += 20;
    }
    end_after(c, 1);
    FIRES(c, answer_from_other_address);
    T(count(c, CHECK_answer_from_other_address) == 1);
}

static void
test_first_answer_taken(struct conversation *c, const struct ip_addr *line)
{
    /* It is not asked again: perhaps the answer is taken. */
    reset(c);
    ask(c);
    answer(c, line, "init!");
    end_after(c, 20);
    SILENT(c, answer_from_other_address);

    /* The one that was asked has answered, before or after. */
    for (unsigned before = 0; before < 2; before++) {
        reset(c);
        ask(c);
        answer(c, before ? &c->gateway : line, before ? "init!" : "other");
        answer(c, before ? line : &c->gateway, before ? "other" : "init!");
        ask(c);
        end_after(c, 20);
        SILENT(c, answer_from_other_address);
        T(count(c, CHECK_retransmission) == 1);
    }

    /* The client goes on there. */
    ask_thrice(c, line);
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    c->to = *line;
    send(c, "auth?", 90);
    end_after(c, 20);
    SILENT(c, answer_from_other_address);
    FIRES(c, retransmission);

    /* Both lines are asked, and each answers for itself. */
    reset(c);
    for (uint8_t n = 0; n < 2; n++) {
        for (uint8_t k = 0; k < 2; k++) {
            begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
            as(c, (uint8_t)(0x50 + k));
            propose(c, aes256, 4, PROTO_IKE, 0);
            c->to = k ? *line : c->gateway;
            send(c, k ? "two?" : "one?", (uint16_t)(c->frame + 1));
            begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
            as(c, (uint8_t)(0x50 + k));
            propose(c, aes256, 4, PROTO_IKE, 0);
            c->from = k ? *line : c->gateway;
            send(c, k ? "two!" : "one!", (uint16_t)(c->frame + 1));
        }
        c->now += 4;
    }
    end_after(c, 20);
    SILENT(c, answer_from_other_address);
}

static void
test_port(struct conversation *c)
{
    for (unsigned wrong = 0; wrong < 2; wrong++) {
        reset(c);
        for (unsigned n = 0; n < 2; n++) {
            ask(c);
            c->ike_src_port = wrong ? 1024 : PORT_IKE;
            answer(c, &c->gateway, "init!");
            c->ike_src_port = PORT_IKE;
            c->now += 4;
        }
        end_after(c, 20);
        if (wrong) {
            SAYS(c, answer_from_other_address,
                 "IKE_SA_INIT went to 198.51.100.20 port 500 (frame 1), but its answer comes from "
                 "198.51.100.20 port 1024 (frame 2)");
            T(strstr(the_finding(c, CHECK_answer_from_other_address)->remedy, "source NAT"));
        } else {
            SILENT(c, answer_from_other_address);
        }
    }
}

/* IKE_AUTH leaves with the other line's address. */
static void
test_later_answer(struct conversation *c, const struct ip_addr *line)
{
    for (unsigned elsewhere = 0; elsewhere < 2; elsewhere++) {
        reset(c);
        sa_init(c, aes256, aes256);
        for (unsigned n = 0; n < 3; n++) {
            auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
            begin(c, 2, V2_IKE_AUTH, 1, false, true);
            c->m.readable = false;
            if (elsewhere) {
                c->from = *line;
            }
            send(c, "auth!", (uint16_t)(60 + n));
            c->now += 4;
        }
        end_after(c, 20);
        if (elsewhere) {
            SAYS(c, answer_from_other_address,
                 "IKE_AUTH went to 198.51.100.20 (frame 3), but its answer comes from "
                 "198.51.100.21 (frame 4)");
            SILENT(c, retransmission);
            SILENT(c, address_updated);
            SILENT(c, ike_from_new_address);
        } else {
            SILENT(c, answer_from_other_address);
        }
    }
}

static void
test_v1(struct conversation *c, const struct ip_addr *line)
{
    for (unsigned elsewhere = 0; elsewhere < 2; elsewhere++) {
        reset(c);
        for (unsigned n = 0; n < 3; n++) {
            begin(c, 1, V1_MAIN, 0, true, false);
            propose(c, aes256, 4, PROTO_IKE, 0);
            send(c, "mm1", (uint16_t)(c->frame + 1));
            begin(c, 1, V1_MAIN, 0, false, false);
            propose(c, aes256, 4, PROTO_IKE, 0);
            c->from = elsewhere ? *line : c->gateway;
            send(c, "mm2", (uint16_t)(c->frame + 1));
            c->now += 4;
        }
        end_after(c, 20);
        if (elsewhere) {
            SAYS(c, answer_from_other_address, "went to 198.51.100.20 (frame 1), but its answer "
                                               "comes from 198.51.100.21 (frame 2)");
            SILENT(c, request_unanswered);
        } else {
            SILENT(c, answer_from_other_address);
        }
    }
}

/* MOBIKE asks one question on several paths; each answers for itself (RFC 4555 section 3.10). */
static void
test_probes(struct conversation *c, const struct ip_addr *line)
{
    tunnel(c);
    for (unsigned n = 0; n < 4; n++) {
        begin(c, 2, V2_INFORMATIONAL, 2, true, false);
        c->to = n % 2 ? *line : c->gateway;
        send(c, "probe?", (uint16_t)(60 + n));
        c->now += n % 2 ? 4 : -0.45;
    }
    begin(c, 2, V2_INFORMATIONAL, 2, false, true);
    c->from = *line;
    send(c, "probe!", 70);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    send(c, "probe?", 71);
    end_after(c, 5);
    SILENT(c, answer_from_other_address);
}

int
main(void)
{
    struct conversation c;
    struct ip_addr line;

    conversation_begin(&c);
    T(ip_parse(&line, "198.51.100.21"));
    test_first_answer(&c, &line);
    test_first_answer_taken(&c, &line);
    test_port(&c);
    test_later_answer(&c, &line);
    test_v1(&c, &line);
    test_probes(&c, &line);
    return conversation_done(&c);
}
