/* save.c - writes the state file, event by event.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "state.h"

#include <espial/limits.h>
#include <espial/text.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>

/* Frames of one interface since the last event. */
struct pending {
    struct point_record is;
    char *name;
    bool named;                 /* it was said already */
};

struct state_out {
    char *path, *beside;
    FILE *to;
    int error;                  /* errno of the first write that failed */
    struct codec c;
    struct ways *ways;
    GChecksum *sum;
    uint64_t written, whole;    /* octets; of packets that were kept whole */
    struct pending pending[UINT8_MAX + 1];
    bool begun;
    struct last_record last;
    char *interfaces;
};

enum { PIECE = 1 << 16 };

static void
flush(struct state_out *o)
{
    g_checksum_update(o->sum, o->c.out->data, (gssize)o->c.out->len);
    o->written += o->c.out->len;
    if (!o->error && fwrite(o->c.out->data, 1, o->c.out->len, o->to) != o->c.out->len) {
        o->error = errno;
    }
    g_byte_array_set_size(o->c.out, 0);
}

static char *
failed(const char *path, int error)
{
    char *shown = text_shown(path),
         *message = g_strdup_printf("the state cannot be written to %s: %s.", shown,
                                    g_strerror(error));

    g_free(shown);
    return message;
}

struct state_out *
state_out_new(const char *path, char **message)
{
    char *dir = g_path_get_dirname(path), *beside = g_build_filename(dir, ".espial.XXXXXX", NULL);
    int fd = g_mkstemp_full(beside, O_RDWR, 0600);
    FILE *to = fd < 0 ? NULL : fdopen(fd, "wb");
    struct state_out *o;
    uint64_t seed = ipsec_sum_seed();

    g_free(dir);
    if (!to) {
        *message = failed(path, errno);
        g_free(beside);
        return NULL;
    }
    o = g_new0(struct state_out, 1);
    o->path = g_strdup(path);
    o->beside = beside;
    o->to = to;
    o->c.out = g_byte_array_new();
    o->ways = ways_new();
    o->sum = g_checksum_new(G_CHECKSUM_SHA256);
    code_octets(&o->c, (void *)STATE_HEAD, STATE_HEAD_LEN);
    code_octets(&o->c, &seed, sizeof seed);
    return o;
}

void
state_out_free(struct state_out *o)
{
    if (!o) {
        return;
    }
    if (o->to) {
        (void)fclose(o->to);
        g_unlink(o->beside);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(o->pending); i++) {
        g_free(o->pending[i].name);
    }
    g_free(o->path);
    g_free(o->beside);
    g_free(o->interfaces);
    g_byte_array_free(o->c.out, TRUE);
    ways_free(o->ways);
    g_checksum_free(o->sum);
    g_free(o);
}

static void
begin(struct state_out *o, enum state_tag tag)
{
    uint8_t octet = (uint8_t)tag;

    if (o->c.out->len >= PIECE) {
        flush(o);
    }
    code_octets(&o->c, &octet, 1);
}

static void
tell_points(struct state_out *o)
{
    for (size_t i = 0; i < G_N_ELEMENTS(o->pending); i++) {
        struct pending *p = &o->pending[i];
        if (!p->is.first_frame) {
            continue;
        }
        p->is.point = i;
        p->is.name = (struct span){ (const uint8_t *)p->name,
                                    p->name && !p->named ? strlen(p->name) : 0 };
        begin(o, STATE_POINT);
        code_point(&o->c, &p->is);
        p->named = true;
        p->is.first_frame = 0;
    }
}

void
state_out_frame(struct state_out *o, const struct feed_frame *frame, const char *point_name,
                bool points)
{
    struct pending *p = &o->pending[frame->point];

    if (!o->begun) {
        struct begin_record r = { .frame = frame->number, .time = frame->time,
                                  .interfaces_told = frame->interfaces_told };
        o->begun = true;
        o->interfaces = g_strdup(frame->interfaces);
        begin(o, STATE_BEGIN);
        code_begin(&o->c, &r);
    }
    if (!points || !frame->point) {
        return;
    }
    if (!p->is.first_frame) {
        p->is.first_frame = frame->number;
        p->is.first_time = p->is.last_time = frame->time;
        p->name = p->name ? p->name : g_strdup(point_name);
    }
    p->is.last_frame = frame->number;
    p->is.first_time = MIN(p->is.first_time, frame->time);
    p->is.last_time = MAX(p->is.last_time, frame->time);
}

void
state_out_message(struct state_out *o, const struct message_record *r)
{
    struct message_record copy = *r;

    tell_points(o);
    begin(o, STATE_IKE);
    code_message(&o->c, o->ways, &copy);
}

void
state_out_packet(struct state_out *o, const struct sighting *at, const struct ipsec_packet *p,
                 bool points)
{
    struct packet_record r = { .at = *at, .packet = *p };
    size_t len = p->octets.len;

    if (o->written >= STATE_MAX_OCTETS) {
        o->last.left_out = o->last.left_out ? o->last.left_out : at->frame;
        return;
    }
    r.packet.sum = ipsec_sum(p);
    r.whole = r.packet.sum != 0;
    tell_points(o);
    begin(o, STATE_IPSEC);
    if (o->whole + len > STATE_MAX_WHOLE_OCTETS || len > STATE_MAX_PACKET) {
        r.packet.octets.len = 0;
    }
    o->whole += code_packet(&o->c, o->ways, &r, points);
}

void
state_out_path(struct state_out *o, const struct sighting *at, const struct path_packet *p)
{
    struct path_record r = { .at = *at, .packet = *p };

    tell_points(o);
    begin(o, STATE_PATH);
    code_path(&o->c, o->ways, &r);
}

void
state_out_segment(struct state_out *o, const struct segment_record *r)
{
    struct segment_record copy = *r;

    tell_points(o);
    begin(o, STATE_STREAM);
    code_segment(&o->c, o->ways, &copy);
}

void
state_out_pieces(struct state_out *o, const GPtrArray *pieces)
{
    for (guint i = 0; i < pieces->len; i++) {
        gsize len;
        struct span octets = { (const uint8_t *)g_bytes_get_data((GBytes *)pieces->pdata[i], &len),
                               0 };
        octets.len = len;
        begin(o, STATE_PIECE);
        code_span(&o->c, &octets, STATE_MAX_PACKET);
    }
}

void
state_out_file(struct state_out *o, const struct file_record *r)
{
    struct file_record copy = *r;

    tell_points(o);
    begin(o, STATE_FILE);
    code_file(&o->c, &copy);
    o->last.frames += r->frames;
    o->last.last_time = r->last_time;
    o->last.pause = MAX(o->last.pause, r->pause);
}

/* Behind the records: where the last one begins, and the sum of all before. */
static void
end(struct state_out *o)
{
    uint8_t sum[STATE_SUM], len[4];
    gsize size = sizeof sum;
    guint before;

    o->last.interfaces = (struct span){ (const uint8_t *)o->interfaces,
                                        o->interfaces ? strlen(o->interfaces) : 0 };
    flush(o);
    begin(o, STATE_END);
    code_last(&o->c, &o->last);
    before = o->c.out->len;
    for (unsigned i = 0; i < sizeof len; i++) {
        len[i] = (uint8_t)(before >> (24 - 8 * i));
    }
    code_octets(&o->c, len, sizeof len);
    flush(o);
    g_checksum_get_digest(o->sum, sum, &size);
    code_octets(&o->c, sum, sizeof sum);
    if (!o->error && fwrite(o->c.out->data, 1, o->c.out->len, o->to) != o->c.out->len) {
        o->error = errno;
    }
}

bool
state_out_finish(struct state_out *o, char **message)
{
    end(o);
    if (fclose(o->to) != 0 && !o->error) {
        o->error = errno;
    }
    o->to = NULL;
    if (!o->error && g_rename(o->beside, o->path) != 0) {
        o->error = errno;
    }
    if (o->error) {
        g_unlink(o->beside);
        *message = failed(o->path, o->error);
        return false;
    }
    if (o->last.left_out) {
        *message = g_strdup_printf("the state has %u MiB, as many as it may: packets of ESP and AH "
                                   "from frame %u on are not in it.",
                                   (unsigned)(STATE_MAX_OCTETS >> 20),
                                   (unsigned)o->last.left_out);
    }
    return true;
}
