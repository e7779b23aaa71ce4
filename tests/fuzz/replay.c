/* replay.c - runs a fuzz target without a fuzzer: over files, each as it stands and cut at
 * every 7th octet (large ones at 64 places), then over as many mutations of them as asked for, the
 * same in every run.
 *   replay [--mutations N] FILE-OR-FOLDER...
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <stdio.h>

enum { STEP = 7, RUN_MAX = 8192, MAX_CHANGES = 8, MAX_CUTS = 64 };

static GPtrArray *files;        /* of GByteArray */
static uint64_t state = 1;

/* xorshift64*: the numbers are the same everywhere. */
static uint32_t
below(size_t n)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * UINT64_C(0x2545f4914f6cdd1d) >> 32) % n);
}

static void
run(const uint8_t *data, size_t len)
{
    uint8_t *own = own_copy(data, len);

    LLVMFuzzerTestOneInput(own, len);
    free(own);
}

static const GByteArray *
any_file(void)
{
    return (const GByteArray *)g_ptr_array_index(files, below(files->len));
}

/* One change of the kinds that parsers fall over: a bit, a value at the edge, a piece gone,
 * a piece twice, a piece of another file. */
static size_t
change(uint8_t *data, size_t len)
{
    static const uint8_t edges[] = { 0, 1, 0x7f, 0x80, 0xff, 0x20, 4, 8 };
    const GByteArray *other = any_file();
    size_t at = below(len), n = 1 + below(MIN(len - at, (size_t)64)), from;

    switch (below(6)) {
    case 0:
        data[at] = (uint8_t)(data[at] ^ 1 << below(8));
        break;
    case 1:
        data[at] = edges[below(sizeof edges)];
        break;
    case 2:
        data[at] = (uint8_t)below(256);
        break;
    case 3:
        memmove(data + at, data + at + n, len - at - n);
        len -= len > n ? n : 0;
        break;
    case 4:
        n = MIN(n, RUN_MAX - len);
        memmove(data + at + n, data + at, len - at);
        len += n;
        break;
    default:
        if (other->len) {
            from = below(other->len);
            memcpy(data + at, other->data + from, MIN(n, other->len - from));
        }
    }
    return len;
}

static void
mutate(unsigned long num)
{
    static uint8_t data[RUN_MAX];

    for (unsigned long i = 0; i < num; i++) {
        const GByteArray *file = any_file();
        size_t len = MIN((size_t)file->len, (size_t)RUN_MAX);
        if (!len) {
            continue;
        }
        memcpy(data, file->data, len);
        for (uint32_t n = 1 + below(MAX_CHANGES); n > 0; n--) {
            len = change(data, len);
        }
        run(data, len);
    }
}

static void
add(const char *path)       /* NOLINT(misc-no-recursion): as deep as the folders */
{
    GError *error = NULL;
    gchar *data;
    gsize len;

    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        GDir *dir = g_dir_open(path, 0, NULL);
        GPtrArray *names = g_ptr_array_new();
        const char *name;
        while (dir && (name = g_dir_read_name(dir))) {
            g_ptr_array_add(names, g_build_filename(path, name, NULL));
        }
        g_ptr_array_sort(names, (GCompareFunc)(void (*)(void))g_strcmp0);
        for (guint i = 0; i < names->len; i++) {
            add((const char *)names->pdata[i]);
            g_free(names->pdata[i]);
        }
        g_ptr_array_free(names, TRUE);
        if (dir) {
            g_dir_close(dir);
        }
        return;
    }
    if (!g_file_get_contents(path, &data, &len, &error)) {
        fprintf(stderr, "%s\n", error->message);
        exit(2);
    }
    g_ptr_array_add(files, g_byte_array_append(g_byte_array_new(), (const guint8 *)data,
                                               (guint)len));
    g_free(data);
}

int
main(int argc, char **argv)
{
    unsigned long runs = 0, mutations = 0;
    int first = 1;

    if (argc > 2 && strcmp(argv[1], "--mutations") == 0) {
        mutations = strtoul(argv[2], NULL, 10);
        first = 3;
    }
    files = g_ptr_array_new();
    for (int i = first; i < argc; i++) {
        add(argv[i]);
    }
    for (guint i = 0; i < files->len; i++) {
        const GByteArray *file = (const GByteArray *)g_ptr_array_index(files, i);
        size_t step = MAX((size_t)STEP, file->len / MAX_CUTS);
        for (size_t end = file->len % step; end <= file->len; end += step, runs++) {
            run(file->data, end);
        }
    }
    if (files->len) {
        mutate(mutations);
        runs += mutations;
    }
    printf("figure: fuzzing: %s: %lu runs over %u files, no fault\n",
           strrchr(argv[0], '_') ? strrchr(argv[0], '_') + 1 : argv[0],
           runs, files->len);
    for (guint i = 0; i < files->len; i++) {
        g_byte_array_free((GByteArray *)g_ptr_array_index(files, i), TRUE);
    }
    g_ptr_array_free(files, TRUE);
    return runs == 0;
}
