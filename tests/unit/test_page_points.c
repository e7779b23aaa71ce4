/* The HTML report of several capture points: a column for each in the ladder, an arrow as far as a
 * packet was seen, and a table of what passed.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_build.h"

#include <espial/points.h>

enum { NEAR = 1,
       FAR = 2 };
#define AHEAD 11.0 /* the far point's clock, seconds */

/* An ESP packet at one point; the client is at the near one, and behind a NAT at the far one. */
static void
at_point(struct conversation *c, uint8_t point, double time, uint32_t seq, bool from_client,
         bool nat)
{
    static uint8_t octets[8];
    struct ipsec_packet p = esp_of(from_client ? TO_R : TO_I, seq);
    const struct ip_addr *client = nat && point == FAR ? &c->stranger : &c->client;
    struct sighting at = { .frame = c->frame + 1, .time = time + (point == FAR ? AHEAD : 0),
                           .src = from_client ? *client : c->gateway,
                           .dst = from_client ? c->gateway : *client, .ip_id = (uint16_t)seq,
                           .ttl = (point == NEAR) == from_client ? 64 : 60, .point = point };

    memcpy(octets, &seq, sizeof seq);
    p.iv = seq;
    p.has_iv = true;
    p.length = 100;
    sadb_see_point(c->db, point, at.frame, at.time, point == NEAR ? "cli<ent" : "gateway");
    see_ipsec(c, &at, &p);
}

static void
talk(struct conversation *c, double from, uint32_t first, uint32_t num, bool nat)
{
    for (uint32_t i = 0; i < num; i++) {
        at_point(c, NEAR, from + i, first + i, true, nat);
        at_point(c, FAR, from + i + 0.02, first + i, true, nat);
        at_point(c, FAR, from + i + 0.1, first + i, false, nat);
        at_point(c, NEAR, from + i + 0.12, first + i, false, nat);
    }
}

static void
set_up(struct conversation *c)
{
    tunnel(c);
    sadb_expect_points(c->db, true);
}

/* As long as the next call. */
static const char *
page(struct conversation *c)
{
    static GString *out;
    struct report r;

    sadb_see_end(c->db);
    checks_end(c->found, c->db, c->plan);
    r = report_now(c);
    if (out) {
        g_string_free(out, TRUE);
    }
    out = g_string_new(NULL);
    report_html(out, &r, NULL, "both.pcapng");
    return out->str;
}

static unsigned
times_in(const char *text, const char *what)
{
    unsigned n = 0;

    for (const char *at = strstr(text, what); at; at = strstr(at + 1, what)) {
        n++;
    }
    return n;
}

static void
one_point(struct conversation *c)
{
    const char *text;

    tunnel(c);
    packet(c, TO_R, &c->client, &c->gateway, NULL, NULL, 0);
    text = page(c);
    T(strstr(text, "class=\"ladder\"") && strstr(text, "since the capture began"));
    T(!strstr(text, "pts") && !strstr(text, "id=\"points\""));
}

static void
some_lost(struct conversation *c)
{
    const char *text;

    set_up(c);
    talk(c, 2000, 1, 4, false);
    at_point(c, NEAR, 2004, 5, true, false);
    talk(c, 2005, 6, 4, false);
    text = page(c);
    T(strstr(text, "class=\"ladder pts p2\""));
    T(strstr(text, "<text class=\"hop gone\" x=\"240\" y=\"27\">1 lost</text>"));
    T(strstr(text, "<p class=\"gone\">1 of 9 lost between cli&lt;ent and gateway</p>"));
    T(strstr(text, "clock +11.000 s") && strstr(text, "its clock is used"));
    T(strstr(text, "<td>11.000 s ahead") == NULL && strstr(text, "11.000 s ahead"));
    T(strstr(text, "cli&lt;ent \xe2\x86\x92 gateway</th><td data-l=\"Of\">ESP b0000001</td>"));
    T(strstr(text, "8 of 9</td><td data-l=\"Lost\"><b>1</b>"));
    T(!strstr(text, "rewritten</text>") && !strstr(text, "cli<ent"));
    T(times_in(text, "class=\"cross\"") == 1);
}

static void
all_lost(struct conversation *c)
{
    const char *text, *row;

    set_up(c);
    for (uint32_t i = 1; i <= 5; i++) {
        at_point(c, NEAR, 2000 + i, i, true, false);
        at_point(c, FAR, 2000 + i + 0.02, i, true, false);
        at_point(c, FAR, 2000 + i + 0.1, i, false, false);
    }
    at_point(c, NEAR, 2010, 6, true, false);
    at_point(c, FAR, 2010.02, 6, true, false);
    text = page(c);
    T(strstr(text, ">all lost</text>"));
    row = strstr(text, "from the responder, seen at gateway, then lost");
    T(row != NULL);
    /* It ends between the points, and no tip says that it arrives. */
    if (row) {
        char *one = g_strndup(row, (gsize)(strstr(row, "</svg>") - row));
        T(!strstr(one, "class=\"tip\"") && strstr(one, "H240\"/>"));
        T(times_in(one, "seen\" cx") == 1);
        g_free(one);
    }
}

static void
translated(struct conversation *c)
{
    const char *text;

    set_up(c);
    talk(c, 2000, 1, 4, true);
    text = page(c);
    T(times_in(text, "class=\"hop\"") == 2 && times_in(text, ">rewritten</text>") == 2);
    T(strstr(text, "192.0.2.10 -&gt; 203.0.113.66 between cli&lt;ent and gateway</p>"));
    T(strstr(text, "203.0.113.66 -&gt; 192.0.2.10 between gateway and cli&lt;ent</p>"));
    T(!strstr(text, "gone\">"));
}

int
main(void)
{
    struct conversation c;

    conversation_begin(&c);
    one_point(&c);
    some_lost(&c);
    all_lost(&c);
    translated(&c);
    return conversation_done(&c);
}
