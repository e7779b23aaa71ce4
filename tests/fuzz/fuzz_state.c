/* fuzz_state.c - any octets as a state file whose sum is right: what follows from it is what
 * packets could do.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include "feed.h"

#include <glib/gstdio.h>

static char *path;

/* With the head and the sum that it must have. */
static void
write_state(const uint8_t *data, size_t size)
{
    GByteArray *file = g_byte_array_new();
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 digest[STATE_SUM];
    gsize len = sizeof digest;
    FILE *out;

    g_byte_array_append(file, (const guint8 *)STATE_HEAD, STATE_HEAD_LEN);
    g_byte_array_append(file, data, (guint)size);
    g_checksum_update(sum, file->data, file->len);
    g_checksum_get_digest(sum, digest, &len);
    g_byte_array_append(file, digest, sizeof digest);
    out = fopen(path, "wb");
    MUST(out && fwrite(file->data, 1, file->len, out) == file->len && fclose(out) == 0);
    g_checksum_free(sum);
    g_byte_array_free(file, TRUE);
}

static void
see_packet(struct feed *f, uint32_t frame)
{
    static const uint8_t src[] = { 192, 0, 2, 1 }, dst[] = { 198, 51, 100, 1 }, octets[40];
    const struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = 0x01020304, .seq = frame,
                                    .length = sizeof octets, .octets = { octets, sizeof octets } };
    const struct sighting at = { .frame = f->base + frame, .time = 2e9 + frame,
                                 .src = ip_from(4, src), .dst = ip_from(4, dst), .point = 1 };
    const struct feed_frame one = { .number = at.frame, .time = at.time, .point = 1 };

    feed_see_frame(f, &one, "lan");
    feed_see_packet(f, &at, &p);
}

static void
tell_all(struct feed *f)
{
    FILE *nowhere = fopen("/dev/null", "w");
    struct report r;

    MUST(nowhere);
    feed_report(f, &r);
    r.version = "0";
    report_diagnosis(nowhere, &r);
    report_sas(nowhere, &r);
    report_files(nowhere, &r);
    report_json(nowhere, &r);
    (void)fclose(nowhere);
}

/* As a capture begins with it, but that no time of a first frame refuses it. */
static void
replay(struct state_in *in)
{
    const struct feed_options o = { .sadb = { 64, FEED_GRACE }, .seed = 1, .plan = plan_new(),
                                    .keylog = keylog_new(), .name = "fuzz" };
    struct feed *f = feed_new(&o);

    f->state->begun = true;
    f->state->pieces = pieces_new();
    state_in_adopt(in);
    state_in_replay(in, f);
    for (uint32_t i = 1; i <= 3; i++) {
        see_packet(f, i);
    }
    tell_all(f);
    feed_free(f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct feed_frame first = { .number = 1, .time = 1795443066, .interfaces = "lan\nwan" };
    struct state_in *in;
    char *message = NULL;

    if (!path) {
        int at = g_file_open_tmp("espial-fuzz-XXXXXX", &path, NULL);
        MUST(at >= 0 && g_close(at, NULL));
    }
    write_state(data, size);
    in = state_in_new(path, &message);
    MUST(!in == (message != NULL));
    if (in) {
        g_free(state_in_refuses(in, &first));
        replay(in);
    }
    g_free(message);
    state_in_free(in);
    g_unlink(path);
    return 0;
}
