/* ipsec.c - headers and trailers of ESP and AH.  SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/ike.h>
#include <espial/ipsec.h>

#include <espial/hash.h>

#include <string.h>

/* An IPv4 header stands where ciphertext should: its checksum does not fit by chance
 * (RFC 791 section 3.1). */
static bool
is_ipv4_header(const uint8_t *at, size_t len)
{
    return len >= IPV4_HEADER && at[0] == 0x45 && be16(at + 2) <= len &&
           ipv4_checksum_fits(at, IPV4_HEADER);
}

static void
read_iv(struct ipsec_packet *out, struct cur c)
{
    uint32_t hi, lo;

    out->readable_ip = is_ipv4_header(c.at, cur_left(&c));
    out->has_iv = cur_u32(&c, &hi) && cur_u32(&c, &lo);
    out->iv = out->has_iv ? (uint64_t)hi << 32 | lo : 0;
}

/* Of a table of this process, but for a state that was saved by another one. */
static uint64_t sum_seed;

uint64_t
ipsec_sum_seed(void)
{
    sum_seed = sum_seed ? sum_seed : hash_seed();
    return sum_seed;
}

void
ipsec_adopt_sum_seed(uint64_t seed)
{
    sum_seed = seed;
}

uint64_t
ipsec_sum(const struct ipsec_packet *p)
{
    if (p->sum || !p->octets.len) {
        return p->sum;
    }
    return hash_long(ipsec_sum_seed(), p->octets.at, p->octets.len) | 1;
}

bool
esp_read(struct ipsec_packet *out, const uint8_t *at, size_t captured, size_t reported)
{
    struct cur c = cur_of(at, captured);
    uint32_t spi, seq;

    if (!cur_u32(&c, &spi) || !cur_u32(&c, &seq)) {
        return false;
    }
    *out = (struct ipsec_packet){ .protocol = PROTO_ESP,
                                  .spi = spi,
                                  .seq = seq,
                                  .length = (uint32_t)reported,
                                  .octets = { at, captured < reported ? 0 : captured },
                                  .cut = captured < reported };
    read_iv(out, c);
    return true;
}

bool
ah_read(struct ipsec_packet *out, uint8_t *next, struct span *payload, const uint8_t *at,
        size_t captured, size_t reported)
{
    struct cur c = cur_of(at, captured), all = c, header;
    uint8_t words, proto;
    uint16_t reserved;
    uint32_t spi, seq;
    size_t len;

    if (!cur_u8(&c, &proto) || !cur_u8(&c, &words) || !cur_u16(&c, &reserved) ||
        !cur_u32(&c, &spi) || !cur_u32(&c, &seq)) {
        return false;
    }
    len = ((size_t)words + 2) * 4;                /* RFC 4302 section 2.2 */
    if (len < AH_HEADER) {
        return false;
    }
    *out = (struct ipsec_packet){ .protocol = PROTO_AH,
                                  .spi = spi,
                                  .seq = seq,
                                  .length = (uint32_t)reported,
                                  .octets = { at, captured < reported ? 0 : captured },
                                  .cut = captured < reported,
                                  .ah_words = words };
    *next = proto;
    *payload = (struct span){ at, 0 };
    if (cur_sub(&all, &header, len)) {
        *payload = (struct span){ all.at, cur_left(&all) };
    }
    return true;
}

bool
esp_clear_read(uint8_t *next, struct span *payload, const uint8_t *clear, size_t len)
{
    size_t pad;

    if (len < 2) {
        return false;
    }
    pad = clear[len - 2];
    if (pad + 2 > len) {
        return false;
    }
    for (size_t i = 0; i < pad; i++) {
        if (clear[len - 2 - pad + i] != i + 1) {
            return false;
        }
    }
    *next = clear[len - 1];
    *payload = (struct span){ clear, len - 2 - pad };
    return true;
}

void
ipsec_set_inner(struct ipsec_packet *p, const struct sighting *at, uint8_t next,
                const struct span *payload, enum basis basis)
{
    p->inner_basis = basis;
    p->next_header = next;
    p->clear_read = true;
    p->inner_tunnel = false;
    if (next == IP_IPV4 || next == IP_IPV6) {
        p->inner_tunnel = true;
        p->inner_head_len = (uint8_t)(payload->len < INNER_HEAD ? payload->len : INNER_HEAD);
        memcpy(p->inner_head, payload->at, p->inner_head_len);
        p->has_inner = inner_packet_read(&p->inner, payload->at, payload->len);
    } else if (next == IP_AGGFRAG) {
        struct span blocks, one;
        p->has_inner = p->inner_tunnel = aggfrag_begin(&blocks, payload) &&
                                         aggfrag_next(&blocks, &one) &&
                                         inner_packet_read(&p->inner, one.at, one.len);
    } else if (next != IP6_NO_NEXT) {
        memset(&p->inner, 0, sizeof p->inner);
        p->inner.src = at->src;
        p->inner.dst = at->dst;
        p->inner.protocol = next;
        p->has_inner = true;
    }
    if (p->has_inner && next != IP_AGGFRAG) {
        p->talk = inner_talk_read(&p->inner, p->inner_tunnel, payload->at, payload->len);
    }
}

bool
esp_null_read(uint8_t *next, struct span *payload, const struct proposal *chosen,
              const uint8_t *at, size_t len)
{
    struct encr_geometry g = { 0 };
    uint8_t icv = 0;
    bool null = false;
    size_t head, tail;

    for (size_t i = 0; chosen && i < chosen->num_transforms; i++) {
        const struct transform *t = &chosen->transforms[i];
        if (t->type == TRANSFORM_ENCR) {
            null = encr_is_null(t->id) && encr_geometry(t->id, &g);
        } else if (t->type == TRANSFORM_INTEG && t->id && !integ_icv_len(t->id, &icv)) {
            return false;
        }
    }
    head = ESP_HEADER + (size_t)g.iv;
    tail = g.icv ? g.icv : icv;
    return null && len > head + tail && esp_clear_read(next, payload, at + head, len - head - tail);
}

static void
read_ike_head(struct path_packet *out, struct cur c)
{
    struct cur head = c;
    uint8_t version, exchange, spi[8];
    uint32_t id, length;

    if (cur_copy(&head, out->ike_spi, sizeof out->ike_spi) && ike_plausible(c.at, cur_left(&c)) &&
        cur_copy(&c, spi, sizeof spi) && cur_skip(&c, 9) && cur_u8(&c, &version) &&
        cur_u8(&c, &exchange) && cur_skip(&c, 1) && cur_u32(&c, &id) && cur_u32(&c, &length)) {
        out->ike_major = version >> 4;
        out->ike_exchange = exchange;
        out->ike_id = id;
        out->ike_length = length;
    }
}

void
path_udp_read(struct path_packet *out, const uint8_t *at, size_t len)
{
    struct cur c = cur_of(at, len);
    uint16_t length = 0;
    uint32_t spi;

    if (!cur_u16(&c, &out->src_port) || !cur_u16(&c, &out->dst_port) || !cur_u16(&c, &length) ||
        !cur_skip(&c, 2)) {
        return;
    }
    out->udp_octets = length > UDP_HEADER ? length - UDP_HEADER : 0;
    if (out->src_port == PORT_NATT || out->dst_port == PORT_NATT) {
        /* 0: the non-ESP marker */
        out->spi = cur_u32(&c, &spi) ? spi : 0;
        if (out->spi) {
            return;
        }
    } else if (out->src_port != PORT_IKE && out->dst_port != PORT_IKE) {
        return;
    }
    read_ike_head(out, c);
}

static bool
read_quoted(struct path_packet *out, const uint8_t *at, size_t len)
{
    struct inner_packet quoted;
    struct cur c;
    size_t header;
    uint32_t spi = 0;

    if (!inner_packet_read(&quoted, at, len)) {
        return false;
    }
    header = quoted.src.family == 6 ? 40 : (size_t)(at[0] & 15) * 4;
    c = cur_of(at, len);
    out->src = quoted.src;
    out->dst = quoted.dst;
    out->protocol = quoted.protocol;
    out->src_port = quoted.has_ports ? quoted.src_port : 0;
    out->dst_port = quoted.has_ports ? quoted.dst_port : 0;
    if (quoted.protocol == IP_ESP) {
        out->spi = cur_skip(&c, header) && cur_u32(&c, &spi) ? spi : 0;
    } else if (quoted.protocol == IP_AH) {
        out->spi = cur_skip(&c, header + 4) && cur_u32(&c, &spi) ? spi : 0;
    } else if (quoted.protocol == IP_UDP && cur_skip(&c, header)) {
        path_udp_read(out, c.at, cur_left(&c));
    }
    return true;
}

static bool
is_icmp_error(bool v6, uint8_t type)
{
    if (v6) {
        return type > 0 && type <= ICMPV6_LAST_ERROR;
    }
    return type == ICMP_UNREACHABLE || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER_PROBLEM;
}

static bool
says_mtu(bool v6, uint8_t type, uint8_t code)
{
    if (v6) {
        return type == ICMPV6_TOO_BIG;
    }
    return type == ICMP_UNREACHABLE && code == ICMP_FRAGMENTATION_NEEDED;
}

bool
icmp_error_read(struct path_packet *out, bool v6, const uint8_t *at, size_t len)
{
    struct cur c = cur_of(at, len);
    uint8_t type, code;
    uint16_t checksum, high, low;

    if (!cur_u8(&c, &type) || !cur_u8(&c, &code) || !cur_u16(&c, &checksum) ||
        !cur_u16(&c, &high) || !cur_u16(&c, &low)) {
        return false;
    }
    if (!is_icmp_error(v6, type)) {
        return false;
    }
    out->kind = PATH_ICMP;
    out->icmp_type = type;
    out->icmp_code = code;
    out->mtu = says_mtu(v6, type, code) ? low : 0;
    return read_quoted(out, c.at, cur_left(&c));
}
