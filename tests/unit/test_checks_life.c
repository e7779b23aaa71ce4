/* The rows of an SA's later life, firing and silent: pauses, half closed pairs, NAT mappings.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const uint8_t i_spi[] = { 0xa0, 0, 0, 1 }, r_spi[] = { 0xb0, 0, 0, 1 };
static uint8_t natted_hashes[2][20];

static void
half_closed(void)
{
    tunnel();
    delete_child(2, true, false, i_spi);
    delete_child(2, false, true, r_spi);
    end_after(20);
    SILENT(half_closed);
    tunnel();
    delete_child(2, true, false, i_spi);
    delete_child(2, false, true, NULL);
    end_after(20);
    SAYS(half_closed, "Frame 5 deletes SPI a0000001 of Child SA 0; the answer (frame 6) does not delete SPI b0000001");
    T(basis_of(CHECK_half_closed) == BASIS_DECRYPTED);
    tunnel();                                       /* both at once: the answers are empty */
    delete_child(2, true, false, i_spi);
    delete_child(0, false, false, r_spi);
    delete_child(2, false, true, NULL);
    delete_child(0, true, true, NULL);
    end_after(20);
    T(count(CHECK_half_closed) == 0);
    tunnel();                                       /* the IKE SA goes, and all with it */
    delete_child(2, true, false, i_spi);
    delete_child(2, false, true, NULL);
    begin(2, V2_INFORMATIONAL, 3, true, false);
    m.num_deletes = 1;
    m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
    send("all", 40);
    end_after(20);
    T(count(CHECK_half_closed) == 0);
    reset();                                        /* the request that named the first SPI was not captured */
    sa_init(aes256, aes256);
    auth_response("10.1.0.0/24", "10.2.0.0/24");
    delete_child(2, false, false, r_spi);
    delete_child(2, true, true, i_spi);
    end_after(20);
    T(sadb_child_sa(db, 0)->deleted_in && count(CHECK_half_closed) == 0);
    tunnel();                                       /* an answer that nobody could read */
    delete_child(2, true, false, i_spi);
    begin(2, V2_INFORMATIONAL, 2, false, true);
    m.readable = false;
    send("unread", 40);
    end_after(20);
    T(count(CHECK_half_closed) == 0);
}

static void
replace_child(bool break_first, double pause)
{
    tunnel();
    for (unsigned i = 0; i < 10; i++) {
        packet(0xb0000001, &client, &gateway, "10.1.0.5", "10.2.0.5", 6);
    }
    if (break_first) {
        delete_child(2, true, false, i_spi);
        delete_child(2, false, true, r_spi);
        now += pause;
    }
    begin(2, V2_CREATE_CHILD_SA, 3, true, false);
    propose(esp128, 3, PROTO_ESP, 0xa0000002);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    if (!break_first) {
        notify(N2_REKEY_SA);
        m.notifies[0].spi = (struct span){ i_spi, 4 };
    }
    send("rekey?", 50);
    begin(2, V2_CREATE_CHILD_SA, 3, false, true);
    propose(esp128, 3, PROTO_ESP, 0xb0000002);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    send("rekey!", 51);
    now += break_first ? 0 : pause;
    packet(0xb0000002, &client, &gateway, "10.1.0.5", "10.2.0.5", 6);
}

static void
gaps(void)
{
    replace_child(false, 0);
    SILENT(rekey_gap);                              /* 1.5 s, and packets came every 0.5 s */
    replace_child(false, 5);
    SAYS(rekey_gap, "for 6.5 s between SPI b0000001 (frame 14) and SPI b0000002");
    replace_child(true, 5);
    SAYS(rekey_gap, "its SA is deleted in frame 15, and only frame 18 negotiates the next");
}

static void
hash_of(unsigned slot, uint16_t type, const struct ip_addr *a)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA1);
    const uint8_t port[] = { 500 >> 8, 500 & 255 };
    gsize len = 20;

    g_checksum_update(sum, m.spi_i, 8);
    g_checksum_update(sum, m.spi_r, 8);
    g_checksum_update(sum, a->bytes, 4);
    g_checksum_update(sum, port, 2);
    g_checksum_get_digest(sum, natted_hashes[slot], &len);
    g_checksum_free(sum);
    m.notifies[m.num_notifies++] = (struct ike_notify){ .type = type, .data = { natted_hashes[slot], 20 } };
}

/* A tunnel of a client behind a NAT. */
static void
natted_tunnel(void)
{
    reset();
    for (unsigned i = 0; i < 2; i++) {
        begin(2, V2_IKE_SA_INIT, 0, i == 0, i == 1);
        propose(aes256, 4, PROTO_IKE, 0);
        hash_of(0, 16388, i == 0 ? &stranger : &gateway);
        hash_of(1, 16389, i == 0 ? &gateway : &client);
        send(i == 0 ? "init?" : "init!", (uint16_t)(1 + i));
    }
    T(sadb_ike_sa(db, 0)->nat == NAT_INITIATOR);
    ike_src_port = ike_dst_port = 4500;
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    auth_response("10.1.0.0/24", "10.2.0.0/24");
    esp_src_port = 4500;
}

static void
keepalive(uint16_t src_port, double after)
{
    struct on_path e = { .p = { .kind = PATH_KEEPALIVE } };

    now += after;
    e.at.src = client;
    e.at.dst = gateway;
    e.at.src_port = src_port;
    e.at.dst_port = 4500;
    path(e);
}

static void
esp_from(uint16_t src_port, double after)
{
    static uint32_t seq;

    now += after;
    esp_src_port = src_port;
    seq++;
    ipsec(&client, &gateway, (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = 0xb0000001, .seq = seq, .length = 100 });
}

static void
keepalives(void)
{
    natted_tunnel();
    esp_from(4500, 0);
    keepalive(4500, 19.5);
    keepalive(4500, 19.5);
    esp_from(1024, 10);
    FIRES(nat_mapping_changed);
    SILENT(keepalive_gap);                          /* the NAT forgot in spite of them */
    natted_tunnel();
    esp_from(4500, 0);
    keepalive(4500, 19.5);
    esp_from(1024, 90);
    SAYS(keepalive_gap, "Nothing was captured from 192.0.2.10 for 90 s before its mapping moved from port 4500 to 1024; its last NAT "
         "keepalive is frame 6");
    natted_tunnel();
    esp_from(4500, 0);
    esp_from(1024, 60);
    SAYS(keepalive_gap, "no NAT keepalive of it at all");
    natted_tunnel();
    keepalive(1024, 60);
    SAYS(nat_mapping_changed, "A NAT keepalive now comes from 192.0.2.10 port 1024, before from 4500");
    FIRES(keepalive_gap);
    natted_tunnel();
    now += 60;
    ike_src_port = 1024;
    begin(2, V2_INFORMATIONAL, 2, true, false);
    send("from elsewhere", 60);
    SAYS(nat_mapping_changed, "IKE SA 0 now comes from 192.0.2.10 port 1024");
    FIRES(keepalive_gap);

    struct on_path lone = { .p = { .kind = PATH_KEEPALIVE } };
    struct path_event nothing;
    reset();
    T(!sadb_see_path(db, &nothing, &lone.at, &lone.p));     /* of no SA */
    tunnel();
    keepalive(4500, 60);
    T(count(CHECK_nat_mapping_changed) == 0);       /* no NAT */
}

/* Nobody could read these: the shapes alone tell. */
static void
inferred_refusal(void)
{
    reset();
    v1_phase1(aes256);
    for (unsigned i = 3; i <= 5; i++) {
        begin(1, V1_MAIN, 0, i % 2, false);
        m.encrypted = i == 5;
        m.readable = i != 5;
        send(i == 3 ? "mm3" : i == 4 ? "mm4" : "mm5", (uint16_t)i);
    }
    SILENT(auth_failure_suspected);
    send("mm5", 6);
    send("mm5", 7);
    end_after(20);
    SAYS(auth_failure_suspected, "Message 5 of phase 1 (frame 5), the first that needs the right key, is sent 3 times");
}

static void
inferred_quick_mode_refused(void)
{
    for (unsigned answered = 0; answered < 2; answered++) {
        reset();
        v1_phase1(aes256);
        begin(1, V1_QUICK, 9, true, false);
        m.readable = false;
        send("qm1", 3);
        begin(1, answered ? V1_QUICK : V1_INFORMATIONAL, answered ? 9 : 10, false, false);
        m.readable = false;
        send("secret", 4);
        end_after(20);
        T((basis_of(CHECK_request_unanswered) == BASIS_INFERRED) == !answered);
    }
    SILENT(error_notify);
}

static void
inferred_error(void)
{
    for (unsigned big = 0; big < 2; big++) {
        tunnel();
        begin(2, V2_CREATE_CHILD_SA, 2, true, false);
        m.readable = false;
        send("child?", 5);
        begin(2, V2_CREATE_CHILD_SA, 2, false, true);
        m.readable = false;
        m.length = big ? 300 : sadb_sk_length(sadb_ike_sa(db, 0)->chosen, 8);
        send("child!", 6);
        end_after(20);
        T((count(CHECK_error_notify) == 1) == !big);
    }
}

static void
xauth(void)
{
    static const uint8_t fail[] = { 0, 0 };

    reset();
    v1_phase1(aes256);
    for (unsigned i = 3; i <= 6; i++) {
        begin(1, V1_MAIN, 0, i % 2, false);
        char text[16];
        g_snprintf(text, sizeof text, "mm%u", i);
        send(text, (uint16_t)i);
    }
    T(sadb_ike_sa(db, 0)->state == IKE_ESTABLISHED);
    SILENT(auth_failed);
    begin(1, V1_TRANSACTION, 5, false, false);
    m.cfg_type = CP_SET;
    m.num_cfg = 1;
    m.cfg[0] = (struct ike_cfg_attr){ .type = CFG_XAUTH_STATUS, .value = { fail, 2 } };
    send("fail", 9);
    FIRES(auth_failed);
    T(sadb_ike_sa(db, 0)->state == IKE_FAILED);
}

/* The IKE SA is rekeyed, and its Child SA goes with the new one. */
static void
inherited(void)
{
    static const uint8_t fresh_i[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

    tunnel();
    begin(2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    m.proposals[0].spi_len = 8;
    memcpy(m.proposals[0].spi, fresh_i, 8);
    send("ike?", 5);
    begin(2, V2_CREATE_CHILD_SA, 2, false, true);
    propose(aes256, 4, PROTO_IKE, 0);
    m.proposals[0].spi_len = 8;
    memset(m.proposals[0].spi, 0x99, 8);
    send("ike!", 6);
    SAYS(sa_rekeyed, "IKE SA 0 is replaced by IKE SA 1");
    T(child_holder(db, sadb_child_sa(db, 0)) == sadb_ike_sa(db, 1) && sadb_ike_sa(db, 1)->children->len == 1);
    for (unsigned sa = 0; sa < 2; sa++) {
        begin(2, V2_INFORMATIONAL, sa ? 0 : 3, true, false);
        if (sa) {
            memcpy(m.spi_i, fresh_i, 8);
            memset(m.spi_r, 0x99, 8);
        }
        m.num_deletes = 1;
        m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
        send(sa ? "new goes" : "old goes", (uint16_t)(30 + sa));
        T((sadb_child_sa(db, 0)->deleted_in != 0) == (sa == 1));
    }
}

int
main(void)
{
    conversation_begin();
    inferred_refusal();
    inferred_quick_mode_refused();
    inferred_error();
    xauth();
    inherited();
    half_closed();
    gaps();
    keepalives();
    return conversation_done();
}
