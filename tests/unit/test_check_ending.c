/* Who ends an IKE SA, how soon and how often: each check beside what lawfully looks most like it.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "sessions.h"

static const struct session lisa = { .spi = 0x10, .user = "lisa", .given = "gw" };

static struct session
again(struct session s, unsigned n)
{
    s.spi = (uint8_t)(s.spi + 2 * n);
    return s;
}

static void
at_once(struct conversation *c)
{
    reset(c);                                   /* once: a note that says who and what */
    session_up(c, &lisa);
    session_down(c, &lisa, true, 0.1);
    end_after(c, 60);
    SAYS(c, closed_at_once, "lisa (192.0.2.10), the initiator, deletes IKE SA 0 in frame 5, 100 ms "
         "after it came up and before any ESP. In frame 4 the initiator received no address, and "
         "the selectors 10.1.0.0/24 === 10.2.0.0/24.");
    T(severity_of(c, CHECK_closed_at_once) == SEV_NOTE);
    SILENT(c, flapping);
    for (unsigned blind = 0; blind < 2; blind++) {      /* and again */
        reset(c);
        for (unsigned n = 0; n < 3; n++) {
            struct session s = again(lisa, n);
            s.blind = blind;
            session_up(c, &s);
            session_down(c, &s, n != 2 || blind, 0.1);
            c->now += 2;
        }
        end_after(c, 60);
        T(count(c, CHECK_closed_at_once) == (blind ? 1u : 2u) &&
          severity_of(c, CHECK_closed_at_once) == SEV_WARN);
        SAYS(c, closed_at_once, blind ? "3 times between these two ends, the last time in frame "
                                        "17" :
                                        "2 times between these two ends, the last time in frame "
                                        "11");
        T(basis_of(c, CHECK_closed_at_once) == (blind ? BASIS_INFERRED : BASIS_DECRYPTED));
    }
    reset(c);                                   /* by the gateway */
    session_up(c, &lisa);
    session_down(c, &lisa, false, 0.3);
    end_after(c, 60);
    SAYS(c, closed_at_once, "gw (198.51.100.20), the responder, deletes IKE SA 0");
}

/* Lawful ends that come soon. */
static void
at_once_for_a_reason(struct conversation *c)
{
    struct session other = again(lisa, 1), blind = lisa, redirected = lisa;

    reset(c);                                   /* after some traffic */
    session_up(c, &lisa);
    session_carries(c, &lisa, 1, 1);
    session_down(c, &lisa, true, 0.1);
    end_after(c, 60);
    SILENT(c, closed_at_once);
    reset(c);                                   /* after some time */
    session_up(c, &lisa);
    session_down(c, &lisa, true, 5);
    end_after(c, 60);
    SILENT(c, closed_at_once);
    reset(c);                                   /* both ends began: the second one stays */
    session_up(c, &lisa);
    other.from_gateway = true;
    other.user = "gw";
    other.given = "lisa";
    session_up(c, &other);
    session_down(c, &lisa, true, 0.1);
    end_after(c, 60);
    SILENT(c, closed_at_once);
    reset(c);                                   /* authenticated anew before the first ends */
    other = again(lisa, 1);
    session_up(c, &lisa);
    session_up(c, &other);
    session_down(c, &lisa, true, 0.1);
    end_after(c, 60);
    SILENT(c, closed_at_once);
    reset(c);                                   /* sent elsewhere */
    session_init(c, &redirected);
    session_auth(c, &redirected, 0);
    take(c, &redirected, V2_IKE_AUTH, 1, false, true);
    c->m.has_auth = true;
    notify(c, N2_REDIRECT);
    put(c, 0.1);
    session_down(c, &redirected, true, 0.1);
    end_after(c, 60);
    SILENT(c, closed_at_once);
    reset(c);                                   /* its Child SA was refused */
    session_init(c, &lisa);
    session_auth(c, &lisa, 0);
    take(c, &lisa, V2_IKE_AUTH, 1, false, true);
    c->m.has_auth = true;
    notify(c, N2_TS_UNACCEPTABLE);
    put(c, 0.1);
    session_down(c, &lisa, true, 0.1);
    end_after(c, 60);
    SILENT(c, closed_at_once);
    reset(c);                                   /* a Child SA's Delete is answered by a Delete */
    blind.blind = true;
    session_up(c, &blind);
    take(c, &blind, V2_INFORMATIONAL, 2, true, false);
    c->m.inner_first = V2P_DELETE;
    put(c, 0.1);
    take(c, &blind, V2_INFORMATIONAL, 2, false, true);
    c->m.inner_first = V2P_DELETE;
    put(c, 0.1);
    end_after(c, 60);
    SILENT(c, closed_at_once);
    reset(c);                                   /* and after this one the SA goes on */
    session_up(c, &blind);
    session_down(c, &blind, true, 0.1);
    take(c, &blind, V2_INFORMATIONAL, 3, true, false);
    put(c, 1);
    end_after(c, 60);
    SILENT(c, closed_at_once);
    T(!sadb_ike_sa(c->db, 0)->deleted_in);
}

/* The beginning was not captured: nobody knows how old the SA is. */
static void
captured_late(struct conversation *c)
{
    struct session blind = lisa;

    blind.blind = true;
    reset(c);
    take(c, &blind, V2_CREATE_CHILD_SA, 5, true, false);
    put(c, 0.1);
    take(c, &blind, V2_CREATE_CHILD_SA, 5, false, true);
    put(c, 0.1);
    session_down(c, &blind, true, 0.1);
    end_after(c, 60);
    SILENT(c, closed_at_once);
}

/* IKEv1 has no first payload that tells: only a custom tells what its Informational may be. */
static void
at_once_v1(struct conversation *c)
{
    for (unsigned times = 1; times <= 3; times++) {
        reset(c);
        for (unsigned t = 0; t < times; t++) {
            for (unsigned n = 1; n <= 7; n++) {
                bool last = n == 7;
                char text[32];
                begin(c, 1, last ? V1_INFORMATIONAL : V1_MAIN, last ? 77 : 0, n % 2, false);
                as(c, (uint8_t)(0x31 + t));
                memset(c->m.spi_r, n == 1 ? 0 : (int)(0x41 + t), 8);
                c->m.encrypted = n > 4;
                c->m.readable = n <= 4;
                if (n <= 2) {
                    propose(c, aes256, 4, PROTO_IKE, 0);
                }
                g_snprintf(text, sizeof text, "%u of %u", n, t);
                c->now -= 0.4;
                send(c, text, (uint16_t)(20 * t + n));
            }
            c->now += 3;
        }
        end_after(c, 60);
        TOLD(c, closed_at_once, times > 1);
    }
    T(strstr(detail(c, CHECK_closed_at_once), "frame 7 looks like a Delete, because nothing "
                                              "follows in this SA"));
}

static void
comes_and_goes(struct conversation *c)
{
    for (unsigned blind = 0; blind < 2; blind++) {
        reset(c);
        for (unsigned n = 0; n < 4; n++) {
            struct session s = again(lisa, n);
            s.blind = blind;
            session_up(c, &s);
            session_carries(c, &s, 1, 1);
            session_down(c, &s, n % 2, 3);
        }
        end_after(c, 60);
        SAYS(c, flapping, "deleted 4 times within 17 s: ");
        SAYS(c, flapping, "deletes 2 of them, ");
        SAYS(c, flapping, "frames 7 by the responder, 15 by the initiator, 23 by the responder, 31 "
             "by the initiator");
        T(the_finding(c, CHECK_flapping)->count == 4 &&
          basis_of(c, CHECK_flapping) == (blind ? BASIS_INFERRED : BASIS_DECRYPTED));
    }
    reset(c);                                   /* twice in a day */
    for (unsigned n = 0; n < 4; n++) {
        struct session s = again(lisa, n);
        session_up(c, &s);
        session_carries(c, &s, 1, 1);
        session_down(c, &s, true, 3);
        c->now += 3600;
    }
    end_after(c, 60);
    SILENT(c, flapping);
    reset(c);                                   /* the next one is up before the last one goes */
    session_up(c, &lisa);
    for (unsigned n = 1; n < 5; n++) {
        struct session old = again(lisa, n - 1), s = again(lisa, n);
        session_carries(c, &old, 1, 1);
        session_up(c, &s);
        session_down(c, &old, true, 3);
    }
    end_after(c, 60);
    SILENT(c, flapping);
    SILENT(c, closed_at_once);
    reset(c);                                   /* three users of one NAT */
    for (unsigned n = 0; n < 4; n++) {
        static const char *const users[] = { "lisa", "bob", "eve", "tom" };
        struct session s = again(lisa, n);
        s.user = users[n];
        s.port = (uint16_t)(40000 + n);
        session_up(c, &s);
        session_carries(c, &s, 1, 1);
        session_down(c, &s, true, 3);
    }
    end_after(c, 60);
    SILENT(c, flapping);
}

/* --- the identity of the responder --------------------------------------------------------- */

static void
is_somebody_else(struct conversation *c)
{
    static const struct {
        const char *asked, *given, *says;       /* NULL: silent */
        bool stays;
    } cases[] = {
        { NULL, "172.30.20.83", "identifies itself as 172.30.20.83 (frame 4), but the initiator "
                                "reached 198.51.100.20; lisa (192.0.2.10) then deletes the IKE SA "
                                "immediately (frame 5).", false },
        { "gw", "other", "identifies itself as other (frame 4), but the initiator requested gw "
                         "(frame 3)",
          false },
        { "gw", "gw", NULL, false },
        { NULL, "198.51.100.20", NULL, false },
        { NULL, "gw", NULL, false },
        { NULL, "172.30.20.83", NULL, true },   /* behind a NAT, and its client knows it */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct session s = lisa;
        s.asked = cases[i].asked;
        s.given = cases[i].given;
        reset(c);
        session_up(c, &s);
        if (cases[i].stays) {
            session_carries(c, &s, 2, 2);
        }
        session_down(c, &s, true, cases[i].stays ? 10 : 0.01);
        end_after(c, 60);
        if (cases[i].says) {
            SAYS(c, responder_id_unexpected, cases[i].says);
        } else {
            SILENT(c, responder_id_unexpected);
        }
        T(count(c, CHECK_closed_at_once) == (!cases[i].says && !cases[i].stays));
    }
    T(!strcmp(sadb_ike_sa(c->db, 0)->responder.id, "172.30.20.83"));
}

/* A responder refuses at once: it may have no connection of the identity that it is asked for. */
static void
asks_for_nobody(struct conversation *c)
{
    for (unsigned known = 0; known < 2; known++) {
        struct session s = lisa, t = again(lisa, 1);
        s.asked = "gw.corp.example";
        t.user = "bob";
        t.given = "gw.corp.example";
        reset(c);
        if (known) {                            /* another client was answered by that name */
            session_up(c, &t);
        }
        session_init(c, &s);
        session_auth(c, &s, 0);
        take(c, &s, V2_IKE_AUTH, 1, false, true);
        notify(c, N2_AUTHENTICATION_FAILED);
        put(c, 0.05);
        FIRES(c, auth_failed);
        T((strstr(detail(c, CHECK_auth_failed),
                  "The request names the responder gw.corp.example (frame 3).") == NULL) ==
          (known != 0));
    }
}

/* What the remedy puts before the credential, by what the request proves and who refuses. */
static void
identity_before_key(struct conversation *c)
{
    static const struct {
        uint8_t method, method_r;               /* 0: no AUTH, the initiator wants EAP */
        const char *asked, *says, *remedy;
        bool by_initiator;
    } cases[] = {
        { 0, 0, "vpn", "frame 3, EAP). The request names the responder vpn (frame 3). The "
          "initiator wants to use EAP, but the gateway rejects it before it requests the user's "
          "credential.",
          "own identity is vpn and that accepts the initiator's identity with EAP", false },
        { 0, 0, NULL, "before it requests the user's credential",
          "a connection that accepts this identity with EAP", false },
        { AUTH2_DIGITAL_SIGNATURE, 0, "vpn", "request names the responder vpn (frame 3)",
          "without one it rejects any credential. Then check the log", false },
        { AUTH2_PSK, AUTH2_PSK, NULL, "The responder has accepted the initiator's authentication "
          "with the pre-shared key.", "Check whether the initiator expects the identity gw", true },
        { AUTH2_DIGITAL_SIGNATURE, AUTH2_DIGITAL_SIGNATURE, NULL,
          "rejects the authentication of gw", "Check whether the initiator expects the identity gw",
          true },
        { AUTH2_PSK, AUTH2_PSK, "gw", "rejects the authentication of gw",
          "Compare the pre-shared key", true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct session s = lisa;
        s.asked = cases[i].asked;
        reset(c);
        session_init(c, &s);
        for (unsigned r = 0; r < 2; r++) {
            take(c, &s, V2_IKE_AUTH, 1, r == 0, r == 1);
            c->m.auth_method = r ? cases[i].method_r : cases[i].method;
            c->m.has_auth = c->m.auth_method != 0;
            c->m.id_i = named(r ? NULL : s.user);
            c->m.id_r = named(r ? cases[i].method_r ? s.given : NULL : s.asked);
            propose(c, esp128, 3, PROTO_ESP, 0xa0000010 + r);
            selectors(c, "10.1.0.0/24", "10.2.0.0/24");
            if (r && !cases[i].by_initiator) {
                notify(c, N2_AUTHENTICATION_FAILED);
            }
            put(c, 0.05);
        }
        if (cases[i].by_initiator) {
            take(c, &s, V2_INFORMATIONAL, 2, true, false);
            notify(c, N2_AUTHENTICATION_FAILED);
            put(c, 0.05);
        }
        SAYS(c, auth_failed, cases[i].says);
        T(strstr(remedy(c, CHECK_auth_failed), cases[i].remedy) != NULL);
    }
}

/* The initiator of IKEv1 leaves where it is its turn to ask: it has only learnt who the responder
 * is.  Where it has asked for something, that may be why. */
static void
leaves_after_main_mode(struct conversation *c)
{
    static const struct ike_delete all = { .protocol = PROTO_IKE, .inner = true };

    for (unsigned asks = 0; asks < 2; asks++) {
        reset(c);
        for (unsigned n = 1; n <= 8; n++) {
            bool last = n == 8, quick = n == 7;
            char text[16];
            if (quick && !asks) {
                continue;
            }
            begin(c, 1, last ? V1_INFORMATIONAL : quick ? V1_QUICK : V1_MAIN,
                  last ? 78 : quick ? 77 : 0, last || n % 2, false);
            memset(c->m.spi_r, n == 1 ? 0 : 0x22, 8);
            c->m.encrypted = n > 4;
            if (n <= 2) {
                propose(c, aes256, 4, PROTO_IKE, 0);
            } else if (n == 5 || n == 6) {
                c->m.id_i = named(n == 5 ? "lisa" : "gw");
            } else if (last) {
                c->m.num_deletes = 1;
                c->m.deletes[0] = all;
            }
            g_snprintf(text, sizeof text, "m%u", n);
            c->now -= 0.4;
            send(c, text, (uint16_t)n);
        }
        end_after(c, 60);
        FIRES(c, closed_at_once);
        T((strstr(detail(c, CHECK_closed_at_once), "the responder's identity gw (frame 6). "
                                                   "Suggests that it expects a different "
                                                   "identity.") != NULL) == !asks);
        T((strstr(remedy(c, CHECK_closed_at_once), "Set the responder's own identity") != NULL) ==
          !asks);
    }
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    at_once(&c);
    at_once_for_a_reason(&c);
    captured_late(&c);
    at_once_v1(&c);
    comes_and_goes(&c);
    is_somebody_else(&c);
    asks_for_nobody(&c);
    identity_before_key(&c);
    leaves_after_main_mode(&c);
    return conversation_done(&c);
}
