/* Lines of logs to messages, SAs and clocks of a capture.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

#include <espial/log.h>

static struct conversation c;

enum { START = 1795430660 };    /* 2026-11-23 10:44:20 UTC */

/* IKE_SA_INIT and IKE_AUTH: frames 1 to 4, half a second apart, the first at START and a half. */
static void
negotiate(void)
{
    static const uint32_t lengths[] = { 300, 310, 320, 330 };
    static const char *const octets[] = { "one", "two", "three", "four" };

    reset(&c);
    c.now = START;
    for (uint32_t i = 0; i < 4; i++) {
        begin(&c, 2, i < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, i / 2, i % 2 == 0, i % 2 == 1);
        c.m.length = lengths[i];
        if (i < 2) {
            propose(&c, aes256, G_N_ELEMENTS(aes256), PROTO_IKE, 0);
        } else {
            propose(&c, esp128, G_N_ELEMENTS(esp128), PROTO_ESP, i == 2 ? TO_I : TO_R);
            selectors(&c, "10.1.0.0/24", "10.2.0.0/24");
        }
        send(&c, octets[i], (uint16_t)i);
    }
    T(sadb_num_ike_sas(c.db) == 1 && sadb_num_child_sas(c.db) == 1);
}

static const char *const gateways[] = {
    "[NET] <1> received packet: from 192.0.2.10[500] to 198.51.100.20[500] (300 bytes)",
    "[ENC] <1> parsed IKE_SA_INIT request 0 [ SA KE No ]",
    "[IKE] <1> 192.0.2.10 is initiating an IKE_SA",
    "[ENC] <1> generating IKE_SA_INIT response 0 [ SA KE No ]",
    "[NET] <1> sending packet: from 198.51.100.20[500] to 192.0.2.10[500] (310 bytes)",
    "[NET] <1> received packet: from 192.0.2.10[500] to 198.51.100.20[500] (320 bytes)",
    "[ENC] <1> parsed IKE_AUTH request 1 [ IDi AUTH SA TSi TSr ]",
    "[CFG] <gw|1> selecting proposal:",
    "[ENC] <gw|1> generating IKE_AUTH response 1 [ IDr AUTH SA TSi TSr ]",
    "[NET] <gw|1> sending packet: from 198.51.100.20[500] to 192.0.2.10[500] (330 bytes)",
};
static const uint32_t of_frame[] = { 1, 1, 1, 2, 2, 3, 3, 3, 4, 4 };

static void
put_line(GString *out, double time, const char *format, const char *text)
{
    GDateTime *whole = g_date_time_new_from_unix_utc((gint64)time);
    char *stamp = g_date_time_format(whole, format);

    g_string_append_printf(out, "%s", stamp);
    if (g_str_has_prefix(format, "%Y")) {
        g_string_append_printf(out, ".%03d", (int)((time - (double)(gint64)time) * 1000));
    }
    g_string_append_printf(out, " %s12%s\n", strchr(format, 'Y') ? "" : "gw charon: ", text);
    g_free(stamp);
    g_date_time_unref(whole);
}

/* What the gateway writes, by a clock that is that far ahead. */
static void
put_log(GString *out, double ahead, const char *format)
{
    for (size_t i = 0; i < G_N_ELEMENTS(gateways); i++) {
        put_line(out, START + of_frame[i] * 0.5 + ahead, format, gateways[i]);
    }
}

static struct logs *
tied(const char *text)
{
    struct logs *l = logs_new();
    char *messages;

    logs_read(l, "gw.log", text, strlen(text), &messages);
    g_free(messages);
    logs_tie(l, c.db);
    return l;
}

static const struct log_clock *
clock_of(const struct logs *l, guint i)
{
    static const struct log_clock none;
    const GArray *clocks = logs_file(l, 0)->clocks;

    return i < clocks->len ? &g_array_index(clocks, struct log_clock, i) : &none;
}

static void
all_in_place(const struct logs *l, size_t first)
{
    for (size_t i = 0; i < G_N_ELEMENTS(gateways); i++) {
        const struct log_line *line = logs_line(l, first + i);
        T(line->ike_sa == 0 && line->frame == of_frame[i] && line->tie == LOG_BY_MESSAGE);
        T(line->is_message == (i != 2 && i != 7));
    }
}

/* The zone, and a clock that is wrong, are found from the messages. */
static void
offsets(void)
{
    static const double ahead[] = { 0, 0.3, -11, 7200, -19800, 3600 + 250, 45900 };
    const struct ike_sa *sa;
    struct ip_addr gateway;

    T(ip_parse(&gateway, "198.51.100.20"));
    negotiate();
    sa = sadb_ike_sa(c.db, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(ahead); i++) {
        GString *text = g_string_new(NULL);
        struct logs *l;
        put_log(text, ahead[i], "%Y-%m-%dT%H:%M:%S");
        l = tied(text->str);
        T(logs_file(l, 0)->clocks->len == 1 && logs_file(l, 0)->tied == 10);
        T(ABS(clock_of(l, 0)->offset + ahead[i]) < 0.01);
        all_in_place(l, 0);
        T_STR(logs_side(l, logs_line(l, 0), sa), "responder");
        T(ip_equal(&logs_file(l, 0)->owner, &gateway));
        T(logs_of_frame(l, 3) && logs_of_frame(l, 3)->len == 3 && !logs_of_frame(l, 9));
        T(logs_in_order(l)->len == 10);
        logs_tie(l, c.db);              /* again: nothing is counted twice */
        T(logs_file(l, 0)->tied == 10 && logs_in_order(l)->len == 10);
        logs_free(l);
        g_string_free(text, TRUE);
    }
}

/* Whole seconds and no year; no time at all. */
static void
coarse(void)
{
    GString *text = g_string_new(NULL);
    struct logs *l;

    negotiate();
    put_log(text, 3600, "%b %e %H:%M:%S");
    l = tied(text->str);
    T(logs_file(l, 0)->tied == 10 && logs_file(l, 0)->clocks->len == 1);
    T(ABS(clock_of(l, 0)->offset + 3600) < 1.3);
    logs_free(l);
    g_string_truncate(text, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(gateways); i++) {
        g_string_append_printf(text, "12%s\n", gateways[i]);
    }
    l = tied(text->str);
    T(logs_file(l, 0)->clocks->len == 0);
    all_in_place(l, 0);
    logs_free(l);
    g_string_free(text, TRUE);
}

/* A clock that is wrong by much is believed where an SPI confirms it, and only then. */
static void
wrong_clock(void)
{
    GString *text = g_string_new(NULL);
    struct logs *l;

    negotiate();
    put_log(text, 86400.0 * 3 + 400, "%Y-%m-%dT%H:%M:%S");
    l = tied(text->str);
    T(logs_file(l, 0)->clocks->len == 0 && logs_file(l, 0)->tied == 0 && logs_file(l, 0)->doubt);
    T(strstr(logs_file(l, 0)->doubt, "no SPI confirms it"));
    logs_free(l);
    put_line(text, START + 86400.0 * 3 + 402, "%Y-%m-%dT%H:%M:%S",
             "[IKE] <gw|1> CHILD_SA net{1} established with SPIs b0000001_i a0000001_o and TS "
             "10.2.0.0/24 === 10.1.0.0/24");
    l = tied(text->str);
    T(logs_file(l, 0)->clocks->len == 1 && logs_file(l, 0)->tied == 11);
    T(logs_line(l, 10)->child_sa == 0 && logs_line(l, 10)->tie == LOG_BY_SPI &&
      logs_line(l, 10)->frame == 4);
    logs_free(l);
    g_string_free(text, TRUE);
}

/* The same messages of another run: its SPIs are others. */
static void
another_run(void)
{
    GString *text = g_string_new(NULL);
    struct logs *l;

    negotiate();
    put_log(text, 0.4, "%Y-%m-%dT%H:%M:%S");
    put_line(text, START + 2.5, "%Y-%m-%dT%H:%M:%S",
             "[MGR] <gw|1> checkin IKEv2 SA gw[1] with SPIs 7777777777777777_i 8888888888888888_r");
    l = tied(text->str);
    T(logs_file(l, 0)->tied == 0);
    logs_free(l);
    g_string_free(text, TRUE);
}

/* The clock was set while the log was written. */
static void
several_clocks(void)
{
    GString *text = g_string_new(NULL);
    struct logs *l;

    negotiate();
    put_log(text, 7200, "%Y-%m-%dT%H:%M:%S");
    for (uint32_t i = 0; i < 6; i++) {
        char line[256];
        begin(&c, 2, V2_INFORMATIONAL, i / 2 + 2, i % 2 == 0, i % 2 == 1);
        c.m.length = 80;
        g_snprintf(line, sizeof line, "alive %u", i);
        send(&c, line, (uint16_t)(10 + i));
        g_snprintf(line, sizeof line, "[ENC] <gw|1> %s INFORMATIONAL %s %u [ ]",
                   i % 2 ? "generating" : "parsed", i % 2 ? "response" : "request", i / 2 + 2);
        put_line(text, c.now + 3600, "%Y-%m-%dT%H:%M:%S", line);
    }
    l = tied(text->str);
    T(logs_file(l, 0)->clocks->len == 2 && logs_file(l, 0)->tied == 16);
    T(ABS(clock_of(l, 0)->offset + 7200) < 0.01 && ABS(clock_of(l, 1)->offset + 3600) < 0.01);
    T(clock_of(l, 1)->first == 10 && logs_line(l, 15)->frame == 10);
    logs_free(l);
    g_string_free(text, TRUE);
}

/* Only what is between two ends, at a time when they had one SA, is tied by that. */
static void
peers(void)
{
    GString *text = g_string_new(NULL);
    struct logs *l;

    negotiate();
    put_log(text, 0, "%Y-%m-%dT%H:%M:%S");
    put_line(text, START + 2, "%Y-%m-%dT%H:%M:%S",
             "[IKE] no IKE config found for 198.51.100.20...192.0.2.10, sending "
             "NO_PROPOSAL_CHOSEN");
    put_line(text, START + 2, "%Y-%m-%dT%H:%M:%S",
             "[IKE] no IKE config found for 198.51.100.20...203.0.113.66, sending "
             "NO_PROPOSAL_CHOSEN");
    l = tied(text->str);
    T(logs_num_lines(l) == 12 && logs_line(l, 10)->tie == LOG_BY_PEER);
    T(logs_num_lines(l) == 12 && logs_line(l, 11)->tie == LOG_LOOSE);
    logs_free(l);
    g_string_free(text, TRUE);
}

int
main(void)
{
    conversation_begin(&c);
    offsets();
    coarse();
    wrong_clock();
    another_run();
    several_clocks();
    peers();
    return conversation_done(&c);
}
