/* What became of packets between two capture points.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

enum { NEAR = 1,
       FAR = 2 };
#define AHEAD 11.0 /* the far point's clock, seconds */

/* Of the packets that come next. */
static struct header {
    uint8_t dscp;
    bool joined;
} header;

/* An ESP packet at one point; the client is at the near one. */
static void
at_point(struct conversation *c, uint8_t point, double time, uint32_t seq, bool from_client,
         uint32_t length)
{
    static uint8_t octets[8];
    struct ipsec_packet p = esp_of(from_client ? TO_R : TO_I, seq);
    struct sighting at = { .frame = c->frame + 1, .time = time + (point == FAR ? AHEAD : 0),
                           .src = from_client ? c->client : c->gateway,
                           .dst = from_client ? c->gateway : c->client, .ip_id = (uint16_t)seq,
                           .ttl = (point == NEAR) == from_client ? 64 : 60, .point = point,
                           .dscp = header.dscp, .joined = header.joined };

    memcpy(octets, &seq, sizeof seq);
    p.iv = seq;
    p.has_iv = true;
    p.length = length;
    sadb_see_point(c->db, point, at.frame, at.time, point == NEAR ? "client" : "gateway");
    see_ipsec(c, &at, &p);
}

static void
set_up(struct conversation *c)
{
    tunnel(c);
    sadb_expect_points(c->db, true);
}

/* Packets there and back that arrive: first to first + num - 1, a second apart. */
static void
talk(struct conversation *c, double from, uint32_t first, uint32_t num)
{
    for (uint32_t i = 0; i < num; i++) {
        at_point(c, NEAR, from + i, first + i, true, 100);
        at_point(c, FAR, from + i + 0.02, first + i, true, 100);
        at_point(c, FAR, from + i + 0.1, first + i, false, 100);
        at_point(c, NEAR, from + i + 0.12, first + i, false, 100);
    }
}

static void
end(struct conversation *c)
{
    sadb_see_end(c->db);
    checks_end(c->found, c->db, c->plan);
}

static void
no_copy(struct conversation *c)
{
    SILENT(c, replay);
    SILENT(c, duplicate_frame);
    SILENT(c, out_of_window);
    SILENT(c, sequence_gap);
    SILENT(c, rewritten_between);
    SILENT(c, dropped_after_arrival);
}

static void
nothing_lost(struct conversation *c)
{
    set_up(c);
    talk(c, 2000, 1, 10);
    end(c);
    SILENT(c, lost_between);
    no_copy(c);
    T(sadb_stream(c->db, 0)->packets == 10);
}

static void
some_lost(struct conversation *c)
{
    const struct finding *f;

    set_up(c);
    talk(c, 2000, 1, 4);
    at_point(c, NEAR, 2004, 5, true, 100);
    at_point(c, FAR, 2004.1, 5, false, 100);
    at_point(c, NEAR, 2004.12, 5, false, 100);
    talk(c, 2005, 6, 4);
    end(c);
    SAYS(c, lost_between, "Between client and gateway 1 of the 9 ESP packets of SPI b0000001 from "
                          "192.0.2.10 to 198.51.100.20 is lost: frame 21 at client.");
    f = the_finding(c, CHECK_lost_between);
    T(f->basis == BASIS_OBSERVED && f->severity == SEV_WARN && f->frames->len == 1);
    T(strstr(f->remedy, "error and drop counters") != NULL);
    no_copy(c);
}

static void
all_lost(struct conversation *c)
{
    const struct finding *f;

    set_up(c);
    for (uint32_t i = 1; i <= 5; i++) {
        at_point(c, NEAR, 2000 + i, i, true, 100);
        at_point(c, FAR, 2000 + i + 0.02, i, true, 100);
        at_point(c, FAR, 2000 + i + 0.1, i, false, 100);
    }
    at_point(c, NEAR, 2010, 6, true, 100);
    at_point(c, FAR, 2010.02, 6, true, 100);
    end(c);
    SAYS(c, lost_between, "Between gateway and client all 5 ESP packets of SPI a0000001 from "
                          "198.51.100.20 to 192.0.2.10 are lost: frames ");
    f = the_finding(c, CHECK_lost_between);
    T(f->frames->len == 5 && f->count == 5);
    T(strstr(f->remedy, "they must let ESP (IP protocol 50) pass in this direction") != NULL);
    no_copy(c);
}

static void
lost_since(struct conversation *c)
{
    set_up(c);
    talk(c, 2000, 1, 4);
    for (uint32_t i = 5; i <= 8; i++) {
        at_point(c, NEAR, 2000 + i, i, true, 100);
        at_point(c, FAR, 2000 + i + 0.5, i, false, 100);
        at_point(c, NEAR, 2000 + i + 0.52, i, false, 100);
    }
    end(c);
    SAYS(c, lost_between, "; frame 17 was the last that arrived.");
    T(strstr(remedy(c, CHECK_lost_between), "for what changed at that moment") != NULL);
}

static void
large_lost(struct conversation *c)
{
    set_up(c);
    for (uint32_t i = 1; i <= 12; i++) {
        bool large = i % 3 == 0;
        at_point(c, NEAR, 2000 + i, i, true, large ? 1480 : 120);
        if (!large) {
            at_point(c, FAR, 2000 + i + 0.02, i, true, 120);
        }
        at_point(c, FAR, 2000 + i + 0.1, i, false, 100);
        at_point(c, NEAR, 2000 + i + 0.12, i, false, 100);
    }
    end(c);
    SAYS(c, lost_between, "all of them have 1480 octets or more, and the longest that arrived has "
                          "120.");
    T(strstr(remedy(c, CHECK_lost_between), "lower the MTU or the TCP MSS") != NULL);
}

/* The clock of the near point is so far ahead that all of it comes behind the far one: what is lost
 * on the way comes when the window is long past. */
static void
lost_behind(struct conversation *c)
{
    set_up(c);
    for (uint32_t i = 1; i <= 90; i++) {
        if (i != 5) {
            at_point(c, FAR, 1000 + i, i, true, 100);
        }
        at_point(c, FAR, 1000 + i + 0.1, i, false, 100);
    }
    for (uint32_t i = 1; i <= 90; i++) {
        at_point(c, NEAR, 1400 + i - 0.02, i, true, 100);
        at_point(c, NEAR, 1400 + i + 0.12, i, false, 100);
    }
    end(c);
    SAYS(c, lost_between, "1 of the 90 ESP packets of SPI b0000001");
    no_copy(c);
    SILENT(c, stream_stopped);
    T(sadb_stream(c->db, 0)->packets == 90 && sadb_stream(c->db, 0)->lost == 0);
}

/* The far point ends early, or never saw anything of the two. */
static void
not_captured(struct conversation *c)
{
    set_up(c);
    talk(c, 2000, 1, 4);
    for (uint32_t i = 5; i <= 12; i++) {
        at_point(c, NEAR, 2000 + i, i, true, 100);
        at_point(c, NEAR, 2000 + i + 0.12, i, false, 100);
    }
    end(c);
    SILENT(c, lost_between);
    no_copy(c);
    set_up(c);
    for (uint32_t i = 1; i <= 12; i++) {
        at_point(c, NEAR, 2000 + i, i, true, 100);
        at_point(c, NEAR, 2000 + i + 0.12, i, false, 100);
    }
    sadb_see_point(c->db, FAR, ++c->frame, 2005, "gateway");
    sadb_see_point(c->db, FAR, ++c->frame, 2500, "gateway");
    end(c);
    SILENT(c, lost_between);
}

static void
rewritten(struct conversation *c)
{
    const struct ip_addr own = c->client;

    set_up(c);
    for (uint32_t i = 1; i <= 4; i++) {
        at_point(c, NEAR, 2000 + i, i, true, 100);
        c->client = c->stranger;
        at_point(c, FAR, 2000 + i + 0.02, i, true, 100);
        at_point(c, FAR, 2000 + i + 0.1, i, false, 100);
        c->client = own;
        at_point(c, NEAR, 2000 + i + 0.12, i, false, 100);
    }
    end(c);
    SAYS(c, rewritten_between, "192.0.2.10 -> 203.0.113.66");
    T(count(c, CHECK_rewritten_between) == 1);
    SILENT(c, lost_between);
    SILENT(c, outer_source_violation);
    SILENT(c, replay);
}

/* The packets of one direction lose their class of service on the way, the long ones come in
 * fragments; the other direction is let be. */
static void
header_changed(struct conversation *c)
{
    set_up(c);
    for (uint32_t i = 1; i <= 4; i++) {
        header = (struct header){ 46, false };
        at_point(c, NEAR, 2000 + i, i, true, 100);
        header = (struct header){ 0, i == 3 };
        at_point(c, FAR, 2000 + i + 0.02, i, true, 100);
        at_point(c, FAR, 2000 + i + 0.1, i, false, 100);
        header.joined = false;
        at_point(c, NEAR, 2000 + i + 0.12, i, false, 100);
    }
    end(c);
    for (size_t i = 0; i < findings_count(c->found); i++) {
        const struct finding *f = findings_get(c->found, i);
        if (f->check == CHECK_rewritten_between) {
            T(strstr(f->detail, f->frame == 5 ?
                                    "change their DSCP, the first from 46 to 0 (frames 5 and 6)" :
                                    "leave client whole and arrive at gateway in IP fragments "
                                    "(frames 13 and 14)"));
            T(f->frame == 5 || f->frame == 13);
        }
    }
    FIRES(c, rewritten_between);
    T(count(c, CHECK_rewritten_between) == 2);
    header = (struct header){ 0, false };
    SILENT(c, lost_between);
}

/* Somebody sends a packet again that both points have seen. */
static void
replayed(struct conversation *c)
{
    set_up(c);
    talk(c, 2000, 1, 4);
    at_point(c, FAR, 2004, 2, true, 100);
    talk(c, 2005, 5, 4);
    end(c);
    FIRES(c, replay);
    SILENT(c, lost_between);
}

/* What the tunnel carries, at its own device beside the interface: id is the inner packet's. */
static void
inner_at(struct conversation *c, uint8_t point, double time, uint8_t host, uint16_t id, bool back)
{
    uint8_t packet[40] = { 0x45, 0, 0, 40, (uint8_t)(id >> 8), (uint8_t)id, 0, 0, 64, 6, 0, 0,
                           10, 1, 0, host, 10, 2, 0, 1, 1, 2, 3, 4 };
    struct sighting at = { .frame = c->frame + 1, .time = time, .point = point,
                           .src = back ? c->gateway : c->client,
                           .dst = back ? c->client : c->gateway };

    if (back) {
        memcpy(packet + 12, (const uint8_t[]){ 10, 2, 0, 1, 10, 1, 0, host }, 8);
    }
    sadb_see_point(c->db, point, at.frame, time, point == NEAR ? "eth0" : "ipsec0");
    if (point == NEAR) {
        struct ipsec_packet p = esp_of(back ? TO_I : TO_R, id);
        p.inner_basis = BASIS_DECRYPTED;
        p.icv = ICV_GOOD;
        p.inner_tunnel = true;
        p.has_inner = inner_packet_read(&p.inner, packet, sizeof packet);
        memcpy(p.inner_head, packet, sizeof packet);
        p.inner_head_len = sizeof packet;
        see_ipsec(c, &at, &p);
    } else {
        struct path_packet p = { .kind = PATH_CLEAR, .clear_octets = { packet, sizeof packet } };
        struct path_event e;
        T(inner_packet_read(&p.clear, packet, sizeof packet));
        c->frame = at.frame;
        sadb_see_path(c->db, &e, &at, &p);
    }
}

static void
dropped(struct conversation *c)
{
    for (int answered = 0; answered < 2; answered++) {
        set_up(c);
        for (uint16_t i = 1; i <= 3; i++) {
            inner_at(c, NEAR, 2000 + i, 5, i, false);
            inner_at(c, FAR, 2000 + i + 0.0001, 5, i, false);
            inner_at(c, FAR, 2000 + i + 0.001, 5, i, true);
            inner_at(c, NEAR, 2000 + i + 0.0012, 5, i, true);
        }
        for (uint16_t i = 4; i <= 6; i++) {
            inner_at(c, NEAR, 2000 + i, 9, i, false);
            if (answered) {
                inner_at(c, NEAR, 2000 + i + 0.0012, 9, i, true);
            }
        }
        end(c);
        TOLD(c, dropped_after_arrival, !answered);
        SILENT(c, lost_between);
        SILENT(c, cleartext_bypass);
        if (!answered) {
            SAYS(c, dropped_after_arrival, "3 packets from 10.1.0.9 to 10.2.0.1 arrive at eth0 in "
                                           "SPI b0000001, but nothing of them leaves at ipsec0, "
                                           "and no one answers: 198.51.100.20 drops them.");
        }
    }
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    nothing_lost(&c);
    some_lost(&c);
    all_lost(&c);
    lost_since(&c);
    large_lost(&c);
    lost_behind(&c);
    not_captured(&c);
    rewritten(&c);
    header_changed(&c);
    replayed(&c);
    dropped(&c);
    return conversation_done(&c);
}
