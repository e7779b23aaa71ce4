/* SAs and findings as lines of text.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_build.h"

static void
nothing(struct conversation *c)
{
    reset(c);
    T_STR(printed(c, report_sas), "\nEspial SAs\nno IKE, ESP or AH in this capture\n");
    T_STR(printed(c, report_findings),
          "\nEspial findings\n0 errors, 0 warnings, 0 notes, 0 chats\n");
    sadb_see_keys(c->db, &(struct key_use){ 3, 1, 1, 4, 2, 2 });
    T_STR(printed(c, report_sas), "\nEspial SAs\nno IKE, ESP or AH in this capture\n"
                                  "keys given: 3 IKE, 4 ESP; used: 1 IKE, 2 ESP\n");
}

static void
sas(struct conversation *c)
{
    tunnel_of(c, "lisa");
    packet(c, 0xb0000001, &c->client, &c->gateway, "10.1.0.5", "10.2.0.5", IP_TCP);
    packet(c, 0xc0000001, &c->stranger, &c->gateway, NULL, NULL, 0);
    packet(c, 0xc0000001, &c->stranger, &c->gateway, NULL, NULL, 0);
    T_STR(printed(c, report_sas),
          "\nEspial SAs\n"
          "IKE SA 0: IKEv2, SPIs 1111111111111111 and 2222222222222222, established, frames 1-4\n"
          "  initiator 192.0.2.10 lisa, responder 198.51.100.20\n"
          "  IKE:AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048 (frame 2)\n"
          "  Child SA 0: ESP tunnel, SPIs a0000001 and b0000001, installed, decrypted, "
          "ESP:AES_CBC_128/HMAC_SHA2_256_128/NO_EXT_SEQ, negotiated in frame 4\n"
          "    10.1.0.0/24 === 10.2.0.0/24\n"
          "    stream 0: ESP b0000001 192.0.2.10 -> 198.51.100.20, 1 packet, 100 bytes, 0 lost, "
          "frames 5-5\n"
          "Streams without a negotiated SA:\n"
          "  stream 1: ESP c0000001 203.0.113.66 -> 198.51.100.20, 2 packets, 200 bytes, 0 lost, "
          "frames 6-7\n");
}

/* The worst first; of one severity, in the order in which they became known.  A change of state
 * asks for nothing to be done. */
static void
findings(struct conversation *c)
{
    tunnel(c);
    forget_findings(c);
    find(c, CHECK_sa_established, 4, sadb_ike_sa(c->db, 0), "It is up.");
    find(c, CHECK_weak_prf, 2, sadb_ike_sa(c->db, 0), "The second.");
    find(c, CHECK_weak_integrity, 3, sadb_ike_sa(c->db, 0), "The third.");
    find(c, CHECK_auth_failed, 4, sadb_ike_sa(c->db, 0), "The first.");
    find(c, CHECK_auth_failed, 1, sadb_ike_sa(c->db, 0), "Not said again.");
    find(c, CHECK_auth_failed, 2, sadb_ike_sa(c->db, 0), "Not said again.");
    T_STR(printed(c, report_findings),
          "\nEspial findings\n"
          "error    auth_failed  [observed]  frames 1-2, 4  IKE SA 0 (192.0.2.10)\n"
          "  The first.\n"
          "  do: Compare the pre-shared key or password on both ends, then the identity that each "
          "side expects.\n"
          "warning  weak_prf  [observed]  frame 2  IKE SA 0 (192.0.2.10)\n"
          "  The second.\n"
          "  do: Configure PRF_HMAC_SHA2_256 on both ends.\n"
          "warning  weak_integrity  [observed]  frame 3  IKE SA 0 (192.0.2.10)\n"
          "  The third.\n"
          "  do: Configure HMAC_SHA2_256_128 or an AEAD cipher on both ends.\n"
          "chat     sa_established  [observed]  frame 4  IKE SA 0 (192.0.2.10)\n"
          "  It is up.\n"
          "1 error, 2 warnings, 0 notes, 1 chat\n");
}

/* Those of a check stand together, with one remedy where it is the same; each says whose it is. */
static void
groups(struct conversation *c)
{
    struct scope where = { .basis = BASIS_OBSERVED, .frame = 5, .exchange = NO_ID };

    tunnel(c);
    second_child(c, 2, 0xa1, 0xb1, "10.3.0.0/24");
    where.sa = sadb_ike_sa(c->db, 0);
    where.child = where.sa->children.at[1];
    forget_findings(c);
    find(c, CHECK_weak_prf, 2, NULL, "The capture's.");
    find(c, CHECK_weak_integrity, 3, sadb_ike_sa(c->db, 0), "Of another kind.");
    finding_add(c->found, CHECK_weak_prf, &where, "The second.");
    T_STR(printed(c, report_findings),
          "\nEspial findings\n"
          "warning  weak_prf  [observed]  frame 2\n"
          "  The capture's.\n"
          "warning  weak_prf  [observed]  frame 5  IKE SA 0 (192.0.2.10), Child SA 1\n"
          "  The second.\n"
          "  do: Configure PRF_HMAC_SHA2_256 on both ends.\n"
          "warning  weak_integrity  [observed]  frame 3  IKE SA 0 (192.0.2.10)\n"
          "  Of another kind.\n"
          "  do: Configure HMAC_SHA2_256_128 or an AEAD cipher on both ends.\n"
          "0 errors, 3 warnings, 0 notes, 0 chats\n");
}

/* Twelve ranges, and two dots for the rest. */
static void
frames(struct conversation *c)
{
    reset(c);
    for (uint32_t at = 1; at <= 25; at += 2) {
        find(c, CHECK_auth_failed, at, NULL, "Again.");
    }
    T(strstr(printed(c, report_findings),
             "frames 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, ..\n"));
    reset(c);
    for (uint32_t at = 1; at <= 23; at += 2) {
        find(c, CHECK_auth_failed, at, NULL, "Again.");
    }
    T(strstr(printed(c, report_findings), "frames 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23\n"));
}

static void
limits(struct conversation *c)
{
    struct report r;

    reset(c);
    r = report_now(c);
    r.keys_full = "256 keys";
    r.tcp_full = true;
    r.ports_full = true;
    r.deep = true;
    T_STR(printed_of(report_findings, &r),
          "\nEspial findings\n"
          "limit reached: 256 keys; later ones were not used\n"
          "limit reached: TCP connections of IKE and ESP; later ones were not tracked\n"
          "limit reached: pairs of peers with IKE on non-standard UDP ports; later ones were not "
          "tracked\n"
          "limit reached: nested ESP and AH headers in one frame; what they contain was not "
          "tracked\n"
          "0 errors, 0 warnings, 0 notes, 0 chats\n");
}

/* What the capture lacks is said first. */
static void
cut(struct conversation *c)
{
    static const char line[] = "1 of 4 frames is truncated (snap length): what is missing was "
                               "not read, and the integrity of such packets was not checked.\n";
    struct report r;
    const char *text;

    tunnel_of(c, "lisa");
    r = report_now(c);
    T(!strstr(printed_of(report_sas, &r), "snap length"));
    r.cut_frames = 1;
    text = printed_of(report_sas, &r);
    T(strstr(text, line) == text + strlen("\nEspial SAs\n"));
    text = printed_of(report_findings, &r);
    T(strstr(text, line) == text + strlen("\nEspial findings\n"));
    T(strstr(printed_of(report_diagnosis, &r), line));
    T(strstr(printed_of(report_json, &r), "\"cut_frames\": 1"));
}

/* ESP in TCP (RFC 9329) has ports, and no UDP. */
static void
in_tcp(struct conversation *c)
{
    for (unsigned known = 0; known < 2; known++) {
        struct sighting at = { .frame = 9, .time = 2000, .src = c->client, .dst = c->gateway,
                               .src_port = 40000, .dst_port = PORT_NATT, .tcp = true };
        struct ipsec_packet p = esp_of(known ? TO_R : 0x1234, 1);
        const char *text;
        tunnel_of(c, "lisa");
        see_ipsec(c, &at, &p);
        text = printed(c, report_sas);
        T(strstr(text, "192.0.2.10 -> 198.51.100.20 in TCP, 1 packet") && !strstr(text, "in UDP"));
        text = printed(c, report_json);
        T(!strstr(text, "\"udp_encap\": true"));
        T(!known || strcmp(child_carrier(sadb_child_sa(c->db, 0)), " in TCP") == 0);
    }
}

/* Five IKE SAs that begin, and a stream behind each. */
static void
five(struct conversation *c)
{
    reset(c);
    for (uint8_t i = 0; i < 5; i++) {
        begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
        memset(c->m.spi_i, i + 1, 8);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, "init?", (uint16_t)(i + 1));
        packet(c, 0xc0000000 + i, &c->stranger, &c->gateway, NULL, NULL, 0);
    }
    forget_findings(c);
}

/* Of many SAs, those of a diagnosis are listed before others, in order of the capture. */
static void
many(struct conversation *c)
{
    struct report r;
    const char *text;

    five(c);
    find(c, CHECK_auth_failed, 7, sadb_ike_sa(c->db, 3), "Broken.");
    r = report_now(c);
    text = printed_of(report_sas, &r);
    T(strstr(text, "\nIKE SA 4:") && strstr(text, " c0000004 ") && !strstr(text, " more "));
    r.most_sas = 2;
    text = printed_of(report_sas, &r);
    T(strstr(text, "\nIKE SA 0:") && strstr(text, "\nIKE SA 3:"));
    T(!strstr(text, "\nIKE SA 1:") && !strstr(text, "\nIKE SA 4:"));
    T(strstr(text, "3 more IKE SAs: the JSON report and tshark -z espial,sas list them all\n"));
    T(strstr(text, " c0000001 ") && !strstr(text, " c0000002 "));
    T(strstr(text, "3 more streams without a negotiated SA: "));
}

/* What is said of several IKE SAs is said once; of which, by their numbers. */
static void
strength(struct conversation *c)
{
    GString *page = g_string_new(NULL);
    struct report r;

    five(c);
    find(c, CHECK_weak_offered, 1, sadb_ike_sa(c->db, 4), "Weak.");
    find(c, CHECK_weak_offered, 2, sadb_ike_sa(c->db, 0), "Weak.");
    find(c, CHECK_weak_offered, 3, sadb_ike_sa(c->db, 2), "Weak.");
    find(c, CHECK_weak_offered, 4, sadb_ike_sa(c->db, 1), "Weak.");
    find(c, CHECK_aggressive_mode_psk, 5, sadb_ike_sa(c->db, 3), "Another thing.");
    T(strstr(printed(c, report_diagnosis),
             "\nstrength:\n"
             "  IKE SA 4 (192.0.2.10): Weak transforms are offered along with stronger ones.\n"
             "    the same: 3 other IKE SAs (0-2)\n"
             "  IKE SA 3 (192.0.2.10): "));
    T(!strstr(printed(c, report_diagnosis), "the same: 0"));
    r = report_now(c);
    report_html(page, &r, NULL, NULL);
    T(strstr(page->str, "stronger ones. The same: 3 other IKE SAs (0\xe2\x80\x93"
                        "2).</li>\n<li>IKE SA 3 "));
    g_string_free(page, TRUE);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    nothing(&c);
    sas(&c);
    findings(&c);
    groups(&c);
    frames(&c);
    limits(&c);
    cut(&c);
    in_tcp(&c);
    many(&c);
    strength(&c);
    return conversation_done(&c);
}
