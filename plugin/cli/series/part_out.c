/* part_out.c - writes a part: what of a frame's octets can matter.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "part.h"

#include <espial/ipsec.h>
#include <espial/limits.h>
#include <espial/names.h>
#include <espial/text.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>

enum {
    CLEAR_KEPT = 40 + INNER_HEAD,       /* octets of a clear packet: its headers, and what a copy of
                                         * it is known by */
    ESP_KEPT = 32               /* of an ESP packet: SPI, number, IV; and the header of IKE that
                                 * stands there by mistake */
};

struct part_out {
    struct codec c;
    FILE *to;
    int error;                  /* errno of the first write that failed */
    uint64_t seed;
    bool cut_esp, any_tcp;
    GHashTable *ways;           /* sum of addresses, ports and SPI -> ESP packets that are whole */
    unsigned num_interfaces;
    struct part_frame before;
};

/* --- blocks ----------------------------------------------------------------------------------- */

static void
put(struct part_out *o, const void *at, size_t len)
{
    if (!o->error && fwrite(at, 1, len, o->to) != len) {
        o->error = errno;
    }
}

static void
flush(struct part_out *o)
{
    uint32_t len = GUINT32_TO_LE(o->c.out->len);
    uint64_t sum = GUINT64_TO_LE(hash_long(o->seed, o->c.out->data, o->c.out->len));

    put(o, &len, sizeof len);
    put(o, &sum, sizeof sum);
    put(o, o->c.out->data, o->c.out->len);
    g_byte_array_set_size(o->c.out, 0);
}

static void
begin(struct part_out *o, enum part_tag tag)
{
    uint8_t octet = (uint8_t)tag;

    if (o->c.out->len >= PART_BLOCK) {
        flush(o);
    }
    code_octets(&o->c, &octet, 1);
}

static struct span
text_span(const char *text)
{
    return (struct span){ (const uint8_t *)text, text ? strlen(text) : 0 };
}

/* --- what matters of a frame ------------------------------------------------------------------ */

/* The first packets of a stream are looked at for clear text: the same as a state keeps. */
static bool
is_among_the_first(struct part_out *o, const struct frame_part *p, uint32_t spi)
{
    const struct {
        struct ip_addr src, dst;
        uint32_t spi, ports;
    } key = { p->src, p->dst, spi, (uint32_t)p->src_port << 16 | p->dst_port };
    int64_t hash;
    guint num;
    uint8_t flat[2 * sizeof(struct ip_addr) + 2 * sizeof(uint32_t)] = { 0 };

    memcpy(flat, &key.src, sizeof key.src);
    memcpy(flat + sizeof key.src, &key.dst, sizeof key.dst);
    memcpy(flat + 2 * sizeof key.src, &key.spi, sizeof key.spi);
    memcpy(flat + 2 * sizeof key.src + sizeof key.spi, &key.ports, sizeof key.ports);
    hash = (int64_t)hash_octets(hash_seed(), flat, sizeof flat);
    num = GPOINTER_TO_UINT(g_hash_table_lookup(o->ways, &hash));
    if (num >= STATE_MAX_WHOLE) {
        return false;
    }
    if (num || g_hash_table_size(o->ways) < PART_MAX_WAYS) {
        g_hash_table_replace(o->ways, g_memdup2(&hash, sizeof hash), GUINT_TO_POINTER(num + 1));
    }
    return true;
}

/* Where ESP is cut: its only part, in whole packets alone. */
static void
cut_esp(struct part_out *o, struct part_frame *r, const struct feed_frame *frame,
        const struct frame_part *p)
{
    size_t kept = (size_t)(p->octets.at - frame->octets.at) + ESP_KEPT;
    struct ipsec_packet packet;

    if (kept >= r->captured || p->octets.captured < p->octets.reported ||
        !esp_read(&packet, p->octets.at, p->octets.captured, p->octets.reported) ||
        is_among_the_first(o, p, packet.spi)) {
        return;
    }
    r->cut = r->esp = true;
    r->sum = ipsec_sum(&packet);
    r->octets.len = kept;
}

/* No IKE and no ESP is expected there, on whatever ports it was found before. */
static bool
is_well_known(uint16_t port)
{
    static const uint16_t known[] = { 53, 67, 68, 123, 137, 138, 161, 162, 514, 1900, 5353 };

    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if (port == known[i]) {
            return true;
        }
    }
    return false;
}

/* What is neither IPsec nor about it: its headers, but where it may turn out to be IPsec by what is
 * known of other files. */
static void
cut_clear(const struct part_out *o, struct part_frame *r, const struct feed_frame *frame,
          const struct octets *ip)
{
    struct inner_packet p;
    size_t kept;

    if (!ip->at || !inner_packet_read(&p, ip->at, ip->captured) || p.fragment) {
        return;
    }
    kept = (size_t)(ip->at - frame->octets.at) + CLEAR_KEPT;
    if (kept >= r->captured ||
        !(p.protocol == IP_TCP || (p.protocol == IP_UDP && p.has_ports &&
                                   (is_well_known(p.src_port) || is_well_known(p.dst_port))))) {
        return;
    }
    r->cut = true;
    r->sum = hash_long(o->seed, frame->octets.at + kept, r->captured - kept) | 1;
    r->octets.len = kept;
}

static void
cut_frame(struct part_out *o, struct part_frame *r, const struct feed_frame *frame)
{
    struct frame_walk walk = { .any_tcp = o->any_tcp };
    struct frame_part part, last = { 0 };
    unsigned parts = 0;

    frame_begin(&walk, frame->link, &frame->octets);
    while (frame_next(&walk, &part)) {
        o->any_tcp |= part.kind == FRAME_TCP && tcp_encap_begins(&part.octets);
        last = part;
        parts++;
    }
    if (!parts) {
        cut_clear(o, r, frame, &walk.ip);
    } else if (o->cut_esp && parts == 1 && last.kind == FRAME_ESP && !last.own_ports) {
        cut_esp(o, r, frame, &last);
    }
}

/* --- records ---------------------------------------------------------------------------------- */

static void
tell_interfaces(struct part_out *o, struct source *s)
{
    for (unsigned num = source_interfaces(s); o->num_interfaces < num; o->num_interfaces++) {
        unsigned i = o->num_interfaces;
        struct part_interface r = { .link = (uint64_t)source_interface_link(s, i),
                                    .name = text_span(source_interface_name(s, i)) };
        begin(o, PART_INTERFACE);
        code_part_interface(&o->c, &r);
    }
}

static void
put_frame(struct part_out *o, struct source *s, const struct feed_frame *frame)
{
    int64_t secs;
    int nsecs;
    struct part_frame r = { .timeless = !source_time(s, &secs, &nsecs),
                            .interface = source_interface_number(s), .link = frame->link,
                            .captured = MIN(frame->octets.captured, PART_MAX_FRAME),
                            .reported = frame->octets.reported };

    r.secs = (uint64_t)secs;
    r.nsecs = (uint64_t)nsecs;
    r.octets = (struct span){ frame->octets.at, (size_t)r.captured };
    if (frame->link != FRAME_LINK_OTHER && r.captured) {
        cut_frame(o, &r, frame);
    }
    begin(o, PART_FRAME);
    code_part_frame(&o->c, &r, &o->before);
    o->before = r;
}

static void
put_records(struct part_out *o, struct source *s, const char *capture, uint32_t *frames)
{
    struct part_capture what = { .path = text_span(capture), .cut_esp = o->cut_esp };
    struct part_end end = { 0 };
    struct feed_frame frame;
    const char *link = NULL;
    char *damage;
    int64_t size;

    (void)source_done(s, &size);
    what.size = (uint64_t)size;
    begin(o, PART_CAPTURE);
    code_part_capture(&o->c, &what);
    flush(o);
    for (*frames = 0; !o->error && source_next(s, &frame); ++*frames) {
        if (!*frames || source_interface_number(s) >= o->num_interfaces) {
            tell_interfaces(o, s);
        }
        put_frame(o, s, &frame);
    }
    tell_interfaces(o, s);
    damage = source_damage(s);
    end.damaged = damage != NULL;
    end.damage = text_span(damage);
    end.strange = source_strange(s, &link);
    end.strange_link = text_span(end.strange ? link : NULL);
    begin(o, PART_END);
    code_part_end(&o->c, &end);
    flush(o);
    g_free(damage);
}

char *
part_write(struct source *s, const char *capture, const char *to, uint64_t seed, bool cut_esp_too,
           uint32_t *frames)
{
    char *dir = g_path_get_dirname(to), *beside = g_build_filename(dir, ".espial.XXXXXX", NULL);
    int fd = g_mkstemp_full(beside, O_RDWR, 0600);
    struct part_out o = { .seed = seed, .cut_esp = cut_esp_too,
                          .to = fd < 0 ? NULL : fdopen(fd, "wb") };

    o.error = o.to ? 0 : errno;
    o.ways = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    o.c.out = g_byte_array_new();
    ipsec_adopt_sum_seed(seed);
    if (o.to) {
        uint64_t check = part_check(seed);
        put(&o, PART_HEAD, PART_HEAD_LEN);
        put(&o, &seed, sizeof seed);
        put(&o, &check, sizeof check);
        put_records(&o, s, capture, frames);
        if (fclose(o.to) != 0 && !o.error) {
            o.error = errno;
        }
        if (!o.error && g_rename(beside, to) != 0) {
            o.error = errno;
        }
        if (o.error) {
            g_unlink(beside);
        }
    }
    g_byte_array_free(o.c.out, TRUE);
    g_hash_table_destroy(o.ways);
    g_free(beside);
    g_free(dir);
    return o.error ? g_strdup(g_strerror(o.error)) : NULL;
}
