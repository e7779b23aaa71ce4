/* replay.c - runs a fuzz target over files, each as it stands and cut at every 7th octet:
 * what CI does with seeds and found crashes, without a fuzzer.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>

enum { STEP = 7 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
main(int argc, char **argv)
{
    unsigned runs = 0;

    for (int i = 1; i < argc; i++) {
        gchar *data;
        gsize len;
        GError *error = NULL;
        if (!g_file_get_contents(argv[i], &data, &len, &error)) {
            fprintf(stderr, "%s\n", error->message);
            g_error_free(error);
            return 2;
        }
        for (gsize end = len % STEP; end <= len; end += STEP) {
            uint8_t *copy = (uint8_t *)g_memdup2(data, end);    /* so that a read past the end is seen */
            LLVMFuzzerTestOneInput(copy, end);
            g_free(copy);
            runs++;
        }
        g_free(data);
    }
    printf("%u runs over %d files\n", runs, argc - 1);
    return runs == 0;
}
