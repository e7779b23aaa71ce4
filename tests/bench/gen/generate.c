/* generate.c - captures for the benchmark: the same arguments give the same octets.
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 *     generate KIND PACKETS SAS OUT.pcap [KEYS]
 *
 * KEYS is written as rows of Wireshark's esp_sa (cbc, gcm) or ikev2_decryption_table
 * (ike, ike_child).  tests/bench/README.md says what each KIND holds. */
#include "frame.h"

#include <stdlib.h>
#include <string.h>

int
main(int argc, char **argv)
{
    static const uint32_t head[6] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1 };
    const char *kind = argc >= 5 ? argv[1] : "";
    uint64_t packets = argc >= 5 ? strtoull(argv[2], NULL, 10) : 0;
    uint32_t sas = argc >= 5 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0;

    if (argc < 5 || sas < 1 || sas > 120000 || !(out = fopen(argv[4], "wb"))) {
        fprintf(stderr, "usage: generate KIND PACKETS SAS OUT.pcap [KEYS]\n");
        return 2;
    }
    if (argc > 5 && !(key_file = fopen(argv[5], "w"))) {
        perror(argv[5]);
        return 2;
    }
    gcry_check_version(NULL);
    gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
    gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
    if (fwrite(head, sizeof head, 1, out) != 1) {
        perror(argv[4]);
        return 1;
    }
    if (strcmp(kind, "esp") == 0) {
        esp_traffic(packets, sas, false, SEALED);
    } else if (strcmp(kind, "udp_esp") == 0) {
        esp_traffic(packets, sas, true, SEALED);
    } else if (strcmp(kind, "cbc") == 0) {
        esp_traffic(packets, sas, false, CBC);
    } else if (strcmp(kind, "gcm") == 0) {
        esp_traffic(packets, sas, false, GCM);
    } else if (strcmp(kind, "ike") == 0) {
        negotiations(packets, false);
    } else if (strcmp(kind, "ike_child") == 0) {
        negotiations(packets, true);
    } else if (strcmp(kind, "dns") == 0) {
        no_ipsec(packets, false, true);
    } else if (strcmp(kind, "tcp") == 0) {
        no_ipsec(packets, true, false);
    } else if (strcmp(kind, "mixed") == 0) {
        no_ipsec(packets, true, true);
    } else if (strcmp(kind, "empty") != 0) {
        fprintf(stderr, "generate: no kind %s\n", kind);
        return 2;
    }
    if ((key_file && fclose(key_file) != 0) || fclose(out) != 0) {
        perror(argv[4]);
        return 1;
    }
    return 0;
}
