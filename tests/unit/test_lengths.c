/* What lengths of ESP suggest of a cipher that nobody named (RFC 4303 section 2.4).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* ESP of a payload of so many octets, two of trailer, in whole blocks. */
static uint32_t
esp_length(uint32_t payload, uint32_t iv, uint32_t block, uint32_t icv)
{
    return 8 + iv + (payload + 2 + block - 1) / block * block + icv;
}

static const char *
suggested(const uint32_t *payloads, size_t n, uint32_t iv, uint32_t block, uint32_t icv)
{
    static char text[TEXT_MAX];
    struct esp_lengths l = { .num = 0 };
    struct esp_shape shape;

    for (size_t i = 0; i < n; i++) {
        esp_lengths_add(&l, esp_length(payloads[i], iv, block, icv));
    }
    return esp_lengths_judge(&shape, &l) ? esp_shape_print(&shape, text, sizeof text) : "";
}

/* A web page's. */
static const uint32_t mixed[] = { 52, 60, 40, 552, 1400, 221, 1321, 73, 96, 640, 131, 317, 52, 52 };
enum { ALL = G_N_ELEMENTS(mixed) };

static void
ciphers(void)
{
    static const struct {
        uint32_t iv, block, icv;
        const char *says, *icv_says;
    } of[] = {
        { 16, 16, 12, "AES_CBC", "96 bits" },   { 16, 16, 16, "AES_CBC", "128 or 256 bits" },
        { 16, 16, 20, "AES_CBC", "160 bits" },  { 16, 16, 24, "AES_CBC", "192 bits" },
        { 16, 16, 32, "AES_CBC", "128 or 256" }, { 8, 8, 12, "3DES_CBC", "96 bits" },
        { 8, 8, 16, "3DES_CBC", "128 bits or more" }, { 8, 4, 16, "AEAD", "AES_GCM_16" },
        { 8, 4, 12, "counter mode", "AES_GCM_16" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(of); i++) {
        const char *text = suggested(mixed, ALL, of[i].iv, of[i].block, of[i].icv);
        T(strstr(text, of[i].says) && strstr(text, of[i].icv_says));
    }
}

/* Lengths that say nothing: too few, all alike, or of no known cipher. */
static void
too_few(void)
{
    static const uint32_t pings[] = { 84, 84, 84, 84, 84, 84, 84, 84, 84 },
                          few[] = { 52, 120, 300, 552, 1400 },
                          odd[] = { 41, 42, 43, 44, 45, 46, 47, 48, 49, 50 };

    T(!suggested(pings, G_N_ELEMENTS(pings), 16, 16, 12)[0]);
    T(!suggested(few, G_N_ELEMENTS(few), 16, 16, 12)[0]);
    T(!suggested(few, G_N_ELEMENTS(few), 8, 8, 12)[0]);
    T(!suggested(odd, G_N_ELEMENTS(odd), 0, 1, 12)[0]);
    T(strstr(suggested(mixed, ALL, 16, 16, 12), "blocks of 16"));
}

/* A single packet of somebody else's changes nothing. */
static void
stranger(void)
{
    struct esp_lengths l = { .num = 0 };
    struct esp_shape shape;

    esp_lengths_add(&l, 1000);
    for (size_t i = 0; i < ALL; i++) {
        esp_lengths_add(&l, esp_length(mixed[i], 16, 16, 12));
    }
    T(esp_lengths_judge(&shape, &l) && shape.block == 16 && shape.residue == 4);
    esp_lengths_add(&l, 70000);         /* no length of a datagram */
    T(esp_lengths_judge(&shape, &l) && l.num <= ESP_LENGTHS);
    for (uint32_t i = 0; i < 1000; i++) {
        esp_lengths_add(&l, 100 + 4 * i);
    }
    T(l.num == ESP_LENGTHS && l.packets[0] == UINT8_MAX);
}

/* On the way to the words of findings: natively and in UDP, and not where the suite was read or the
 * packets can be. */
static void
in_findings(struct conversation *c)
{
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = 0x1234 };
    char text[TEXT_MAX];

    for (unsigned udp = 0; udp < 2; udp++) {
        reset(c);
        c->esp_src_port = udp ? PORT_NATT : 0;
        for (p.seq = 1; p.seq <= ALL; p.seq++) {
            p.length = esp_length(mixed[p.seq - 1], 8, 8, 12);
            ipsec(c, &c->client, &c->gateway, p);
        }
        end_after(c, 1);
        SAYS(c, esp_without_ike, "Its lengths suggest 3DES_CBC or another cipher");
        T(strstr(stream_suggests(sadb_stream(c->db, 0), text, sizeof text), "96 bits"));
    }
    tunnel(c);
    p.spi = TO_R;
    for (p.seq = 1; p.seq <= ALL; p.seq++) {
        p.length = esp_length(mixed[p.seq - 1], 8, 8, 12);
        ipsec(c, &c->client, &c->gateway, p);
    }
    end_after(c, 1);
    SILENT(c, esp_without_ike);
    T(!stream_suggests(sadb_stream(c->db, 0), text, sizeof text));
}

/* A key that fits nothing, of an SA whose negotiation is not there. */
static void
wrong_key(struct conversation *c)
{
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = 0x1234, .icv = ICV_BAD };

    reset(c);
    for (p.seq = 1; p.seq <= ALL; p.seq++) {
        p.length = esp_length(mixed[p.seq - 1], 8, 4, 16);
        ipsec(c, &c->client, &c->gateway, p);
    }
    end_after(c, 1);
    SAYS(c, wrong_key, "Their lengths suggest a counter mode or AEAD cipher");
}

int
main(void)
{
    struct conversation c;

    conversation_begin(&c);
    ciphers();
    too_few();
    stranger();
    in_findings(&c);
    wrong_key(&c);
    return conversation_done(&c);
}
