/* The analyst's plan against what is negotiated and sent: by identity and by address, of either
 * end (RFC 4301 section 4.4.1: the policy that both ends should hold).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static void
planned_by_address(struct conversation *c)
{
    char *error = NULL;

    reset(c);
    T(plan_add(c->plan, "192.0.2.10", "AES_CBC_128", NULL, "10.1.0.9", NULL, &error));
    T(!plan_add(c->plan, "x", "ROT13", NULL, NULL, NULL, &error) && strstr(error, "ROT13"));
    g_free(error);
    sa_init(c, aes256, aes256);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
    SAYS(c, plan_mismatch, "AES_CBC_256");
    packet(c, TO_R, &c->client, &c->gateway, "10.1.0.5", "10.2.0.5", IP_TCP);
    SAYS(c, virtual_ip_violation, "the plan binds 10.1.0.9");
    T(basis_of(c, CHECK_virtual_ip_violation) == BASIS_CONFIGURED);
}

static void
planned(struct conversation *c, const char *peer, const char *ike, const char *esp, const char *ip,
        const char *networks)
{
    char *error = NULL;

    T(plan_add(c->plan, peer, ike, esp, ip, networks, &error));
    g_free(error);
}

/* A tunnel whose client has told who it is. */
static void
client_tunnel(struct conversation *c, const char *ts_i, const char *ts_r)
{
    sa_init(c, aes256, aes256);
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    c->m.has_auth = true;
    c->m.auth_method = AUTH2_PSK;
    c->m.id_i = (struct ike_id){ .present = true, .inner = true, .type = ID_FQDN,
                                 .data = { (const uint8_t *)"lisa", 4 } };
    propose(c, esp128, 3, PROTO_ESP, TO_I);
    selectors(c, ts_i, ts_r);
    send(c, "auth?", 3);
    auth_response(c, ts_i, ts_r);
}

static void
suites(struct conversation *c)
{
    const struct finding *f;

    reset(c);    /* as planned, in every part that the plan has */
    planned(c, "lisa", "AES_CBC_256/PRF_HMAC_SHA2_256", "AES_CBC_128/HMAC_SHA2_256_128", "10.1.0.9",
            "10.2.0.0/16");
    client_tunnel(c, "10.1.0.0/24", "10.2.0.0/24");
    SILENT(c, plan_mismatch);

    reset(c);                                       /* of somebody else nothing is said */
    planned(c, "bob", "DES_CBC", "DES_CBC", "10.7.0.1", "10.9.0.0/24");
    planned(c, "203.0.113.66", "DES_CBC", "DES_CBC", NULL, NULL);
    client_tunnel(c, "10.1.0.0/24", "10.2.0.0/24");
    T(count(c, CHECK_plan_mismatch) == 0);

    reset(c);                                       /* the gateway is planned, by its address */
    planned(c, "198.51.100.20", "AES_CBC_128", NULL, NULL, NULL);
    client_tunnel(c, "10.1.0.0/24", "10.2.0.0/24");
    SAYS(c, plan_mismatch, "198.51.100.20 negotiates "
         "IKE:AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048 (frame 2); the plan for "
         "198.51.100.20 has IKE:AES_CBC_128.");
    f = the_finding(c, CHECK_plan_mismatch);
    T(f && f->basis == BASIS_CONFIGURED && f->frame == 4 && f->ike_sa == 0 && f->child_sa == NO_ID);

    reset(c);                                       /* phase 1 fits, the Child SA does not */
    planned(c, "lisa", "AES_CBC_256", "AES_GCM_16_128", NULL, NULL);
    client_tunnel(c, "10.1.0.0/24", "10.2.0.0/24");
    SAYS(c, plan_mismatch, "lisa negotiates ESP:AES_CBC_128/HMAC_SHA2_256_128/NO_EXT_SEQ (frame "
         "4); the plan for lisa has ESP:AES_GCM_16_128.");
    f = the_finding(c, CHECK_plan_mismatch);
    T(count(c, CHECK_plan_mismatch) == 1 && f && f->child_sa == 0 && f->frame == 4);
}

/* The selectors of the Child SA: the address bound to the client, the networks that it may
 * reach. */
static void
networks(struct conversation *c)
{
    reset(c);
    planned(c, "lisa", NULL, NULL, "10.86.152.186", NULL);
    client_tunnel(c, "10.86.152.188", "10.2.0.0/24");
    SAYS(c, plan_mismatch,
         "lisa negotiates the selector 10.86.152.188/32; the plan binds 10.86.152.186 to this "
         "peer.");
    T(count(c, CHECK_plan_mismatch) == 1);

    reset(c);
    planned(c, "lisa", NULL, NULL, NULL, "10.2.0.0/24;10.3.0.0/16");
    client_tunnel(c, "10.1.0.0/24", "10.2.0.128-10.2.1.5");
    SAYS(c, plan_mismatch,
         "lisa negotiates access to 10.2.0.128-10.2.1.5, which is in no network of its plan.");
    reset(c);
    planned(c, "lisa", NULL, NULL, NULL, "10.2.0.0/24;10.3.0.0/16");
    client_tunnel(c, "10.1.0.0/24", "10.3.7.0/24");
    T(count(c, CHECK_plan_mismatch) == 0);

    reset(c);                                       /* a retransmission is no second negotiation */
    planned(c, "lisa", NULL, NULL, "10.86.152.186", NULL);
    client_tunnel(c, "10.86.152.188", "10.2.0.0/24");
    send(c, "auth!", 40);
    T(the_finding(c, CHECK_plan_mismatch)->count == 1);
}

/* The article's third story: the address that the gateway binds to the user is in the plan
 * alone. */
static void
inner_addresses(struct conversation *c)
{
    const struct finding *f;

    reset(c);
    planned(c, "lisa", NULL, NULL, "10.86.152.186", "10.86.160.0/24");
    client_tunnel(c, "10.86.152.0-10.86.160.255", "10.2.0.0/24");
    packet(c, TO_R, &c->client, &c->gateway, "10.86.152.186", "10.2.0.5", IP_TCP);
    /* a network of its own, planned */
    packet(c, TO_R, &c->client, &c->gateway, "10.86.160.7", "10.2.0.5", IP_TCP);
    /* the gateway's side is not bound */
    packet(c, TO_I, &c->gateway, &c->client, "10.2.0.5", "10.86.152.188", IP_TCP);
    SILENT(c, virtual_ip_violation);
    packet(c, TO_R, &c->client, &c->gateway, "10.86.152.188", "10.2.0.5", IP_TCP);
    packet(c, TO_R, &c->client, &c->gateway, "10.86.152.188", "10.2.0.6", IP_TCP);
    SAYS(c, virtual_ip_violation,
         "Inner source 10.86.152.188 in SPI b0000001, but the plan binds 10.86.152.186 to lisa");
    f = the_finding(c, CHECK_virtual_ip_violation);
    T(f && f->count == 2 && f->frame == 8 && f->basis == BASIS_CONFIGURED &&
      f->severity == SEV_ERROR);
    T(f && strstr(f->remedy, "Give the client the virtual address 10.86.152.186, or bind "
                  "10.86.152.188 to lisa"));
}

/* A refusal that the plan explains, and one that it does not (RFC 7296 section 2.7). */
static void
refusals(struct conversation *c)
{
    reset(c);
    planned(c, "198.51.100.20", "AES_CBC_256", NULL, NULL, NULL);
    sa_init(c, aes256, NULL);
    SAYS(c, no_proposal_chosen, "198.51.100.20 refuses IKE_SA_INIT of frame 1: "
         "offered IKE:AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048, which is what the "
         "plan says.");
    reset(c);
    planned(c, "198.51.100.20", NULL, "AES_CBC_128", NULL, NULL);  /* of phase 1 it says nothing */
    sa_init(c, aes256, NULL);
    SAYS(c, no_proposal_chosen, "does not show what it would accept");
}

/* The plan for the client, one key beside its name. */
static void
planned_as(struct conversation *c, const char *peer, const char *line)
{
    char *messages = NULL, *text = g_strdup_printf("[peer %s]\n%s\n", peer, line);

    reset(c);
    T(plan_read(c->plan, "plan", text, strlen(text), &messages) == 1 && !messages);
    g_free(messages);
    g_free(text);
}

/* What the tunnel of client_tunnel keeps to, and what not. */
static void
more_keys(struct conversation *c)
{
    static const struct {
        const char *line, *says;
    } table[] = {
        { "auth = psk", NULL }, { "auth = pubkey", "authenticates with psk; the plan has pubkey." },
        { "auth = eap", "the plan has eap" }, { "id = lisa", NULL },
        { "id = bob", "lisa identifies itself this way in frame 3; the plan has the identity "
                      "bob." },
        { "mode = tunnel", NULL },
        { "mode = transport", "negotiates tunnel mode; the plan has transport mode." },
        { "pfs = modp2048", NULL },             /* the first Child SA has the IKE SA's */
        { "esp = aes128-sha256-modp2048", NULL }, { "lifetime = 1h", NULL },
        { "esp = aes256-sha256,aes128-sha256", NULL },
        { "esp = aes256-sha256,aes192-sha256", "the plan for lisa has ESP:AES_CBC_256/" },
        { "ike = aes256-sha256-modp2048", NULL },
        { "ike = aes256-sha384-modp2048", "HMAC_SHA2_384_192/PRF_HMAC_SHA2_384/MODP_2048." },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        planned_as(c, "lisa", table[i].line);
        client_tunnel(c, "10.1.0.0/24", "10.2.0.0/24");
        TOLD(c, plan_mismatch, table[i].says != NULL);
        if (table[i].says) {
            SAYS(c, plan_mismatch, table[i].says);
        }
        end_after(c, 1);
        SILENT(c, plan_unmatched);
    }
}

/* IKEv1 negotiates lifetimes, and PFS is in every quick mode (RFC 2409 section 5.5). */
static void
first_version(struct conversation *c)
{
    static const struct {
        const char *line, *says;
    } table[] = {
        { "auth = psk\nike_lifetime = 28800\nlifetime = 3600\npfs = no", NULL },
        { "auth = xauth", "authenticates with psk; the plan has xauth." },
        { "ike_lifetime = 1h",
          "a lifetime of 28800 seconds for phase 1 (frame 2); the plan has 3600." },
        { "lifetime = 8h", "a lifetime of 3600 seconds for the Child SA" },
        { "pfs = yes", "negotiates no PFS (frame " },
        { "pfs = ecp256", "the plan has ECP_256." },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        planned_as(c, "192.0.2.10", table[i].line);
        for (unsigned n = 0; n < 6; n++) {
            begin(c, 1, V1_MAIN, 0, n % 2 == 0, n % 2 != 0);
            if (n < 2) {
                propose(c, aes256, 4, PROTO_IKE, 0);
                c->m.proposals[0].attr.life_s = 28800;
            }
            c->m.encrypted = n >= 4;
            c->m.has_auth = n >= 4;
            char text[8];
            g_snprintf(text, sizeof text, "mm%u", n);
            send(c, text, (uint16_t)n);
        }
        for (unsigned n = 0; n < 3; n++) {
            begin(c, 1, V1_QUICK, 7, n % 2 == 0, n % 2 != 0);
            if (n < 2) {
                propose(c, esp128, 2, PROTO_ESP, n ? TO_R : TO_I);
                c->m.proposals[0].attr.life_s = 3600;
            }
            char text[8];
            g_snprintf(text, sizeof text, "qm%u", n);
            send(c, text, (uint16_t)(10 + n));
        }
        TOLD(c, plan_mismatch, table[i].says != NULL);
        if (table[i].says) {
            SAYS(c, plan_mismatch, table[i].says);
        }
    }
}

/* A peer that never occurs, one that hides its name, one of whom only the beginning was read. */
static void
unmatched(struct conversation *c)
{
    planned_as(c, "bob", "esp = aes128");
    client_tunnel(c, "10.1.0.0/24", "10.2.0.0/24");
    end_after(c, 1);
    SAYS(c, plan_unmatched, "bob of the plan is not a peer of any IKE SA in this capture");
    T(basis_of(c, CHECK_plan_unmatched) == BASIS_CONFIGURED &&
      severity_of(c, CHECK_plan_unmatched) == SEV_NOTE);
    for (unsigned by_name = 0; by_name < 2; by_name++) {
        planned_as(c, by_name ? "lisa" : "192.0.2.10", "esp = aes128");
        sa_init(c, aes256, aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(c, 2, V2_IKE_AUTH, 1, r == 0, r == 1);
            c->m.readable = false;
            send(c, r ? "auth!" : "auth?", (uint16_t)(3 + r));
        }
        end_after(c, 1);
        SAYS(c, plan_unmatched,
             by_name ? "lisa of the plan was not found; 1 IKE SA in this capture hides" :
                       "192.0.2.10 was compared with IKE_SA_INIT only: frames 3 to 4 are");
    }
    /* What is refused in clear has been compared with nothing, and says why itself. */
    planned_as(c, "192.0.2.10", "esp = aes128");
    sa_init(c, aes256, NULL);
    end_after(c, 1);
    SILENT(c, plan_unmatched);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    planned_by_address(&c);
    suites(&c);
    networks(&c);
    inner_addresses(&c);
    refusals(&c);
    more_keys(&c);
    first_version(&c);
    unmatched(&c);
    return conversation_done(&c);
}
