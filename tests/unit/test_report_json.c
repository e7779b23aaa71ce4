/* The report espial-report/1, as JSON.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_build.h"

enum { DEPTH_MAX = 16 };

/* --- a reader that takes JSON and nothing else ----------------------------------------- */

static void
skip_space(const char **at)
{
    *at += strspn(*at, " \n\r\t");
}

static bool
read_mark(const char **at, char mark)
{
    skip_space(at);
    if (**at != mark) {
        return false;
    }
    ++*at;
    return true;
}

static bool
read_string(const char **at)
{
    if (!read_mark(at, '"')) {
        return false;
    }
    for (; **at != '"'; ++*at) {
        if ((unsigned char)**at < ' ') {
            return false;               /* the end of the text too */
        }
        if (**at == '\\') {
            ++*at;
            if (!strchr("\"\\/bfnrtu", **at) || !**at) {
                return false;
            }
            if (**at == 'u' && strspn(*at + 1, "0123456789abcdefABCDEF") < 4) {
                return false;
            }
        }
    }
    ++*at;
    return true;
}

static bool
read_name(const char **at)
{
    return read_string(at) && read_mark(at, ':');
}

/* A string, a number or a word. */
static bool
read_plain(const char **at)
{
    static const char *const words[] = { "null", "true", "false" };
    char *end;

    if (**at == '"') {
        return read_string(at);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_str_has_prefix(*at, words[i])) {
            *at += strlen(words[i]);
            return true;
        }
    }
    if (!g_ascii_isdigit(**at)) {
        return false;
    }
    g_ascii_strtod(*at, &end);
    *at = end;
    return true;
}

/* What is open ends with these marks. */
struct lists {
    char ends[DEPTH_MAX];
    size_t num;
};

static char
innermost(const struct lists *open)
{
    if (open->num == 0) {
        return 0;
    }
    return open->ends[open->num - 1];
}

/* A value, or the beginning of a list up to its first value. */
static bool
read_value(const char **at, struct lists *open, bool *begun)
{
    bool object = read_mark(at, '{');

    *begun = object || read_mark(at, '[');
    if (!*begun) {
        return read_plain(at);
    }
    if (read_mark(at, object ? '}' : ']')) {
        *begun = false;
        return true;
    }
    if (open->num == DEPTH_MAX) {
        return false;
    }
    open->ends[open->num++] = object ? '}' : ']';
    return !object || read_name(at);
}

static bool
is_json(const char *at)
{
    struct lists open = { .num = 0 };
    bool begun;

    for (;;) {
        if (!read_value(&at, &open, &begun)) {
            return false;
        }
        while (!begun && open.num && read_mark(&at, innermost(&open))) {
            open.num--;
        }
        if (!begun && !open.num) {
            skip_space(&at);
            return !*at;
        }
        if (!begun && !(read_mark(&at, ',') && (innermost(&open) == ']' || read_name(&at)))) {
            return false;
        }
    }
}

static void
reader(void)
{
    T(is_json("{ \"a\": [1, 2.5, null, \"\\u0041\\n\"], \"b\": {} }\n"));
    T(!is_json("{ \"a\": }") && !is_json("[1 2]") && !is_json("[1,]") && !is_json("\"\n\""));
    T(!is_json("\"\\x\"") && !is_json("{} {}") && !is_json("[") && !is_json("{ a: 1 }"));
}

/* --- the report ------------------------------------------------------------------------ */

static void
nothing(struct conversation *c)
{
    reset(c);
    T_STR(printed(c, report_json), "{\n"
                                "  \"format\": \"espial-report/1\",\n"
                                "  \"plugin\": \"9.8.7\",\n"
                                "  \"capture\": {\n"
                                "    \"frames\": 0,\n"
                                "    \"first_time\": null,\n"
                                "    \"last_time\": null,\n"
                                "    \"wireshark\": null,\n"
                                "    \"cut_frames\": 0,\n"
                                "    \"keys\": null\n"
                                "  },\n"
                                "  \"ike_sas\": [],\n"
                                "  \"child_sas\": [],\n"
                                "  \"streams\": [],\n"
                                "  \"findings\": [],\n"
                                "  \"diagnoses\": [],\n"
                                "  \"tunnels\": [],\n"
                                "  \"hygiene\": [],\n"
                                "  \"outcome\": {\n"
                                "    \"verdict\": \"unknown\",\n"
                                "    \"text\": \"The capture contains no IKE, ESP or AH.\"\n"
                                "  }\n"
                                "}\n");
}

/* Without the space that only the eye needs. */
static const char *
squeezed(const char *text)
{
    static char out[16384];
    size_t len = 0;

    while (*text && len + 1 < sizeof out) {
        if (*text == '\n') {
            text += 1 + strspn(text + 1, " ");
        } else if (*text == ' ' && len > 1 && out[len - 1] == ':' && out[len - 2] == '"') {
            text++;
        } else {
            out[len++] = *text++;
        }
    }
    out[len] = 0;
    return out;
}

static void
sas(struct conversation *c)
{
    const char *text;

    tunnel_of(c, "lisa");
    packet(c, 0xb0000001, &c->client, &c->gateway, "10.1.0.5", "10.2.0.5", IP_TCP);
    packet(c, 0xc0000001, &c->stranger, &c->gateway, NULL, NULL, 0);
    sadb_see_keys(c->db, &(struct key_use){ 3, 1, 1, 4, 2, 2 });
    text = printed(c, report_json);
    T(is_json(text));
    text = squeezed(text);
    T(strstr(text, "\"capture\":{\"frames\":6,\"first_time\":1000.500000,"
                   "\"last_time\":1003.000000,\"wireshark\":null,\"cut_frames\":0,"
                   "\"keys\":{\"ike_given\":3,\"ike_used\":1,"
                   "\"esp_given\":4,\"esp_used\":2}}"));
    T(strstr(text, "\"ike_sas\":[{\"id\":0,\"version\":\"IKEv2\",\"spi_i\":\"1111111111111111\","
                   "\"spi_r\":\"2222222222222222\",\"state\":\"established\",\"initiator\":{"
                   "\"address\":\"192.0.2.10\",\"port\":500,\"id\":\"lisa\"},\"responder\":{"
                   "\"address\":\"198.51.100.20\",\"port\":500,\"id\":null},\"exchanges\":[{"
                   "\"name\":\"IKE_SA_INIT\",\"message_id\":0,\"request\":1,\"response\":2,"
                   "\"retransmissions\":[],\"response_time\":0.500000}"));
    T(strstr(text, "\"auth_method\":\"pre-shared key\",\"standing\":\"authenticated\","
                   "\"rekeys\":null,\"rekeyed_by\":null,"));
    T(strstr(text, "\"first_time\":1002.500000,\"last_time\":1002.500000,\"first_seq\":1,"));
    T(strstr(text, "\"child_sas\":[{\"id\":0,\"ike_sa\":0,\"protocol\":\"ESP\",\"mode\":\"tunnel\","
                   "\"udp_encap\":false,\"basis\":\"decrypted\",\"spi_i\":\"a0000001\","
                   "\"spi_r\":\"b0000001\","
                   "\"proposal\":\"ESP:AES_CBC_128/HMAC_SHA2_256_128/NO_EXT_SEQ\","
                   "\"ts_i\":[\"10.1.0.0/24\"],\"ts_r\":[\"10.2.0.0/24\"],\"virtual_ip\":null,"
                   "\"state\":\"installed\",\"negotiated_in\":4,\"deleted_in\":null,"
                   "\"rekeys\":null,\"first_time\":1002.000000,\"last_time\":1002.500000,"
                   "\"lifetime\":null,\"lifetime_kb\":null,\"streams\":[0]}]"));
    T(strstr(text, "\"streams\":[{\"id\":0,\"protocol\":\"ESP\",\"spi\":\"b0000001\","
                   "\"src\":\"192.0.2.10\",\"dst\":\"198.51.100.20\",\"udp_encap\":false,"
                   "\"child_sa\":0,\"packets\":1,\"bytes\":100,\"first_frame\":5,"));
    T(strstr(text, "{\"id\":1,\"protocol\":\"ESP\",\"spi\":\"c0000001\",\"src\":\"203.0.113.66\","
                   "\"dst\":\"198.51.100.20\",\"udp_encap\":false,\"child_sa\":null,"));
}

/* An unanswered request has no response and no time, and says where it was sent again. */
static void
unanswered(struct conversation *c)
{
    const char *text;

    reset(c);
    for (uint16_t again = 0; again < 3; again++) {
        begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, "init?", again);
    }
    text = squeezed(printed(c, report_json));
    T(is_json(text));
    T(strstr(text, "\"request\":1,\"response\":null,\"retransmissions\":[2,3],"
                   "\"response_time\":null}"));
    T(strstr(text, "\"state\":\"half_open\""));
    T(strstr(text, "\"proposal\":null,\"nat\":null"));
}

/* Without keys, and with traffic one way: what is not known is null, and no SPI of zeros. */
static void
half_a_child(struct conversation *c)
{
    const char *text;

    reset(c);
    sa_init(c, aes256, aes256);
    for (int response = 0; response < 2; response++) {
        begin(c, 2, V2_IKE_AUTH, 1, !response, response);
        c->m.readable = false;
        send(c, response ? "auth!" : "auth?", (uint16_t)(3 + response));
    }
    packet(c, 0xb0000001, &c->client, &c->gateway, NULL, NULL, 0);
    text = squeezed(printed(c, report_json));
    T(is_json(text));
    T(strstr(text, "\"mode\":null,\"udp_encap\":false,\"basis\":\"inferred\",\"spi_i\":null,"
                   "\"spi_r\":\"b0000001\",\"proposal\":null,\"ts_i\":[],\"ts_r\":[],"));
}

static void
findings(struct conversation *c)
{
    const char *text;

    tunnel(c);
    forget_findings(c);
    find(c, CHECK_weak_prf, 2, sadb_ike_sa(c->db, 0), "A \"quote\", a \\, a\ttab\nand \x01.");
    find(c, CHECK_weak_prf, 4, sadb_ike_sa(c->db, 0), "Not said again.");
    text = printed(c, report_json);
    T(is_json(text));
    text = squeezed(text);
    T(strstr(text, "\"findings\":[{\"check\":\"weak_prf\",\"severity\":\"warning\","
                   "\"basis\":\"observed\",\"frame\":2,\"frames\":[2,4],\"count\":2,"
                   "\"first_time\":1001.000000,\"last_time\":1002.000000,\"ike_sa\":0,"
                   "\"child_sa\":null,\"stream\":null,\"detail\":\"A \\\"quote\\\", a \\\\, a"));
    T(strstr(text, "\"remedy\":\"Configure PRF_HMAC_SHA2_256 on both ends.\","
                   "\"reference\":\"RFC 8247 section 2.2\"}]"));
}

/* For readers who take a report from each line, whatever a peer has written. */
static void
one_line(struct conversation *c)
{
    struct report r;
    char *indented;
    const char *text;

    tunnel_of(c, "two\nlines\r");
    r = report_now(c);
    indented = g_strdup(squeezed(printed_of(report_json, &r)));
    r.one_line = true;
    text = printed_of(report_json, &r);
    T(is_json(text));
    T(*text == '{' && strchr(text, '\n') == text + strlen(text) - 1);
    T_STR(squeezed(text), indented);
    g_free(indented);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    reader();
    nothing(&c);
    sas(&c);
    unanswered(&c);
    half_a_child(&c);
    findings(&c);
    one_line(&c);
    return conversation_done(&c);
}
