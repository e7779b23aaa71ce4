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
            SAYS(c, auth_failure_suspected, "message 3 begins with AUTH (frame 7), as it does once "
                 "EAP has succeeded");
        } else {
            SAYS(c, auth_failed,
                 "EAP had succeeded before frame 7: the user's credential is right");
        }
        T(strstr(remedy(c, blind ? CHECK_auth_failure_suspected : CHECK_auth_failed),
                 "a limit of sessions for each user") != NULL);
    }
}

/* XAUTH refuses a user; who was let in before, and whether that session stands, comes before the
 * password.  Phase 1 alone lets nobody in. */
static void
xauth_again(struct conversation *c)
{
    static const char *const names[] = { "lisa", "bob" };
    static const uint8_t status[] = { 0, 0, 0, 1 };

    for (unsigned how = 0; how < 4; how++) {    /* 1: another user, 2: never in, 3: ended */
        reset(c);
        for (unsigned n = 0; n < 2; n++) {
            const char *name = names[how == 1 && n];
            for (unsigned i = 1; i <= 11; i++) {
                char octets[16];
                bool quick = i > 8;
                if (quick && (n || how == 2)) {
                    break;
                }
                begin(c, 1, quick ? V1_QUICK : i > 6 ? V1_TRANSACTION : V1_MAIN,
                      i <= 6 ? 0 : quick ? 9 : 5, i <= 6 || quick ? i % 2 : i == 7, false);
                as(c, (uint8_t)(0x31 + n));
                memset(c->m.spi_r, i == 1 ? 0 : (int)(0x41 + n), 8);
                c->m.encrypted = i > 4;
                if (i <= 2) {
                    propose(c, aes256, 4, PROTO_IKE, 0);
                } else if (i == 7) {
                    c->m.cfg_type = CP_REPLY;
                    c->m.num_cfg = 1;
                    c->m.cfg[0] = (struct ike_cfg_attr){
                        .type = CFG_XAUTH_USER_NAME,
                        .value = { (const uint8_t *)name, strlen(name) }
                    };
                } else if (i == 8) {
                    c->m.cfg_type = CP_SET;
                    c->m.num_cfg = 1;
                    c->m.cfg[0] = (struct ike_cfg_attr){ .type = CFG_XAUTH_STATUS,
                                                         .value = { status + 2 * !n, 2 } };
                } else if (quick && i < 11) {
                    propose(c, esp128, 2, PROTO_ESP, i == 9 ? TO_I : TO_R);
                }
                g_snprintf(octets, sizeof octets, "x%u %u", n, i);
                send(c, octets, (uint16_t)(20 * n + i));
            }
            if (!n && how == 3) {
                begin(c, 1, V1_INFORMATIONAL, 77, true, false);
                as(c, 0x31);
                memset(c->m.spi_r, 0x41, 8);
                c->m.num_deletes = 1;
                c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
                send(c, "bye", 19);
            }
        }
        FIRES(c, auth_failed);
        T((strstr(detail(c, CHECK_auth_failed), "The same user was accepted in frame ") != NULL) ==
          (how == 0 || how == 3));
        T((strstr(detail(c, CHECK_auth_failed), "(IKE SA 0) still stands.") != NULL) == (how == 0));
        T(strstr(remedy(c, CHECK_auth_failed), how == 0 ? "one session for each user" :
                 how == 3 ? "what has changed since then" : "Compare the user's name") != NULL);
    }
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    refused_after_eap(&c);
    xauth_again(&c);
    return conversation_done(&c);
}
