/* Key logs of kernels and gateways: ip xfrm state, setkey -D, FortiGate; and all formats
 * in one text.  All keys are invented.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "keylog_text.h"

#define GROUPS16 "00010203 04050607 08090a0b 0c0d0e0f"
#define GROUPS20 GROUPS16 " 10111213"
#define GROUPS32 GROUPS16 " 10111213 14151617 18191a1b 1c1d1e1f"

static void
refused(const char *text, const char *says)
{
    refusal(text, says, true);
}

/* --- Linux ------------------------------------------------------------------ */

#define XFRM(spi, lines) "src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi " spi " reqid 1 mode tunnel\n\treplay-window 0 flag af-unspec\n" lines

static const char xfrm[] =
    "src 192.0.2.1 dst 198.51.100.1\n"
    "\tproto esp spi 0xc420a5ed reqid 1 mode tunnel\n"
    "\treplay-window 32 flag af-unspec esn\n"
    "\tauth-trunc hmac(sha256) 0x" KEY32 " 128\n"
    "\tenc cbc(aes) 0x" KEY16 "\n"
    "\tencap type espinudp sport 4500 dport 4500 addr 0.0.0.0\n"
    "\tanti-replay esn context:\n\t seq-hi 0x0, seq 0x0, oseq-hi 0x0, oseq 0x6\n"
    "\tsel src 0.0.0.0/0 dst 0.0.0.0/0 \n"
    "src 198.51.100.1 dst 192.0.2.1\n"
    "\tproto esp spi 0x00000102(258) reqid 1(0x00000001) mode transport\n"
    "\treplay-window 0 seq 0x00000000 flag  (0x00000000)\n"
    "\tauth-trunc hmac(sha1) 0x" OTHER20 " (160 bits) 96\n"
    "\tenc cbc(des3_ede) 0x" OTHER16 KEY8 " (192 bits)\n"
    "\tlifetime config:\n\t  limit: soft (INF)(bytes), hard (INF)(bytes)\n"
    "src 192.0.2.1 dst 198.51.100.1\n"
    "\tproto ah spi 0x00000103 reqid 1 mode transport\n"
    "\treplay-window 0 \n"
    "\tauth-trunc hmac(sha1) 0x" KEY20 " 96\n";

static void
linux_kernel(void)
{
    struct keylog *k = clean(xfrm);

    T(has_esp(k, 0xc420a5ed, 12, 12, KEY16, KEY32) && keylog_find_esp(k, 0xc420a5ed)[0]->keys.esn && keylog_find_esp(k, 0xc420a5ed)[0]->line == 2);
    T(has_esp(k, 0x102, 3, 2, OTHER16 KEY8, OTHER20) && !keylog_find_esp(k, 0x102)[0]->keys.esn);
    T(keylog_find_esp(k, 0x103) == NULL);
    keylog_free(k);
}

static void
linux_names(void)
{
    static const struct { const char *lines; uint16_t encr, integ; const char *encr_key, *integ_key; } rows[] = {
        { "\taead rfc4106(gcm(aes)) 0x" KEY20 " 128\n", 20, 0, KEY20, "" },
        { "\taead rfc4106(gcm(aes)) 0x" KEY36 " (288 bits) 96\n", 19, 0, KEY36, "" },
        { "\taead rfc4106(gcm(aes)) 0x" KEY20 " 64\n", 18, 0, KEY20, "" },
        { "\taead rfc4309(ccm(aes)) 0x" KEY16 "101112 128\n", 16, 0, KEY16 "101112", "" },
        { "\taead rfc4309(ccm(aes)) 0x" KEY16 "101112 64\n", 14, 0, KEY16 "101112", "" },
        { "\taead rfc4543(gcm(aes)) 0x" KEY20 " 128\n", 21, 0, KEY20, "" },
        { "\taead rfc7539esp(chacha20,poly1305) 0x" KEY36 " 128\n", 28, 0, KEY36, "" },
        { "\tauth-trunc cmac(aes) 0x" KEY16 " 96\n\tenc rfc3686(ctr(aes)) 0x" KEY20 "\n", 13, 8, KEY20, KEY16 },
        { "\tauth-trunc xcbc(aes) 0x" KEY16 " 96\n\tenc cbc(camellia) 0x" KEY32 "\n", 23, 5, KEY32, KEY16 },
        { "\tauth-trunc hmac(md5) 0x" KEY16 " 96\n\tenc cbc(des) 0x" KEY8 "\n", 2, 1, KEY8, KEY16 },
        { "\tauth-trunc hmac(sha384) 0x" KEY32 OTHER16 " 192\n\tenc ecb(cipher_null) \n", 11, 13, "", KEY32 OTHER16 },
        { "\tauth-trunc hmac(sha512) 0x" KEY32 OTHER32 " 256\n\tenc ecb(cipher_null) 0x\n", 11, 14, "", KEY32 OTHER32 },
        { "\tauth-trunc hmac(sha256) 0x" KEY32 " 96\n\tenc cbc(blowfish) 0x" KEY16 "\n", 7, CRYPT_INTEG_SHA256_96, KEY16, KEY32 },
        { "\tauth hmac(sha256) 0x" KEY32 "\n\tenc cbc(cast5) 0x" KEY16 "\n", 6, CRYPT_INTEG_SHA256_96, KEY16, KEY32 },
        { "\tauth-trunc digest_null 0\n\tenc cbc(aes) 0x" KEY16 "\n", 12, 0, KEY16, "" },
        { "\tauth-trunc digest_null (0 bits) 0\n\tenc ecb(cipher_null) (0 bits)\n", 11, 0, "", "" },
    };
    char *line = g_strdelimit(g_strdup(XFRM("0x00000001", "\tauth-trunc hmac(sha1) 0x" KEY20 " 96\n\tenc cbc(aes) 0x" KEY16 "\n")), "\n", '\\');
    struct keylog *k = clean(line);

    T(has_esp(k, 1, 12, 2, KEY16, KEY20));              /* ip -o */
    keylog_free(k);
    g_free(line);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *text = g_strconcat(XFRM("0x00000001", ""), rows[i].lines, NULL);
        k = clean(text);
        T(has_esp(k, 1, rows[i].encr, rows[i].integ, rows[i].encr_key, rows[i].integ_key));
        keylog_free(k);
        g_free(text);
    }
    /* Policies have templates of the same words, and an acquire has no key. */
    k = clean("src 10.1.0.0/24 dst 10.2.0.0/24 \n\tdir out priority 1 \n\ttmpl src 192.0.2.1 dst 192.0.2.2\n\t\tproto esp spi 0x00000001 reqid 1 mode tunnel\n");
    T(keylog_find_esp(k, 1) == NULL);
    keylog_free(k);
}

static void
linux_bad(void)
{
    refused(XFRM("0x00000001", "\tenc cbc(aes) 0x" KEY20 "\n"), "keys line 2: an AES key has 16, 24 or 32 octets");
    refused(XFRM("0x00000001", "\tenc cbc(aes) 0x" KEY16 "0\n"), "keys line 4: a key is no even number of hex digits");
    refused(XFRM("0x00000001", "\tenc cbc(serpent) 0x" KEY16 "\n"), "keys line 4: an algorithm or its ICV's length is not known");
    refused(XFRM("0x00000001", "\tauth-trunc hmac(sha1) 0x" KEY20 " 80\n\tenc cbc(aes) 0x" KEY16 "\n"), "keys line 4: an algorithm or its ICV's length is not known");
    refused(XFRM("0x00000001", "\taead rfc4106(gcm(aes)) 0x" KEY16 " 128\n"), "keys line 2: the salt that belongs to the key, its last octets, is missing");
    refused(XFRM("0x00000001", "\tenc cbc(aes) <<Keys hidden>>\n"), "keys line 4: the keys are hidden");
    refused(XFRM("0x00000001", "\tenc\n"), "keys line 4: an algorithm has no name");
}

/* --- BSD -------------------------------------------------------------------- */

static const char setkey[] =
    "192.0.2.1 192.0.2.2 \n"
    "\tesp mode=tunnel spi=769(0x00000301) reqid=0(0x00000000)\n"
    "\tE: 3des-cbc  " GROUPS16 " 10111213 14151617\n"
    "\tA: hmac-md5  " GROUPS16 "\n"
    "\tseq=0x00000000 replay=0 flags=0x00000000 state=mature \n"
    "\tcreated: Nov  4 16:43:39 2003\tcurrent: Nov  4 16:44:35 2003\n"
    "2001:db8::1 2001:db8::2\n"
    "        esp mode=any spi=4099(0x00001003) reqid=0(0x00000000)\n"
    "        E: aes-gcm-16  " GROUPS20 "\n"
    "        seq=0x00000000 replay=0 flags=0x00000040 state=mature\n"
    "192.0.2.1 192.0.2.2\n"
    "    esp-udp mode=transport spi=2(0x00000002) reqid=0(0x00000000)\n"
    "    E: rijndael-cbc  " GROUPS16 "\n"
    "    A: hmac-sha512  " GROUPS32 "\n " GROUPS32 "\n"
    "    seq=0x00000000 replay=4 flags=0x00000000 state=mature\n"
    "192.0.2.1 192.0.2.2\n"
    "\tesp mode=transport spi=3(0x00000003) reqid=0(0x00000000)\n"
    "\tE: aes-cbc  " GROUPS16 "\n"
    "\tA: hmac-sha2-256  " GROUPS32 "\n"
    "\tseq=0x00000000 replay=4 flags=0x00000000 state=mature\n"
    "192.0.2.1 192.0.2.2\n"
    "\tah mode=transport spi=4(0x00000004) reqid=0(0x00000000)\n"
    "\tA: hmac-sha1  " GROUPS20 "\n"
    "\tseq=0x00000000 replay=4 flags=0x00000000 state=mature\n"
    "192.0.2.1 192.0.2.2\n"
    "\ttcp mode=any spi=5(0x00000005) reqid=0(0x00000000)\n"
    "\tA: tcp-md5  61626967\n"
    "\tseq=0x00000000 replay=4 flags=0x00000000 state=mature\n"
    "192.0.2.1 192.0.2.2\n"
    "\tesp mode=transport spi=6(0x00000006) reqid=0(0x00000000)\n"
    "\tE: null\n"
    "\tA: hmac-sha1  " GROUPS20 "\n";

static void
bsd(void)
{
    struct keylog *k = clean(setkey);

    T(has_esp(k, 0x301, 3, 1, KEY16 "1011121314151617", KEY16) && has_esp(k, 0x1003, 20, 0, KEY20, ""));
    T(has_esp(k, 2, 12, 14, KEY16, KEY32 KEY32));
    T(has_esp(k, 3, 12, 12, KEY16, KEY32) && has_esp(k, 3, 12, CRYPT_INTEG_SHA256_96, KEY16, KEY32));
    T(keylog_find_esp(k, 4) == NULL && keylog_find_esp(k, 5) == NULL && has_esp(k, 6, 11, 2, "", KEY20));
    keylog_free(k);
#define SETKEY "192.0.2.1 192.0.2.2\n\tesp mode=any spi=1(0x00000001) reqid=0(0x00000000)\n"
    refused(SETKEY "\tE: aes-cbc  " GROUPS20 "\n\tseq=0x0 replay=0\n", "keys line 2: an AES key has 16, 24 or 32 octets");
    refused(SETKEY "\tE: aes-cbc  00010203 0405060\n", "keys line 3: a key is no whole number of octets");
    refused(SETKEY "\tE: aes-cbc  zz\n", "keys line 3: a key is no hex");
    refused(SETKEY "\tE: skipjack  " GROUPS16 "\n", "keys line 3: an algorithm is not known");
    refused(SETKEY "\tE: aes-cbc  " GROUPS32 " " GROUPS32 " " GROUPS16 "\n", "keys line 3: a key has more octets");
}

/* --- FortiGate -------------------------------------------------------------- */

static const char fortigate[] =
    "name=gw ver=2 serial=1 192.0.2.1:0->192.0.2.2:0 tun_id=192.0.2.2\n"
    "proxyid=gw proto=0 sa=1 ref=2 serial=1 auto-negotiate\n"
    "  src: 0:0.0.0.0-255.255.255.255:0\n"
    "  SA:  ref=3 options=18227 type=00 soft=0 mtu=1438 expire=42133/0B replaywin=2048\n"
    "       seqno=1 esn=1 replaywin_lastseq=00000000 qat=0 rekey=0 hash_search_len=1\n"
    "  life: type=01 bytes=0/0 timeout=42902/43200\n"
    "  dec: spi=d4fb6a41 esp=aes key=16 " KEY16 "\n"
    "       ah=sha1 key=20 " KEY20 "\n"
    "  enc: spi=9265e023 esp=aes key=16 " OTHER16 "\n"
    "       ah=sha1 key=20 " OTHER20 "\n"
    "  dec:pkts/bytes=0/0, enc:pkts/bytes=0/0\n"
    "       seqno=1 esn=0 replaywin_lastseq=00000000 qat=0 rekey=0 hash_search_len=1\n"
    "  dec: spi=00000002 esp=aes-gcm key=36 " KEY36 "\n"
    "       ah=null key=0 \n"
    "enc: spi=00000003 esp=3des key=24 " KEY16 KEY8 " ah=sha256 key=32 " KEY32 "\n"
    "dec: spi=00000004 esp=chacha20poly1305 key=36 " KEY36 "\n       ah=null key=0\n"
    "dec: spi=00000005 esp=null key=0\n       ah=md5 key=16 " KEY16 "\n"
    "dec: spi=00000006 esp=des key=8 " KEY8 "\n       ah=sha512 key=64 " KEY32 KEY32 "\n"
    "dec: spi=00000007 esp=aes key=32 " KEY32 "\n       ah=sha384 key=48 " KEY32 KEY16 "\n";

static void
forti(void)
{
    struct keylog *k = clean(fortigate);

    T(has_esp(k, 0xd4fb6a41, 12, 2, KEY16, KEY20) && has_esp(k, 0x9265e023, 12, 2, OTHER16, OTHER20));
    T(keylog_find_esp(k, 0xd4fb6a41) && keylog_find_esp(k, 0xd4fb6a41)[0]->keys.esn && keylog_find_esp(k, 0xd4fb6a41)[0]->line == 7);
    T(has_esp(k, 2, 20, 0, KEY36, "") && !keylog_find_esp(k, 2)[0]->keys.esn && has_esp(k, 3, 3, 12, KEY16 KEY8, KEY32));
    T(has_esp(k, 4, 28, 0, KEY36, "") && has_esp(k, 5, 11, 1, "", KEY16) && has_esp(k, 6, 2, 14, KEY8, KEY32 KEY32));
    T(has_esp(k, 7, 12, 13, KEY32, KEY32 KEY16));
    keylog_free(k);
    refused("dec: spi=1 esp=aes key=16 " KEY8 "\n   ah=null key=0\n", "keys line 1: a key is not as long as the line says");
    refused("dec: spi=1 esp=aes key=20 " KEY20 "\n   ah=null key=0\n", "keys line 1: an AES key has 16, 24 or 32 octets");
    refused("dec: spi=1 esp=aes key=16 " KEY16 "\n   ah=sha1 key=20 " KEY16 "\n", "keys line 2: a key is not as long as the line says");
    refused("dec: spi=1 esp=aria key=16 " KEY16 "\n   ah=null key=0\n", "keys line 1: an algorithm is not known");
    refused("dec: spi=1 esp=des ah=sha1\n", "keys line 1: an algorithm has no key");
    refused("dec: spi=123456789 esp=aes key=16 " KEY16 "\n   ah=null key=0\n", "keys line 1: the SPI is not a 32-bit number");
}

/* --- together --------------------------------------------------------------- */

static void
mixed(void)
{
    char *text = g_strconcat(fortigate, xfrm, "\"IPv4\",\"a\",\"b\",\"0xabcdef\",\"AES-CBC\",\"0x" KEY16 "\",\"NULL\",\"\"\n", setkey, "nothing of the kind\n", NULL);
    char **lines = g_strsplit(text, "\n", 0), *dos = g_strjoinv("\r\n", lines);
    const char *texts[] = { text, dos };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        struct keylog *k = clean(texts[i]);
        T(has_esp(k, 7, 12, 13, KEY32, KEY32 KEY16) && has_esp(k, 0xc420a5ed, 12, 12, KEY16, KEY32) && has_esp(k, 0x102, 3, 2, OTHER16 KEY8, OTHER20));
        T(has_esp(k, 0xabcdef, 12, 0, KEY16, "") && has_esp(k, 0x1003, 20, 0, KEY20, "") && has_esp(k, 6, 11, 2, "", KEY20));
        keylog_free(k);
    }
    every_prefix(text, strlen(text));
    every_prefix(dos, strlen(dos));
    g_strfreev(lines);
    g_free(dos);
    g_free(text);
}

int
main(void)
{
    linux_kernel();
    linux_names();
    linux_bad();
    bsd();
    forti();
    mixed();
    return t_done();
}
