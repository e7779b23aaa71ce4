/* The records espial-records/1, a JSON object a line.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_build.h"

#include "records/refer.h"

static const char *failure;

static void
print_records(FILE *out, const struct report *r)
{
    report_ndjson(out, r, failure);
}

static unsigned
lines_of(const char *text)
{
    unsigned n = 0;

    for (; (text = strchr(text, '\n')); text++) {
        n++;
    }
    return n;
}

/* The line of that record, as long as the next call. */
static const char *
record_of(const char *text, const char *dataset)
{
    static char line[1 << 13];
    char *name = g_strdup_printf("\"dataset\":\"espial.%s\"", dataset);
    const char *at = strstr(text, name);

    g_free(name);
    T(at);
    if (!at) {
        return "";
    }
    while (at > text && at[-1] != '\n') {
        at--;
    }
    g_strlcpy(line, at, MIN(sizeof line, strcspn(at, "\n") + 1));
    return line;
}

/* Of the two ways, and with no ports: what others have published. */
static void
flows(void)
{
    struct ip_addr a, b;
    char *id;

    T(ip_parse(&a, "1.2.3.4") && ip_parse(&b, "43.3.132.3"));
    id = community_id(&a, 4584, &b, 3483, 6);
    T_STR(id, "1:koNcqhFRD5kb254ZrLsdv630jCM=");
    g_free(id);
    id = community_id(&b, 3483, &a, 4584, 6);
    T_STR(id, "1:koNcqhFRD5kb254ZrLsdv630jCM=");
    g_free(id);
    id = community_id(&b, 0, &a, 0, 17);
    T_STR(id, "1:7TrrMeH98PrUKC0ySu3RNmpUr48=");
    g_free(id);
}

static void
references(void)
{
    static const char *const as[][2] = {
        { "RFC 7296 section 2.23", "https://www.rfc-editor.org/rfc/rfc7296#section-2.23" },
        { "RFC 792 page 4", "https://www.rfc-editor.org/rfc/rfc792" },
        { "a colleague", NULL }
    };

    for (size_t i = 0; i < G_N_ELEMENTS(as); i++) {
        char *url = reference_url(as[i][0]);
        T(g_strcmp0(url, as[i][1]) == 0);
        g_free(url);
    }
}

static void
shown(struct conversation *c)
{
    const char *text, *line;

    failure = NULL;
    tunnel_of(c, "lisa\n\"x\"");
    packet(c, 0xb0000001, &c->client, &c->gateway, "10.1.0.5", "10.2.0.5", IP_TCP);
    packet(c, 0xc0000001, &c->stranger, &c->gateway, NULL, NULL, 0);
    text = printed(c, print_records);
    line = record_of(text, "ike_sa");
    T(g_str_has_prefix(line, "{\"@timestamp\":\"1970-01-01T00:16:40.500000Z\",\"ecs\":{"));
    T(strstr(line, "\"start\":\"1970-01-01T00:16:40.500000Z\","
                   "\"end\":\"1970-01-01T00:16:42.000000Z\",\"duration\":1500000000}"));
    T(strstr(line, "\"outcome\":\"success\""));
    T(strstr(line, "\"source\":{\"address\":\"192.0.2.10\",\"ip\":\"192.0.2.10\",\"port\":500},"));
    T(strstr(line, "\"transport\":\"udp\",\"protocol\":\"ike\"}"));
    T(strstr(line, "\"spi_i\":\"1111111111111111\"") && strstr(line, "\"tunnel\":{\"id\":0}"));
    line = record_of(text, "child_sa");
    T(strstr(line, "\"source\":{\"address\":\"192.0.2.10\",\"ip\":\"192.0.2.10\",\"packets\":1,"
                   "\"bytes\":100}") &&
      strstr(line, "\"packets\":0,\"bytes\":0}") && strstr(line, "\"ike_sa\":{\"id\":0}"));
    line = record_of(text, "stream");
    T(strstr(line, "\"iana_number\":\"50\",\"transport\":\"esp\",\"protocol\":\"esp\"") &&
      strstr(line, "\"community_id\":\"1:") && strstr(line, "\"spi\":\"b0000001\""));
    T(!strstr(text, "null"));
}

/* What rests on an inference says so, and what is not known is left out. */
static void
inferred(struct conversation *c)
{
    const char *text, *line;

    reset(c);
    sa_init(c, aes256, aes256);
    for (int response = 0; response < 2; response++) {
        begin(c, 2, V2_IKE_AUTH, 1, !response, response);
        c->m.readable = false;
        send(c, response ? "auth!" : "auth?", (uint16_t)(3 + response));
    }
    packet(c, 0xb0000001, &c->client, &c->gateway, NULL, NULL, 0);
    text = printed(c, print_records);
    line = record_of(text, "child_sa");
    T(strstr(line, "\"tags\":[\"inferred\"]") && strstr(line, "\"basis\":\"inferred\""));
    T(!strstr(line, "\"spi_i\"") && strstr(line, "\"spi_r\":\"b0000001\""));
    T(strstr(record_of(text, "stream"), "\"tags\":[\"inferred\"]"));
}

static void
found(struct conversation *c)
{
    const char *text, *line;

    tunnel(c);
    forget_findings(c);
    find(c, CHECK_weak_prf, 2, sadb_ike_sa(c->db, 0), "A \"quote\", a \\, a\ttab\nand \x01.");
    text = printed(c, print_records);
    line = record_of(text, "finding");
    T(strstr(line, "\"kind\":\"alert\",\"category\":[\"network\"],\"type\":[\"protocol\"]"));
    T(strstr(line, "\"severity\":3,") && strstr(line, "\"severity\":\"warning\""));
    T(strstr(line, "\"message\":\"A \\\"quote\\\", a \\\\, a"));
    T(strstr(line, "\"rule\":{\"name\":\"weak_prf\","));
    T(strstr(line, "\"reference\":\"https://www.rfc-editor.org/rfc/rfc8247#section-2.2\"}"));
    T(strstr(line, "\"source\":{\"address\":\"192.0.2.10\""));
    T(strstr(line, "\"tags\":[\"weak\"]") && strstr(line, "\"role\":\"hygiene\""));
}

/* Each capture has one line at least, and a name of its own. */
static void
nothing(struct conversation *c)
{
    struct report none = { .file = "a.pcap", .version = "9.8.7" };
    const char *text;
    char *first;

    failure = "no such file";
    first = g_strdup(printed_of(print_records, &none));
    T(lines_of(first) == 1 && !strstr(first, "@timestamp"));
    T(strstr(first, "\"kind\":\"pipeline_error\""));
    T(strstr(first, "\"file\":{\"name\":\"a.pcap\"}"));
    T(strstr(first, "\"error\":{\"message\":\"no such file\"}"));
    none.file = "b.pcap";
    text = printed_of(print_records, &none);
    T(strncmp(strstr(text, "\"id\""), strstr(first, "\"id\""), 23) != 0);
    g_free(first);
    failure = NULL;
    reset(c);
    text = printed(c, print_records);
    T(lines_of(text) == 1 && !strstr(text, "@timestamp") && strstr(text, "\"frames\":0"));
}

/* The clock of a capture may say anything: what is no date is left out. */
static void
no_date(struct conversation *c)
{
    static const double times[] = { -1.0, 253402300799.9999999, 253402300800.0, 1e300 };

    for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
        const char *text;
        reset(c);
        sadb_see_frame(c->db, 1, times[i]);
        text = printed(c, print_records);
        T(lines_of(text) == 1 && !strstr(text, "@timestamp") && !strstr(text, "\"duration\""));
        T(strstr(text, "\"frames\":1"));
    }
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    flows();
    references();
    shown(&c);
    inferred(&c);
    found(&c);
    nothing(&c);
    no_date(&c);
    return conversation_done(&c);
}
