/* Daemons' logs: prefixes, what lines name, what is left out.  All lines are invented.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/log.h>

static struct logs *
read_all(const char *text, size_t len)
{
    struct logs *l = logs_new();
    char *messages = NULL;

    logs_read(l, "/var/log/one.log", text, len, &messages);
    g_free(messages);
    return l;
}

static struct logs *
read_text(const char *text)
{
    return read_all(text, strlen(text));
}

static const struct log_line *
only(const struct logs *l)
{
    T(logs_num_lines(l) == 1);
    return logs_num_lines(l) ? logs_line(l, 0) : NULL;
}

/* 2026-11-23 10:44:21 UTC */
#define THAT_TIME 1795430661.0

static bool
near(double a, double b)
{
    return a - b < 0.0005 && b - a < 0.0005;
}

/* --- what stands before the message -------------------------------------------------- */

#define CHARON "12[IKE] <gw|7> tried 1 shared key for 'gw' - 'lisa', but MAC mismatched"

static void
charon_prefixes(void)
{
    static const struct { const char *before; double after; bool year; } cases[] = {
        { "2026-11-23T10:44:21.250 ", 0.25, true },
        { "2026-11-23 10:44:21.250 ", 0.25, true },
        { "2026-11-23T12:44:21.250+02:00 gw charon[812]: ", 0.25, true },
        { "2026-11-23T05:14:21.250-0530 gw charon-systemd[812]: ", 0.25, true },
        { "2026-11-23T10:44:21,250Z gw ipsec[812]: ", 0.25, true },
        { "Mon 2026-11-23 10:44:21 CET gw charon[812]: ", 0, true },
        { "<30>1 2026-11-23T10:44:21.250Z gw charon 812 - - ", 0.25, true },
        { "<30>1 2026-11-23T10:44:21.250Z gw charon 812 - [meta a=\"1\"] ", 0.25, true },
        { "1795430661.250000 gw charon[812]: ", 0.25, true },
        { "\xef\xbb\xbf" "2026-11-23 10:44:21 ", 0, true },
        { "Nov 23 10:44:21 gw charon: ", 0, false },
        { "Nov 23 10:44:21.250 ", 0.25, false },
        { "<30>Nov 23 10:44:21 gw charon[812]: ", 0, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *text = g_strconcat(cases[i].before, CHARON, "\n", NULL);
        struct logs *l = read_text(text);
        const struct log_line *line = only(l);
        T(line && line->timed && line->has_year == cases[i].year);
        T(line && (!line->has_year || near(line->time, THAT_TIME + cases[i].after)));
        T(line && line->group == 7 && line->thread == 13 && line->phrase &&
          line->phrase->kind == LOG_REASON && line->phrase->about == LOG_ABOUT_AUTH);
        if (line) {
            T_STR(line->text, "tried 1 shared key for 'gw' - 'lisa', but MAC mismatched");
        }
        T(logs_file(l, 0)->daemon == LOG_CHARON && logs_file(l, 0)->lines == 1);
        logs_free(l);
        g_free(text);
    }
}

static void
without_time(void)
{
    struct logs *l = read_text(CHARON "\n");
    const struct log_line *line = only(l);

    T(line && !line->timed && line->group == 7);
    T_STR(logs_file(l, 0)->name, "one.log");
    logs_free(l);
    l = read_text("12[I\n12[IKE\n12[\n1[IKE]");
    T(logs_num_lines(l) == 0 && logs_file(l, 0)->lines == 4);
    logs_free(l);
    l = read_text("[ 5123.250000] gw charon[812]: " CHARON);
    T(only(l) && near(only(l)->time, 5123.25));
    logs_free(l);
}

static void
journal(void)
{
    static const char binary[] = "__CURSOR=s=1\n__REALTIME_TIMESTAMP=1795430661250000\n"
                                 "SYSLOG_IDENTIFIER=charon\nMESSAGE\n"
                                 "\x0a\0\0\0\0\0\0\0" "12[IKE] a\xff" "\n_PID=1\n\n"
                                 "__CURSOR=s=2\n__REALTIME_TIMESTAMP=1795430662250000\n"
                                 "MESSAGE=" CHARON "\n\n";
    struct logs *l = read_text(
        "{\"__CURSOR\":\"s=1\",\"x\":{\"MESSAGE\":\"13[IKE] <gw|8> inner\"},"
        "\"__REALTIME_TIMESTAMP\":\"1795430661250000\",\"SYSLOG_IDENTIFIER\":\"charon\","
        "\"MESSAGE\":\"12[IKE] <gw|7> authentication of 'l\\u00efsa' with RSA signature failed\"}\n"
        "{\"__REALTIME_TIMESTAMP\":\"1795430661250000\",\"MESSAGE\":[49,50,91,73,75,69,93,32,60,"
        "103,119,124,55,62,32,112,101,101,114]}\n");

    T(logs_num_lines(l) == 2);
    if (logs_num_lines(l) == 2) {
        T_STR(logs_line(l, 0)->text, "authentication of 'l\xc3\xafsa' with RSA signature failed");
        T(near(logs_line(l, 0)->time, THAT_TIME + 0.25) && logs_line(l, 0)->number == 1);
        T_STR(logs_line(l, 1)->text, "peer");
    }
    logs_free(l);
    /* The octets of a length are no end of line. */
    l = read_all(binary, sizeof binary - 1);
    T(logs_num_lines(l) == 2);
    T(logs_num_lines(l) == 2 && near(logs_line(l, 1)->time, THAT_TIME + 1.25) &&
      logs_line(l, 1)->group == 7);
    logs_free(l);
}

/* --- what lines name ------------------------------------------------------------------ */

static void
charon(void)
{
    struct logs *l = read_text(
        "2026-11-23T10:44:21.186 15[NET] <1> received packet: from 192.0.2.10[500] to "
        "198.51.100.20[4500] (336 bytes)\n"
        "2026-11-23T10:44:21.186 15[ENC] <1> parsed IKE_SA_INIT request 0 [ SA KE No ]\n"
        "2026-11-23T10:44:21.187 15[ENC] <gw|1> generating QUICK_MODE response 1889847228 [ HASH "
        "]\n"
        "2026-11-23T10:44:21.188 15[MGR] <gw|1> checkin IKEv2 SA gw[1] with SPIs "
        "77161545fc6e4df5_i 0a0b0c0d0e0f1011_r\n"
        "2026-11-23T10:44:21.189 15[IKE] <gw|1> CHILD_SA net{1} established with SPIs c7a1b2c3_i "
        "0d0e0f10_o and TS 10.2.0.0/24 === 10.1.0.0/24\n"
        "2026-11-23T10:44:22.000 09[ESP] ESP sequence number verification failed:\n"
        "2026-11-23T10:44:22.000 09[ESP]   src 192.0.2.10, dst 198.51.100.20, SPI c7a1b2c3 [seq "
        "5]\n"
        "2026-11-23T10:44:22.100 09[IKE] <gw|1> retransmit 2 of request with message ID 3\n"
        "2026-11-23T10:44:22.100 09[NET] <gw|1> sending packet: from 2001:db8::1[500] to "
        "2001:db8::2[500] (80 bytes)\n");
    struct ip_addr a, b;
    const struct log_line *line;

    T(logs_num_lines(l) == 9);
    line = logs_line(l, 0);
    T(ip_parse(&a, "192.0.2.10") && ip_parse(&b, "198.51.100.20"));
    T(line->received && !line->sent && line->length == 336 && line->group == 1);
    T(ip_equal(&line->place[0].addr, &a) && line->place[0].port == 500);
    T(ip_equal(&line->place[1].addr, &b) && line->place[1].port == 4500);
    line = logs_line(l, 1);
    T(line->received && line->exchange == V2_IKE_SA_INIT && line->major == 2 && line->has_mid &&
      line->mid == 0 && line->knows_response && !line->is_response);
    line = logs_line(l, 2);
    T(line->sent && line->exchange == V1_QUICK && line->major == 1 && line->mid == 1889847228 &&
      line->is_response);
    line = logs_line(l, 3);
    T(line->ike_spi[0] == 0x77161545fc6e4df5 && line->ike_spi[1] == 0x0a0b0c0d0e0f1011);
    line = logs_line(l, 4);
    T(line->phrase && line->phrase->kind == LOG_CHILD_UP && line->esp_spi[0] == 0xc7a1b2c3 &&
      line->esp_spi[1] == 0x0d0e0f10 && !line->place[0].addr.family);
    /* One thread, one moment: both lines are of one SA. */
    T(logs_line(l, 5)->group == logs_line(l, 6)->group && logs_line(l, 5)->group > INT32_MAX);
    T(logs_line(l, 6)->esp_spi[0] == 0xc7a1b2c3 && logs_line(l, 6)->place[1].addr.family == 4);
    line = logs_line(l, 7);
    T(line->again && line->has_mid && line->mid == 3);
    T(ip_parse(&a, "2001:db8::2") && ip_equal(&logs_line(l, 8)->place[1].addr, &a) &&
      logs_line(l, 8)->place[1].port == 500);
    logs_free(l);
}

static void
pluto(void)
{
    struct logs *l = read_text(
        "Nov 23 10:49:03.793265: \"gw\"[1] 198.51.100.20 #1: sent IKE_SA_INIT request to "
        "198.51.100.20:500\n"
        "Nov 23 10:49:03.8: \"gw\"[1] 198.51.100.20 #2: initiator established Child SA using #1; "
        "IPsec tunnel [10.1.0.0-10.1.0.255:0-65535 0] {ESP=>0x904f5e10 <0x67a4e803 xfrm=AES}\n"
        "Nov 23 10:49:04: packet from 192.0.2.10:500: initial Main Mode message received on "
        "198.51.100.20:500 but no connection has been authorized with policy PSK\n"
        "Nov 23 10:49:04: | a line for developers with SPI 0x904f5e10\n"
        "Nov 23 10:49:04.3: \"gw\" #1: STATE_AGGR_I1: retransmission; will wait 0.5 seconds for "
        "response\n"
        "Nov 23 10:49:05 gw pluto[77]: \"gw\" #1: AUTH mismatch: Received AUTH != computed AUTH\n");
    const struct log_line *line;

    T(logs_num_lines(l) == 5 && logs_file(l, 0)->daemon == LOG_PLUTO);
    line = logs_line(l, 0);
    T(line->group == 1 && line->sent && line->exchange == V2_IKE_SA_INIT && !line->is_response &&
      line->place[0].port == 500);
    line = logs_line(l, 1);
    T(line->group == 2 && line->parent == 1 && line->esp_spi[0] == 0x904f5e10 &&
      line->esp_spi[1] == 0x67a4e803 && line->phrase && line->phrase->kind == LOG_CHILD_UP);
    line = logs_line(l, 2);
    T(line->phrase && line->phrase->about & LOG_ABOUT_IDENTITY && line->place[0].port == 500);
    T(logs_line(l, 3)->sent && logs_line(l, 3)->exchange == V1_AGGRESSIVE);
    T(logs_line(l, 4)->phrase && logs_line(l, 4)->phrase->about == LOG_ABOUT_AUTH);
    logs_free(l);
}

static void
others(void)
{
    struct logs *l = read_text(
        "2026-11-23 10:44:21: INFO: ISAKMP-SA established 192.0.2.10[500]-198.51.100.20[500] "
        "spi:77161545fc6e4df5:0a0b0c0d0e0f1011\n"
        "2026-11-23 10:44:22: INFO: IPsec-SA established: ESP/Tunnel 192.0.2.10[0]->"
        "198.51.100.20[0] spi=3807031672(0xe2eab178)\n"
        "2026-11-23 10:44:23: ERROR: no suitable proposal found.\n");

    T(logs_num_lines(l) == 3 && logs_file(l, 0)->daemon == LOG_RACOON);
    T(logs_line(l, 0)->ike_spi[1] == 0x0a0b0c0d0e0f1011 && logs_line(l, 0)->place[1].port == 500);
    T(logs_line(l, 1)->esp_spi[0] == 0xe2eab178 && logs_line(l, 1)->place[1].addr.family == 4);
    T(logs_line(l, 2)->phrase && logs_line(l, 2)->phrase->about == LOG_ABOUT_PROPOSAL);
    logs_free(l);
    l = read_text("Nov 23 10:44:21 gw iked[66]: spi=0x77161545fc6e4df5: recv IKE_SA_INIT req 0 "
                  "peer 192.0.2.10:500 local 198.51.100.20:500, 518 bytes, policy 'site'\n");
    T(only(l) && logs_file(l, 0)->daemon == LOG_IKED && only(l)->received &&
      only(l)->length == 518 && only(l)->ike_spi[0] == 0x77161545fc6e4df5 &&
      only(l)->knows_response && !only(l)->is_response && only(l)->has_mid);
    logs_free(l);
    l = read_text("11/23/26 10:44  iked[97]:  Deleting old phase 1 SA, "
                  "my_cookie=0x0a0b0c0d0e0f1011 his_cookie=0x77161545fc6e4df5\n"
                  "11/23/26 10:44  iked[97]:  QM message_id=4b7e7383 laddr=198.51.100.20\n"
                  "11/23/26 10:45  firewalld[91]:  deny in ipsec0 60 icmp 20 128 "
                  "10.86.152.188 10.2.0.1\n");
    T(logs_num_lines(l) == 3 && logs_file(l, 0)->daemon == LOG_FIREBOX);
    T(logs_line(l, 0)->ike_spi[0] == 0x0a0b0c0d0e0f1011 && near(logs_line(l, 0)->time,
                                                                  THAT_TIME - 21));
    T(logs_line(l, 1)->has_mid && logs_line(l, 1)->mid == 0x4b7e7383);
    T(logs_line(l, 2)->phrase && logs_line(l, 2)->phrase->about == LOG_ABOUT_INNER);
    logs_free(l);
    l = read_text(
        "11-23: 10:44:21.250 My Connections\\gw - SENDING>>>> ISAKMP OAK AG (SA, KE, NON, ID)\n"
        "11-23: 10:44:21.300 My Connections\\gw - RECEIVED<<< ISAKMP OAK QM *(HASH) (MsgID: "
        "0x4b7e7383)\n"
        "11-23: 10:44:21.300   MY COOKIE 77 16 15 45 fc 6e d f5\n"
        "11-23: 10:44:21.400 My Connections\\gw - Loading IPSec SA (Message ID = 4B7E7383 OUTBOUND "
        "SPI = C7A1B2C3 INBOUND SPI = D0E0F10)\n");
    T(logs_num_lines(l) == 4 && logs_file(l, 0)->daemon == LOG_SAFENET);
    T(logs_line(l, 0)->sent && logs_line(l, 0)->exchange == V1_AGGRESSIVE);
    T(logs_line(l, 1)->received && logs_line(l, 1)->mid == 0x4b7e7383);
    T(logs_line(l, 2)->ike_spi[0] == 0x77161545fc6e0df5);
    T(logs_line(l, 3)->esp_spi[0] == 0xc7a1b2c3 && logs_line(l, 3)->esp_spi[1] == 0x0d0e0f10 &&
      logs_line(l, 3)->mid == 0x4b7e7383);
    logs_free(l);
}

/* Other programs, and what a daemon says of its configuration. */
static void
passed_by(void)
{
    struct logs *l = read_text(
        "Nov 23 10:44:21 gw sshd[5]: Accepted publickey from 192.0.2.10 port 500: SPI 0x904f5e10\n"
        "Nov 23 10:44:21 gw charon: 12[CFG]    rekey_time = 3000\n"
        "Nov 23 10:44:21 gw charon: 12[CFG]   local_addrs = 198.51.100.20\n"
        "Nov 23 10:44:21 gw charon: 00[KNL]     198.51.100.20\n"
        "Nov 23 10:44:21 gw charon: 01[CFG] vici client 1 connected\n"
        "-- Boot 3c1fe1c8b4f24e0ab1c2d3e4f5061728 --\n"
        "\n");
    char *messages;

    T(logs_num_lines(l) == 0 && logs_file(l, 0)->lines == 7);
    logs_free(l);
    l = logs_new();
    logs_read(l, "a.log", "hello\n", 6, &messages);
    T_STR(messages, "a.log: holds no line of an IKE daemon that Espial can read; the "
                    "report is made without it.");
    g_free(messages);
    logs_load(l, "/nowhere/at/all", &messages);
    T(messages && strstr(messages, "all: ") && strstr(messages, "0 lines were read"));
    g_free(messages);
    logs_free(l);
}

/* --- secrets -------------------------------------------------------------------------- */

/* Each of these lines holds this word, or these octets, and none may be kept. */
static void
secrets(void)
{
    static const char *const lines[] = {
        "12[IKE] <gw|1> Sk_ei secret => 32 bytes @ 0x7f4abc00bb90",
        "12[IKE] <gw|1>    0: 6C 61 62 73 65 63 72 65 74                       labsecret",
        "12[IKE] <gw|1>   16: 6C",
        "12[CHD] <gw|1> encryption initiator key => 24 bytes @ 0x7f4abc00bb90",
        "12[IKE] <gw|1> SKEYID_d => 16 bytes @ 0x7fcdf003bee0",
        "12[IKE] <gw|1> XAUTH password labsecret of SPI c7a1b2c3",
        "12[CFG] <gw|1> loaded shared secret 'labsecret' for 198.51.100.20",
        "12[CFG] <gw|1> psk = labsecret, from 198.51.100.20",
        "12[CFG] <gw|1> PSK \"labsecret\" for gw[1]",
        "12[IKE] <gw|1> key 6c6162736563726574000102030405060708 SPI c7a1b2c3",
        "12[IKE] <gw|1> key 6c:61:62:73:65:63:72:65:74 SPI c7a1b2c3",
        "12[CFG] <gw|1> 0sbGFic2VjcmV0 is of gw[1]",
        "12[CFG] <gw|1> a bGFic2VjcmV0bGFic2VjcmV0bGFic2VjcmV0bGFic2VjcmV0bGFic2VjcmV0 of gw[1]",
        "12[IKE] <gw|1> tried 1 shared key for 'a' - 'b', but MAC mismatched: password labsecret",
        "\"gw\" #1: XAUTH: password labsecret is wrong",
        "| calc_skeyseed labsecret SPI 0x904f5e10",
        "\"gw\" #1: decoded preshared labsecret",
        "charon[1]: 12[LIB] <gw|1> private key labsecret",
    };
    GString *all = g_string_new(NULL);
    struct logs *l;

    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_string_append_printf(all, "2026-11-23T10:44:21.186 %s\n", lines[i]);
    }
    l = read_text(all->str);
    for (size_t i = 0; i < logs_num_lines(l); i++) {
        T_STR(logs_line(l, i)->text, "");
    }
    T(logs_file(l, 0)->secret >= G_N_ELEMENTS(lines) - 1);
    logs_free(l);
    g_string_free(all, TRUE);
    /* These name what is secret, and not the secret. */
    l = read_text("12[IKE] <gw|1> no shared key found for 'gw' - 'lisa'\n"
                  "12[IKE] <gw|1> authentication of 'lisa' with pre-shared key successful\n"
                  "12[CFG] <gw|1> looking for pre-shared key peer configs matching 192.0.2.1\n"
                  "12[IKE] <gw|1> no private key found for 'gw'\n"
                  "\"gw\" #1: XAUTH: User lisa: Authentication Failed: Incorrect Username or "
                  "Password\n");
    T(logs_num_lines(l) == 5 && logs_file(l, 0)->secret == 0);
    logs_free(l);
}

/* --- limits ---------------------------------------------------------------------------- */

static void
limits(void)
{
    struct logs *l = logs_new();
    GString *text = g_string_new(NULL);
    char *messages, *shown;

    for (size_t i = 0; i < LOG_MAX_LINE + 1; i++) {
        g_string_append_c(text, 'a');
    }
    g_string_append(text, "\n12[IKE] <gw|1> peer\x1b[2J\x7f ");
    for (size_t i = 0; i < 300; i++) {
        g_string_append(text, "\xc3\xa4 ");
    }
    g_string_append_c(text, '\n');
    g_string_append_len(text, "a\0b\n", 4);
    logs_read(l, "a.log", text->str, text->len, &messages);
    T_STR(messages ? messages : "",
          "a.log line 1: is no text, or too long; 2 such lines are left out.");
    g_free(messages);
    T(logs_num_lines(l) == 1 && strlen(logs_line(l, 0)->text) <= LOG_MAX_TEXT &&
      g_utf8_validate(logs_line(l, 0)->text, -1, NULL) &&
      g_str_has_suffix(logs_line(l, 0)->text, ".."));
    shown = g_strndup(logs_line(l, 0)->text, 28);
    T_STR(shown, "peer[U+001B][2J[U+007F] \xc3\xa4 \xc3");
    g_free(shown);
    g_string_truncate(text, 0);
    for (size_t i = 0; i < LOG_MAX_LINES + 10; i++) {
        g_string_append(text, "12[IKE] <gw|1> peer\n");
    }
    logs_read(l, "b.log", text->str, text->len, &messages);
    T_STR(messages ? messages : "", "b.log: only the first 65536 lines of all logs are kept.");
    T(logs_num_lines(l) == LOG_MAX_LINES && logs_file(l, 1)->capped);
    g_free(messages);
    for (size_t i = logs_num_files(l); i <= LOG_MAX_FILES; i++) {
        logs_read(l, "c.log", "", 0, &messages);
        T((i == LOG_MAX_FILES) == (messages && strstr(messages, "is left out")));
        g_free(messages);
    }
    T(logs_num_files(l) == LOG_MAX_FILES);
    g_string_free(text, TRUE);
    logs_free(l);
}

static void
clock_words(void)
{
    char out[TEXT_MAX];

    T_STR(log_clock_print(0.01, out, sizeof out), "the capture's clock");
    T_STR(log_clock_print(-7200, out, sizeof out), "UTC+02:00, the capture's clock");
    T_STR(log_clock_print(19811, out, sizeof out), "UTC-05:30, 11.0 s behind the capture's clock");
    T_STR(log_clock_print(-400, out, sizeof out), "400.0 s ahead of the capture's clock");
    T_STR(log_clock_print(1e9, out, sizeof out), "1000000000.0 s behind the capture's clock");
}

int
main(void)
{
    charon_prefixes();
    without_time();
    journal();
    charon();
    pluto();
    others();
    passed_by();
    secrets();
    limits();
    clock_words();
    return t_done();
}
