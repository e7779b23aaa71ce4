/* Why somebody is refused whose credential is right, or was: after EAP, beside an older session.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* The initiator proves itself, which it does once EAP has succeeded, and is refused yet. */
static void
refused_after_eap(struct conversation *c)
{
    for (unsigned blind = 0; blind < 2; blind++) {
        static const uint8_t first[] = { V2P_IDI, V2P_IDR, V2P_EAP, V2P_EAP, V2P_AUTH,
                                         V2P_NOTIFY };
        reset(c);
        sa_init(c, aes256, aes256);
        for (unsigned i = 0; i < 6; i++) {
            char octets[16];
            begin(c, 2, V2_IKE_AUTH, 1 + i / 2, i % 2 == 0, i % 2 == 1);
            c->m.readable = !blind;
            c->m.inner_first = first[i];
            if (i == 5) {
                c->m.length = 80;
            } else if (!blind && i) {
                c->m.eap_code = (uint8_t)(i == 1 ? EAP_REQUEST : i == 2 ? EAP_RESPONSE :
                                          i == 3 ? EAP_SUCCESS : 0);
                c->m.eap_type = EAPT_IDENTITY;
                c->m.has_auth = i == 4;
            }
            if (i == 5 && !blind) {
                notify(c, N2_AUTHENTICATION_FAILED);
            }
            g_snprintf(octets, sizeof octets, "eap %u", i);
            send(c, octets, (uint16_t)(10 + i));
        }
        if (blind) {
            SILENT(c, auth_failed);
            SAYS(c, auth_failure_suspected, "message 3 starts with AUTH (frame 7), as after a "
                                            "successful EAP");
        } else {
            SAYS(c, auth_failed,
                 "EAP had succeeded before frame 7: the user's credential is right");
        }
        T(strstr(remedy(c, blind ? CHECK_auth_failure_suspected : CHECK_auth_failed),
                 "a limit of sessions for each user") != NULL);
    }
}

/* The content of one of the first eleven messages: main mode, the user's name, whether it is
 * right, quick mode. */
static void
fill(struct conversation *c, unsigned i, const char *name, bool right)
{
    static const uint8_t yes[] = { 0, 1 }, no[] = { 0, 0 };

    c->m.encrypted = i > 4;
    if (i <= 2) {
        propose(c, aes256, 4, PROTO_IKE, 0);
    } else if (i == 7 || i == 8) {
        c->m.cfg_type = i == 7 ? CP_REPLY : CP_SET;
        c->m.num_cfg = 1;
        c->m.cfg[0] = (struct ike_cfg_attr){ .type = CFG_XAUTH_USER_NAME,
                                             .value = { (const uint8_t *)name, strlen(name) } };
        if (i == 8) {
            c->m.cfg[0] = (struct ike_cfg_attr){ .type = CFG_XAUTH_STATUS,
                                                 .value = { right ? yes : no, 2 } };
        }
    } else if (i == 9 || i == 10) {
        propose(c, esp128, 2, PROTO_ESP, i == 9 ? TO_I : TO_R);
    }
}

/* Phase 1, XAUTH, and a quick mode where it is wanted. */
static void
logs_in(struct conversation *c, unsigned n, const char *name, bool right, bool quick)
{
    for (unsigned i = 1; i <= (quick ? 11u : 8u); i++) {
        bool main = i <= 6;
        char octets[16];
        begin(c, 1, main ? V1_MAIN : i > 8 ? V1_QUICK : V1_TRANSACTION, main ? 0 : i > 8 ? 9 : 5,
              i % 2, false);
        as(c, (uint8_t)(0x31 + n));
        memset(c->m.spi_r, i == 1 ? 0 : (int)(0x41 + n), 8);
        fill(c, i, name, right);
        g_snprintf(octets, sizeof octets, "x%u %u", n, i);
        send(c, octets, (uint16_t)(20 * n + i));
    }
}

/* XAUTH refuses a user; who was let in before, and whether that session stands, comes before the
 * password.  Phase 1 alone lets nobody in. */
static void
xauth_again(struct conversation *c)
{
    static const struct {
        const char *name, *remedy;              /* of the one let in before */
        bool quick, ended;
    } cases[] = {
        { "lisa", "one session for each user", true, false },
        { "bob", "Compare the user's name", true, false },
        { "lisa", "Compare the user's name", false, false },    /* never let in */
        { "lisa", "what has changed since then", true, true },
    };

    for (unsigned how = 0; how < G_N_ELEMENTS(cases); how++) {
        reset(c);
        logs_in(c, 0, cases[how].name, true, cases[how].quick);
        if (cases[how].ended) {
            begin(c, 1, V1_INFORMATIONAL, 77, true, false);
            as(c, 0x31);
            memset(c->m.spi_r, 0x41, 8);
            c->m.num_deletes = 1;
            c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
            send(c, "bye", 19);
        }
        SILENT(c, auth_failed);
        logs_in(c, 1, "lisa", false, false);
        FIRES(c, auth_failed);
        T((strstr(detail(c, CHECK_auth_failed), "The same user was accepted in frame ") != NULL) ==
          (how == 0 || how == 3));
        T((strstr(detail(c, CHECK_auth_failed), "(IKE SA 0) is still up.") != NULL) == (how == 0));
        T(strstr(remedy(c, CHECK_auth_failed), cases[how].remedy) != NULL);
    }
}

/* Of a capture of one direction nothing is said of the other. */
static void
one_direction(struct conversation *c)
{
    for (unsigned address = 0; address < 2; address++) {
        reset(c);
        begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, "init!", 1);
        begin(c, 2, V2_IKE_AUTH, 1, false, true);
        notify(c, address ? N2_FAILED_CP_REQUIRED : N2_AUTHENTICATION_FAILED);
        send(c, "no", 2);
        if (address) {
            SAYS(c, address_assignment_failed, "192.0.2.10 did not request one "
                                               "(FAILED_CP_REQUIRED).");
        } else {
            SAYS(c, auth_failed, "in frame 2; the request was not captured)");
        }
    }
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    refused_after_eap(&c);
    xauth_again(&c);
    one_direction(&c);
    return conversation_done(&c);
}
