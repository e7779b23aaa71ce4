/* What a message's protection proves, and which messages need it.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

#include <espial/event.h>

static void
order(void)
{
    T(STANDING_UNLAWFUL < STANDING_CLAIMED && STANDING_CLAIMED < STANDING_PROTECTED &&
      STANDING_PROTECTED < STANDING_AUTHENTICATED);
}

static void
protections(void)
{
    static const struct { struct protection p; enum standing is; } rows[] = {
        { { .demanded = false }, STANDING_CLAIMED },
        { { .demanded = true }, STANDING_UNLAWFUL },
        /* clear text needs no key, and no key makes it more */
        { { .demanded = true, .readable = true, .verified = true }, STANDING_UNLAWFUL },
        { { .demanded = true, .encrypted = true }, STANDING_PROTECTED },
        { { .demanded = false, .encrypted = true }, STANDING_PROTECTED },
        /* IKEv1 has no checksum of its own: opened is not verified */
        { { .demanded = true, .encrypted = true, .readable = true }, STANDING_PROTECTED },
        { { .demanded = true, .encrypted = true, .readable = true, .verified = true },
          STANDING_AUTHENTICATED },
        { { .demanded = true, .encrypted = true, .verified = true }, STANDING_PROTECTED },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        T(standing_of(&rows[i].p) == rows[i].is);
    }
}

/* exchange, number of messages before, IKE SA established: protection is demanded. */
static void
exchanges(void)
{
    static const struct {
        uint8_t major, exchange;
        size_t before;
        bool established, demanded;
    } rows[] = {
        { 2, V2_IKE_SA_INIT, 0, false, false },
        { 2, V2_IKE_SA_INIT, 1, false, false },
        { 2, V2_IKE_SESSION_RESUME, 1, false, false },
        { 2, V2_IKE_INTERMEDIATE, 0, false, true },
        { 2, V2_IKE_AUTH, 0, false, true },
        { 2, V2_IKE_AUTH, 1, true, true },
        { 2, V2_CREATE_CHILD_SA, 0, true, true },
        { 2, V2_INFORMATIONAL, 0, false, true },
        { 2, V2_INFORMATIONAL, 0, true, true },
        { 1, V1_MAIN, 3, false, false },
        { 1, V1_MAIN, 4, false, true },
        { 1, V1_MAIN, 5, false, true },
        { 1, V1_AGGRESSIVE, 2, false, false },
        { 1, V1_INFORMATIONAL, 0, false, false },
        { 1, V1_INFORMATIONAL, 0, true, true },
        { 1, V1_QUICK, 0, true, true },
        { 1, V1_NEW_GROUP, 0, true, true },
        { 1, V1_TRANSACTION, 0, true, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct ike_message one = { .major = rows[i].major, .exchange = rows[i].exchange };
        T(ike_demands_protection(&one, rows[i].before, rows[i].established) == rows[i].demanded);
        one.fragment = 1;       /* a fragment of IKEv1 goes in clear, what it is part of does not */
        T(ike_demands_protection(&one, rows[i].before, rows[i].established) ==
          (rows[i].demanded && rows[i].major == 2));
    }
}

/* Main Mode in clear, by what it holds: what opens it may come again, who proves himself is
 * encrypted. */
static void
main_mode(void)
{
    for (size_t before = 0; before <= 6; before++) {
        struct ike_message m = { .major = 1, .exchange = V1_MAIN, .sa_count = 1 };
        T(!ike_demands_protection(&m, before, false));
        m = (struct ike_message){ .major = 1, .exchange = V1_MAIN, .has_ke = true };
        T(!ike_demands_protection(&m, before, true));
        m = (struct ike_message){ .major = 1, .exchange = V1_MAIN, .id_i.present = true };
        T(ike_demands_protection(&m, before, false));
        m = (struct ike_message){ .major = 1, .exchange = V1_MAIN, .has_auth = true };
        T(ike_demands_protection(&m, before, false));
    }
}

/* RFC 7296 section 1.5: a node that was restarted knows neither SA nor keys. */
static void
outside_an_sa(void)
{
    static const struct { uint8_t exchange, flags; uint16_t notify; bool demanded; } rows[] = {
        { V2_INFORMATIONAL, FLAG_RESPONSE, N2_INVALID_IKE_SPI, false },
        { V2_CREATE_CHILD_SA, FLAG_RESPONSE, N2_INVALID_MAJOR_VERSION, false },
        { V2_INFORMATIONAL, 0, N2_INVALID_SPI, false },
        { V2_INFORMATIONAL, 0, N2_INVALID_IKE_SPI, true },      /* an answer only */
        { V2_IKE_AUTH, FLAG_RESPONSE, N2_AUTHENTICATION_FAILED, true },
        { V2_CREATE_CHILD_SA, 0, N2_INVALID_SPI, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct ike_message one = { .major = 2, .exchange = rows[i].exchange, .flags = rows[i].flags,
                                   .num_notifies = 1 };
        one.notifies[0].type = rows[i].notify;
        T(ike_demands_protection(&one, 0, true) == rows[i].demanded);
        T(ike_is_denial(&one) == !rows[i].demanded);
        one.num_notifies = 2;   /* and nothing else */
        one.notifies[1].type = N2_AUTHENTICATION_FAILED;
        T(ike_demands_protection(&one, 0, true) && !ike_is_denial(&one));
    }
    /* IKEv1: RFC 2408 section 5.2 */
    struct ike_message v1 = { .major = 1, .exchange = V1_INFORMATIONAL, .num_notifies = 1 };
    v1.notifies[0].type = N1_INVALID_COOKIE;
    T(!ike_demands_protection(&v1, 0, true) && ike_is_denial(&v1));
    v1.notifies[0].type = N1_AUTHENTICATION_FAILED;
    T(ike_demands_protection(&v1, 0, true) && !ike_is_denial(&v1));
    T(!ike_demands_protection(&v1, 0, false));
}

static enum standing
standing(const struct conversation *c, uint32_t exchange, uint32_t message)
{
    const struct ike_sa *sa = sadb_ike_sa(c->db, 0);

    return (enum standing)sa->exchanges.at[exchange]->messages.at[message].standing;
}

/* Each message of a conversation keeps its own; a clear one among protected ones is not kept. */
static void
conversation(struct conversation *c)
{
    struct ike_event e;

    tunnel(c);
    T(standing(c, 0, 0) == STANDING_CLAIMED && standing(c, 0, 1) == STANDING_CLAIMED);
    T(standing(c, 1, 0) == STANDING_AUTHENTICATED && standing(c, 1, 1) == STANDING_AUTHENTICATED);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    c->m.readable = false;
    send(c, "nobody has the keys", 60);
    T(standing(c, 2, 0) == STANDING_PROTECTED);
    begin(c, 2, V2_INFORMATIONAL, 3, true, false);
    c->m.encrypted = false;
    send_event(c, &e, "in clear", 61);
    T(e.standing == STANDING_UNLAWFUL && e.sa == sadb_ike_sa(c->db, 0) && !e.message);
    T(e.sa->exchanges.len == 3);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    order();
    protections();
    exchanges();
    main_mode();
    outside_an_sa();
    conversation(&c);
    return conversation_done(&c);
}
