/* The HTML report: well formed, escaped, the worst first.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_build.h"

#include "traffic.h"

/* --- a reader of the page, stricter than a browser ------------------------------------- */

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

struct reader {
    const char *at;
    GPtrArray *open;            /* names of elements */
    GHashTable *ids;
    GPtrArray *links;           /* to ids */
    GString *fault;
};

static void
fault(struct reader *r, const char *what, const char *of)
{
    if (!r->fault->len) {
        g_string_printf(r->fault, "%s: %.60s", what, of);
    }
}

static char *
take(struct reader *r, const char *of)
{
    size_t len = strspn(r->at, of);
    char *word = g_strndup(r->at, len);

    r->at += len;
    return word;
}

/* Everywhere but in tags: a stranger's markup must have been escaped. */
static void
read_text(struct reader *r)
{
    const char *from = r->at;

    while (*r->at && *r->at != '<' && !r->fault->len) {
        if (*r->at == '&') {
            const char *end = r->at + 1 + strspn(r->at + 1, "#" LETTERS DIGITS);
            if (*end != ';' || end == r->at + 1) {
                fault(r, "a bare ampersand", r->at);
            }
        }
        if (*r->at == '>') {
            fault(r, "a bare >", from);
        }
        r->at++;
    }
}

static void
read_attribute(struct reader *r)
{
    char *name = take(r, LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ-:"), *value;
    size_t len;

    if (!*name) {
        fault(r, "no attribute", r->at);
    } else if (*r->at == '=') {
        if (r->at[1] != '"') {
            fault(r, "a value without quotes", r->at);
        }
        len = strcspn(r->at + 2, "\"<>");
        value = g_strndup(r->at + 2, len);
        r->at += 2 + len;
        if (*r->at == '"') {
            r->at++;
        } else {
            fault(r, "a value without end", value);
        }
        if (strcmp(name, "id") == 0 && !g_hash_table_add(r->ids, g_strdup(value))) {
            fault(r, "an id comes twice", value);
        }
        if (strcmp(name, "href") == 0 && *value == '#') {
            g_ptr_array_add(r->links, g_strdup(value + 1));
        }
        if (g_str_has_prefix(name, "on") || g_str_has_prefix(value, "javascript:")) {
            fault(r, "a script", name);
        }
        g_free(value);
    }
    g_free(name);
}

static void
read_end(struct reader *r)
{
    char *name;

    r->at += 2;
    name = take(r, LETTERS DIGITS);
    if (!r->open->len || strcmp((const char *)r->open->pdata[r->open->len - 1], name) != 0) {
        fault(r, "closes what is not open", name);
    } else {
        g_ptr_array_set_size(r->open, (int)r->open->len - 1);
    }
    if (*r->at++ != '>') {
        fault(r, "no end of a tag", name);
    }
    g_free(name);
}

static void
read_tag(struct reader *r)
{
    static const char *const empty[] = { "meta", "br", "wbr", "input" };
    const char *from = ++r->at;
    char *name = take(r, LETTERS DIGITS);
    bool closed = false;

    if (!*name) {
        fault(r, "no tag", from);
    }
    while (!r->fault->len && *r->at != '>' && *r->at != '/') {
        if (*r->at != ' ') {
            fault(r, "no space", from);
        }
        r->at += strspn(r->at, " \n");
        read_attribute(r);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(empty); i++) {
        closed |= strcmp(name, empty[i]) == 0;
    }
    if (*r->at == '/') {
        closed = true;
        r->at++;
    }
    r->at += *r->at == '>';
    if (strcmp(name, "script") == 0 || strcmp(name, "style") == 0) {
        r->at = strstr(r->at, "</");            /* the program's own, not HTML */
    }
    if (closed) {
        g_free(name);
    } else {
        g_ptr_array_add(r->open, name);
    }
}

/* What is wrong with it, "" where nothing is; as long as the next call. */
static const char *
fault_of(const char *page)
{
    static char out[256];
    struct reader r = { .at = page, .open = g_ptr_array_new_with_free_func(g_free),
                        .links = g_ptr_array_new_with_free_func(g_free),
                        .ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                        .fault = g_string_new(NULL) };

    if (g_str_has_prefix(r.at, "<!DOCTYPE html>")) {
        r.at += strlen("<!DOCTYPE html>");
    }
    while (*r.at && !r.fault->len) {
        if (*r.at != '<') {
            read_text(&r);
        } else if (r.at[1] == '/') {
            read_end(&r);
        } else {
            read_tag(&r);
        }
    }
    if (r.open->len) {
        fault(&r, "not closed", (const char *)r.open->pdata[r.open->len - 1]);
    }
    for (guint i = 0; i < r.links->len; i++) {
        if (!g_hash_table_contains(r.ids, r.links->pdata[i])) {
            fault(&r, "a link to nothing", (const char *)r.links->pdata[i]);
        }
    }
    g_strlcpy(out, r.fault->str, sizeof out);
    g_ptr_array_free(r.open, TRUE);
    g_ptr_array_free(r.links, TRUE);
    g_hash_table_destroy(r.ids);
    g_string_free(r.fault, TRUE);
    return out;
}

static void
reader(void)
{
    T_STR(fault_of("<p id=\"a\">x &amp; y<br><a href=\"#a\" hidden>z</a></p>"), "");
    T_STR(fault_of("<p><b></p>"), "closes what is not open: p");
    T_STR(fault_of("<p>"), "not closed: p");
    T_STR(fault_of("<p>a & b</p>"), "a bare ampersand: & b</p>");
    T_STR(fault_of("<p>a > b</p>"), "a bare >: a > b</p>");
    T_STR(fault_of("<p title=x></p>"), "a value without quotes: =x></p>");
    T_STR(fault_of("<p title=\"<b>\"></p>"), "a value without end: ");
    T_STR(fault_of("<p id=\"a\"></p><p id=\"a\"></p>"), "an id comes twice: a");
    T_STR(fault_of("<a href=\"#b\"></a>"), "a link to nothing: b");
    T_STR(fault_of("<p onclick=\"x\"></p>"), "a script: onclick");
}

/* --- the page ---------------------------------------------------------------------------- */

static char *page;

/* The page of all that was told; always well formed. */
static void
write_page(const struct report *r, const struct traffic *t, const char *name)
{
    GString *out = g_string_new(NULL);

    g_free(page);
    report_html(out, r, t, name);
    page = g_string_free(out, FALSE);
    T_STR(fault_of(page), "");
}

static void
make_page(struct conversation *c)
{
    struct report r = report_now(c);

    write_page(&r, NULL, NULL);
}

static bool
shows(const char *text)
{
    return strstr(page, text) != NULL;
}

/* These stand in the page one behind the other; they end with NULL. */
static bool
in_order(const char *const *texts)
{
    const char *at = page;

    for (; *texts && at; texts++) {
        at = strstr(at, *texts);
    }
    return at != NULL;
}

static unsigned
times(const char *text)
{
    unsigned n = 0;

    for (const char *at = strstr(page, text); at; at = strstr(at + 1, text)) {
        n++;
    }
    return n;
}

static void
nothing(struct conversation *c)
{
    reset(c);
    make_page(c);
    T(shows("<p class=\"verdict ok\">The capture contains no IKE, ESP or AH.</p>"));
    T(shows("<h1>What the capture shows</h1>"));
    T(shows("No findings in this capture."));
    T(!shows("id=\"sas\"") && !shows("id=\"table\""));
    T(!shows("id=\"time\"") && !shows("id=\"streams\""));
    T(shows("<meta name=\"generator\" content=\"Espial 9.8.7\">"));
    T(shows("Made by Espial 9.8.7 from"));
}

/* What the analyst wants above it, from when the capture is, and what made it. */
static void
about(struct conversation *c)
{
    struct report r;

    tunnel(c);
    end_after(c, 90000);
    r = report_now(c);
    write_page(&r, NULL, "a.pcap");
    T(shows("<h1>a.pcap</h1>\n<ul class=\"about\">\n"
            "<li>captured 1970-01-01 00:16:40 to 1970-01-02 01:16:42 UTC</li>\n"
            "<li>Espial 9.8.7</li>\n</ul>"));
    r.title = "Acme <4711>";
    r.author = "K. & L.";
    r.wireshark = "4.2.0";
    write_page(&r, NULL, "a.pcap");
    T(shows("<title>IPsec report: Acme &lt;4711&gt;</title>"));
    T(shows("<h1>Acme &lt;4711&gt;</h1>\n<ul class=\"about\">\n<li>a.pcap</li>\n<li>captured "));
    T(shows("<li>report by K. &amp; L.</li>\n<li>Espial 9.8.7, Wireshark 4.2.0</li>"));
    r.date = "2026-11-30";
    write_page(&r, NULL, NULL);
    T(shows("<h1>Acme &lt;4711&gt;</h1>\n<ul class=\"about\">\n<li>captured "));
    T(shows("<li>report of 2026-11-30 by K. &amp; L.</li>"));
}

/* Names of peers and of files, and what a finding quotes, are a stranger's. */
static void
escaped(struct conversation *c)
{
    struct report r;

    tunnel_of(c, "<script>alert(1)</script>&amp;'");
    forget_findings(c);
    find(c, CHECK_weak_prf, 2, sadb_ike_sa(c->db, 0), "Says \"<img src=x>\" & more.");
    r = report_now(c);
    r.keys_full = "<keys>";
    write_page(&r, NULL, "\"><script>.pcap");
    T(times("<script>") == 1);
    T(shows("<b>&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;&#39;</b>"));
    T(shows("<h1>&quot;&gt;&lt;script&gt;.pcap</h1>"));
    T(shows("<title>IPsec report: &quot;&gt;&lt;script&gt;.pcap</title>"));
    T(shows("Says &quot;&lt;img src=x&gt;&quot; &amp; more."));
    T(shows("Limit reached: &lt;keys&gt;; later ones were not used."));
}

static void
groups(struct conversation *c)
{
    const struct ike_sa *sa;

    tunnel(c);
    forget_findings(c);
    sa = sadb_ike_sa(c->db, 0);
    find(c, CHECK_sa_established, 4, sa, "It is up.");
    find(c, CHECK_nat_detected, 1, sa, "Of interest.");
    find(c, CHECK_weak_prf, 2, sa, "Risky.");
    find(c, CHECK_auth_failed, 4, sa, "Broken.");
    find(c, CHECK_weak_prf, 3, NULL, "Risky too.");
    make_page(c);
    T(shows("<p class=\"verdict error\">Fails: 192.0.2.10 has a tunnel to "
            "198.51.100.20 since frame 4, but authentication is rejected (frame 4).</p>"));
    T(in_order((const char *[]){ "<section id=\"findings\"",
                                 "<details class=\"finding error few\"",
                                 "<h3>Authentication is rejected</h3>", "Broken.",
                                 "<details class=\"finding warning well few\"",
                                 "<span class=\"times\">2 times</span>", "Risky.", "Risky too.",
                                 "<details class=\"finding note well few\"", "Of interest.",
                                 "<details class=\"finding chat well few\"", "It is up.", NULL }));
    T(times("<details class=\"finding ") == 4);         /* one for each check */
    /* Paper has in full what is wrong, and a title of what is weak or of interest. */
    T(shows("<article class=\"sa\" id=\"sa0\""));
    /* What is wrong first; how strong it is in a line. */
    T(in_order((const char *[]){ "<ol class=\"first\">", "Broken.", "<b>To do</b>", "</ol>",
                                 "<h3>Strength</h3>", "<section id=\"findings\"", NULL }));
    T(shows("<b>Since</b> 1970-01-01 00:16:42 UTC, frame 4, 1.50 s after the capture begins</p>"));
    T(times("<p class=\"head\">") == 1 && shows("<li class=\"error\" id=\"d0\">"));
    /* Each has an anchor to which its SA links, and the SA that it is about. */
    T(shows("<a href=\"#f3\">Authentication is rejected</a>") && shows("<tr id=\"f3\">"));
    T(shows("<a class=\"nb\" href=\"#sa0\">IKE SA 0</a>"));
}

static void
counts(struct conversation *c)
{
    tunnel(c);
    forget_findings(c);
    make_page(c);
    T(shows("<p class=\"verdict unknown\">Cannot be told: 192.0.2.10 has a tunnel to"));
    T(shows("<article class=\"sa well\" id=\"sa0\"") && !shows("those with the gravest findings"));
    find(c, CHECK_nat_detected, 1, NULL, "Of interest.");
    make_page(c);
    T(shows("<p class=\"verdict unknown\">") && !shows("<ol class=\"first\">"));
    forget_findings(c);
    find(c, CHECK_weak_prf, 1, NULL, "Risky.");
    make_page(c);
    T(shows("<p class=\"verdict unknown\">") && shows("<h3>Strength</h3>"));
    T(shows("<p>4 frames in 1.50 s, from 1970-01-01 00:16:40 UTC. "
            "The capture shows 1 IKE SA (1 established) between 1 pair of peers, "
            "with 1 Child SA that carried 0 packets.</p>"));
    T(!shows("Keys given"));
    packet(c, 0xb0000001, &c->client, &c->gateway, NULL, NULL, 0);
    packet(c, 0xc0000001, &c->stranger, &c->gateway, NULL, NULL, 0);
    sadb_see_keys(c->db, &(struct key_use){ 3, 1, 1, 4, 2, 2 });
    make_page(c);
    T(shows("<p>Keys given: 3 for IKE, 4 for ESP. Used in this capture: 1 and 2.</p>"));
    find(c, CHECK_keys_unused, 1, NULL, "Keys given: 3 IKE, 4 ESP; they decrypt little.");
    make_page(c);
    T(shows("Keys given: 3 IKE, 4 ESP; they decrypt little.") && !shows("Keys given: 3 for IKE"));
    T(shows("with 1 Child SA that carried 1 packet. 1 stream of ESP or AH belongs to no SA"));
    T(shows("<section id=\"streams\"") && shows("<code>c0000001</code>"));
}

static void
frames(struct conversation *c)
{
    reset(c);
    for (uint32_t at = 1; at <= 30; at += at % 4 == 2 ? 2 : 1) {
        find(c, CHECK_weak_prf, at, NULL, "Again.");
    }
    make_page(c);                                   /* 1, 2, 4-6, 8-10, .. */
    T(shows("<td class=\"n\" data-l=\"Frames\">1, 2, 4\xe2\x80\x93" "6, 8\xe2\x80\x93" "10, "));
}

/* --- more SAs than are told in full -------------------------------------------------------- */

static void
half_open(struct conversation *c, uint8_t number)
{
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    memset(c->m.spi_i, number, 8);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "init?", number);
}

/* The worst are told in full, in the order of the capture; the others are in the table. */
static void
chosen(struct conversation *c)
{
    reset(c);
    for (uint8_t i = 0; i < 43; i++) {
        half_open(c, (uint8_t)(i + 1));
    }
    forget_findings(c);
    find(c, CHECK_auth_failed, 42, sadb_ike_sa(c->db, 41), "Broken.");
    find(c, CHECK_weak_prf, 43, sadb_ike_sa(c->db, 42), "Risky.");
    find(c, CHECK_nat_detected, 43, sadb_ike_sa(c->db, 39), "Of interest.");
    make_page(c);
    T(shows("40 of 43 IKE SAs, those with the gravest findings."));
    T(times("<article class=\"sa") == 40);
    T(in_order((const char *[]){ "id=\"sa0\"", "id=\"sa36\"", "id=\"sa39\"", "id=\"sa41\"",
                                 "id=\"sa42\"", NULL }));
    T(!shows("id=\"sa37\"") && !shows("id=\"sa38\"") && !shows("id=\"sa40\""));
    T(times("<tr id=\"t") == 43);
    T(shows("<tr id=\"t41\"><th scope=\"row\"><a href=\"#sa41\">41</a>") &&
      shows("<tr id=\"t40\"><th scope=\"row\">40</th>"));
}

/* Beside each arrow is what the message says, a stranger's words, and what became of it. */
static void
ladder(struct conversation *c)
{
    static char content[600] = "IKE_AUTH request 1: ";
    struct exchange_message *first, *second;

    tunnel(c);
    packet(c, 0xb0000001, &c->client, &c->gateway, "10.1.0.5", "10.2.0.5", IP_TCP);
    forget_findings(c);
    find(c, CHECK_weak_prf, 3, sadb_ike_sa(c->db, 0), "Risky.");
    first = (struct exchange_message *)sadb_ike_sa(c->db, 0)->exchanges.at[0]->messages.at;
    second = (struct exchange_message *)sadb_ike_sa(c->db, 0)->exchanges.at[1]->messages.at;
    first->text = "IKE_SA_INIT request 0: N <b>: a/B";
    memset(content + strlen(content), 'x', 500);
    second->text = content;
    make_page(c);
    T(times("<div class=\"said\">") == 5 && times("<li class=\"row ") == 5);
    T(shows(">IKE_SA_INIT request 0</text>") && shows(">in clear, 300 octets</text>"));
    T(shows("<p>N &lt;b&gt;: a/<wbr>B</p></div>"));
    T(shows(">IKE_AUTH request 1</text>"));
    T(shows("xxx \xe2\x80\xa6</p><ul><li class=\"warning\">"));
    T(shows("<li class=\"row msg warning\">"));
    T(shows("<ul><li class=\"ok\">IKE SA 0 established</li>"
            "<li class=\"ok\">Child SA 0 installed</li></ul>"));
    T(shows(">ESP b0000001: 1 packet</text>") && shows("<p>Child SA 0</p>"));
    first->text = second->text = NULL;          /* once SADB_MAX_LINES were kept */
    make_page(c);
    T(shows(">IKE_SA_INIT</text>") && shows("<div class=\"said\"></div>"));
}

static void
same_octets(struct conversation *c)
{
    char *before;

    tunnel(c);
    packet(c, 0xb0000001, &c->client, &c->gateway, "10.1.0.5", "10.2.0.5", IP_TCP);
    end_after(c, 60);
    make_page(c);
    before = g_strdup(page);
    make_page(c);
    T_STR(page, before);
    g_free(before);
}

/* --- traffic -------------------------------------------------------------------------------- */

static void
carried(struct traffic *t, const char *src, const char *dst, uint32_t at, double time)
{
    struct traffic_packet p = { .stream = 0, .frame = at, .time = time };

    T(ip_parse(&p.inner_src, src) && ip_parse(&p.inner_dst, dst));
    traffic_see(t, &p);
}

static void
inner(struct conversation *c)
{
    struct traffic *t = traffic_new();
    struct report r;

    tunnel(c);
    packet(c, 0xb0000001, &c->client, &c->gateway, "10.1.0.5", "10.2.0.5", IP_TCP);
    forget_findings(c);
    carried(t, "10.1.0.5", "10.2.0.5", 5, 1003);
    carried(t, "10.1.0.5", "10.2.0.5", 6, 1004);
    carried(t, "10.9.0.5", "10.2.0.5", 7, 1005);
    carried(t, "10.1.0.5", "10.9.0.5", 8, 1006);
    carried(t, "10.9.0.5", "10.9.0.5", 9, 1007);
    r = report_now(c);
    write_page(&r, t, NULL);
    T(shows("<td class=\"r\" data-l=\"Packets\">2</td>"
            "<td class=\"n\" data-l=\"Frames\">5\xe2\x80\x93" "6</td>"
            "<td data-l=\"Verdict\" class=\"good\">inside</td>"));
    T(shows("<span class=\"nb bad\">10.9.0.5</span> \xe2\x86\x92 "
            "<span class=\"nb\">10.2.0.5</span>"));
    T(in_order((const char *[]){ "class=\"good\">inside<", "class=\"bad\">source outside<",
                                 "class=\"bad\">destination outside<",
                                 "class=\"bad\">both outside<", NULL }));
    traffic_free(t);
}

/* Slices double until the time fits; no packet and no loss gets lost. */
static void
slices(void)
{
    struct traffic *t = traffic_new();
    const struct stream_traffic *s;
    uint32_t all = 0;

    T(traffic_of(t, 3) == NULL && traffic_of(NULL, 0) == NULL);
    for (uint32_t i = 0; i < 100; i++) {
        struct traffic_packet p = { .stream = 3, .lost = i >= 50 ? 7 : 0, .time = 10 + i };
        traffic_see(t, &p);
    }
    s = traffic_of(t, 3);
    /* 0.01 s, doubled eight times. */
    T(s && s->start == 10 && s->width > 2.559 && s->width < 2.561);
    T(s && s->packets[0] == 3 && s->packets[1] == 3 && s->packets[2] == 2);
    for (size_t i = 0; s && i < TRAFFIC_BINS; i++) {
        all += s->packets[i];
        T(s->lost[i] == (i == (size_t)(50 / s->width)));
    }
    T(all == 100);
    T(traffic_of(t, 2) == NULL && traffic_of(t, 4) == NULL);
    traffic_see(t, &(struct traffic_packet){ .stream = NO_ID });
    traffic_see(t, &(struct traffic_packet){ .stream = TRAFFIC_MAX_STREAMS });
    T(traffic_of(t, TRAFFIC_MAX_STREAMS) == NULL);
    traffic_free(t);
    traffic_free(NULL);
}

/* Of more pairs than are kept, the packets are counted together. */
static void
many_pairs(struct conversation *c)
{
    struct traffic *t = traffic_new();
    struct report r;

    tunnel(c);
    packet(c, 0xb0000001, &c->client, &c->gateway, "10.1.0.5", "10.2.0.5", IP_TCP);
    for (unsigned i = 0; i < TRAFFIC_MAX_INNER + 5; i++) {
        char src[ADDR_TEXT_MAX];
        g_snprintf(src, sizeof src, "10.1.0.%u", i + 1);
        carried(t, src, "10.2.0.5", 5 + i, 1003);
    }
    r = report_now(c);
    write_page(&r, t, NULL);
    T(shows("5 more packets, of further pairs of addresses"));
    T(shows("10.1.0.32</span>") && !shows("10.1.0.33</span>"));
    traffic_free(t);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    reader();
    nothing(&c);
    about(&c);
    escaped(&c);
    groups(&c);
    counts(&c);
    frames(&c);
    chosen(&c);
    ladder(&c);
    same_octets(&c);
    inner(&c);
    slices();
    many_pairs(&c);
    g_free(page);
    return conversation_done(&c);
}
