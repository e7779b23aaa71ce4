/* source.c - captures as libwiretap reads them.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "source.h"

#include "compat.h"
#include "stream.h"
#include "terminal.h"
#include "wiretap_frame.h"
#include "wrong.h"

#include <espial/text.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

struct source {
    wtap *w;
    struct compat_record record;
    struct stream *stream;
    GPtrArray *names;           /* of interfaces, NULL where one has none */
    int error;
    char *info;                 /* of the error, or NULL */
    int64_t size;
    uint32_t strange;
    int strange_link;
};

void
source_stop_on_interrupt(const char *path)
{
    if (strcmp(path, "-") == 0 || !g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        count_interrupts();
    }
}

/* The first one ends the program that writes into the pipe. */
bool
source_stopped(void)
{
    return num_interrupts() > 1;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* Wireshark reads any MP4, JPEG, JSON or e-mail as "packets": its kind tells. */
static bool
is_no_capture(wtap *w, const char *path)
{
    static const char *const kinds[] = { "MIME", "MP4", "JPEG", "GIF", "PNG", "MPEG",
                                         "Object Notation", " 7468 ", "ELF" };
    const char *kind = wtap_file_type_subtype_description(wtap_file_type_subtype(w));

    for (size_t i = 0; kind && i < G_N_ELEMENTS(kinds); i++) {
        if (strstr(kind, kinds[i])) {
            return true;
        }
    }
    return wrong_is_known(path, kind);
}

static char *
say_open_error(const char *path, int error, char *info)
{
    char *shown = info ? text_shown(info) : NULL, *said;

    switch (error) {
    case ESPIPE:                /* it was read as a pipe, and sought for its format in vain */
    case WTAP_ERR_FILE_UNKNOWN_FORMAT:
    case WTAP_ERR_CANT_OPEN:
        said = wrong_file(path);
        break;
    case WTAP_ERR_SHORT_READ:
        said = g_strdup("the capture is cut short in the middle of its first packet: 0 frames "
                        "could be read");
        break;
    case WTAP_ERR_BAD_FILE:
    case WTAP_ERR_DECOMPRESS:
        said = g_strdup_printf("not a capture file, or damaged at its first packet (%s): 0 frames "
                               "could be read",
                               shown ? shown : "nothing more is known");
        break;
    default:
        said = g_strdup_printf("cannot be read (%s)", wtap_strerror(error));
        break;
    }
    g_free(shown);
    g_free(info);
    return said;
}

struct source *
source_open(const char *path, char **problem)
{
    struct stream *stream = stream_open(path, problem);
    struct source *s;
    char *info = NULL;
    GStatBuf about;
    int error = 0;
    wtap *w;

    if (!stream) {
        return NULL;
    }
    w = wtap_open_offline(stream_path(stream), WTAP_TYPE_AUTO, &error, &info, FALSE);
    stream_opened(stream);
    if (!w || is_no_capture(w, path)) {
        char *said = w ? wrong_file(path) : say_open_error(path, error, info);
        if (w) {
            wtap_close(w);
        }
        *problem = stream_fault(stream);
        if (*problem) {
            g_free(said);
        } else {
            *problem = said;
        }
        stream_close(stream);
        return NULL;
    }
    s = g_new0(struct source, 1);
    s->w = w;
    s->stream = stream;
    s->names = g_ptr_array_new_with_free_func(g_free);
    /* What stands between has another length, which nobody knows. */
    s->size = g_stat(stream_path(stream), &about) == 0 ? (int64_t)about.st_size : 0;
    compat_record_init(&s->record);
    return s;
}

void
source_close(struct source *s)
{
    if (!s) {
        return;
    }
    compat_record_cleanup(&s->record);
    wtap_close(s->w);
    stream_close(s->stream);
    g_ptr_array_free(s->names, TRUE);
    g_free(s->info);
    g_free(s);
}

/* --- reading ---------------------------------------------------------------------------------- */

bool
source_next(struct source *s, struct feed_frame *out)
{
    const wtap_rec *r = &s->record.rec;
    const wtap_packet_header *h = &r->rec_header.packet_header;

    if (!compat_read(s->w, &s->record, &s->error, &s->info)) {
        return false;
    }
    *out = (struct feed_frame){ .time = (double)r->ts.secs + (double)r->ts.nsecs / 1e9 };
    out->point = wiretap_point(r);
    if (r->rec_type != REC_TYPE_PACKET) {
        return true;            /* it has a number, and no octets of the wire */
    }
    out->link = wiretap_link(h->pkt_encap);
    if (out->link == FRAME_LINK_OTHER && !s->strange++) {
        s->strange_link = h->pkt_encap;
    }
    out->octets = (struct octets){ h->caplen ? compat_octets(&s->record) : NULL,
                                   MIN(h->caplen, h->len), h->len };
    return true;
}

/* "frame before the cut is", "3 frames before the cut are". */
static char *
frames_are(uint32_t frames, const char *where)
{
    return frames == 1 ? g_strdup_printf("frame %s is", where) :
                         g_strdup_printf("%u frames %s are", frames, where);
}

static char *
fault_of(const struct source *s, uint32_t frames, bool *nothing)
{
    char *what = s->info ? text_shown(s->info) : g_strdup("nothing more is known"), *said, *count;

    *nothing = frames == 0;
    if (!s->error || source_stopped()) {
        g_free(what);
        /* An empty pipe looks like a file of some kind. */
        *nothing = !frames && !wtap_read_so_far(s->w);
        return *nothing ? g_strdup("not a capture file") : NULL;
    }
    if (s->error == WTAP_ERR_SHORT_READ) {
        count = frames_are(frames, "before the cut");
        said = frames ? g_strdup_printf("the capture is cut short in the middle of a packet; the "
                                        "%s reported",
                                        count) :
                        g_strdup("the capture is cut short in the middle of its first packet: 0 "
                                 "frames could be read");
    } else {
        if (s->error != WTAP_ERR_BAD_FILE && s->error != WTAP_ERR_DECOMPRESS) {
            g_free(what);
            what = g_strdup(wtap_strerror(s->error));
        }
        count = frames_are(frames, "before the damage");
        if (frames) {
            said = g_strdup_printf("the capture is damaged: %s; the %s reported", what, count);
        } else {
            said = g_strdup_printf("not a capture file, or damaged at its first packet (%s): 0 "
                                   "frames could be read",
                                   what);
        }
    }
    g_free(count);
    g_free(what);
    return said;
}

char *
source_fault(const struct source *s, uint32_t frames, bool *nothing)
{
    char *fault = fault_of(s, frames, nothing), *half = stream_fault(s->stream), *both;

    if (!half) {
        return fault;
    }
    both = g_strdup_printf("%s%s%s", half, fault ? "; " : "", fault ? fault : "");
    g_free(fault);
    g_free(half);
    return both;
}

char *
source_damage(const struct source *s)
{
    const char *what = s->info;
    char *half = stream_fault(s->stream);

    if (half) {
        return half;
    }
    if (!s->error || source_stopped()) {
        return NULL;
    }
    if (s->error == WTAP_ERR_SHORT_READ) {
        return g_strdup("");
    }
    if (!what || (s->error != WTAP_ERR_BAD_FILE && s->error != WTAP_ERR_DECOMPRESS)) {
        what = wtap_strerror(s->error);
    }
    return text_shown(what);
}

/* --- interfaces ------------------------------------------------------------------------------- */

/* As Wireshark names it; each is looked up once. */
static void
learn_names(struct source *s)
{
    wtapng_iface_descriptions_t *all = wtap_file_get_idb_info(s->w);
    static const unsigned options[] = { OPT_IDB_NAME, OPT_IDB_DESCRIPTION, OPT_IDB_HARDWARE };

    for (unsigned i = s->names->len; i < all->interface_data->len; i++) {
        wtap_block_t block = g_array_index(all->interface_data, wtap_block_t, i);
        char *name = NULL;
        for (size_t o = 0; !name && o < G_N_ELEMENTS(options); o++) {
            if (wtap_block_get_string_option_value(block, options[o], &name) !=
                WTAP_OPTTYPE_SUCCESS) {
                name = NULL;
            }
        }
        /* What Wireshark calls one that has no name. */
        g_ptr_array_add(s->names, g_strcmp0(name, "unknown") == 0 ? NULL : g_strdup(name));
    }
    g_free(all);
}

unsigned
source_interfaces(struct source *s)
{
    learn_names(s);
    return s->names->len;
}

const char *
source_interface_name(struct source *s, unsigned i)
{
    if (i >= s->names->len) {
        learn_names(s);
    }
    return i < s->names->len ? (const char *)s->names->pdata[i] : NULL;
}

const char *
source_interface(struct source *s)
{
    const wtap_rec *r = &s->record.rec;

    if (!(r->presence_flags & WTAP_HAS_INTERFACE_ID)) {
        return NULL;
    }
    return source_interface_name(
        s, compat_interface(s->w, &s->record, r->rec_header.packet_header.interface_id));
}

int
source_interface_link(struct source *s, unsigned i)
{
    wtapng_iface_descriptions_t *all = wtap_file_get_idb_info(s->w);
    int link = wtap_file_encap(s->w);

    if (i < all->interface_data->len) {
        wtap_block_t block = g_array_index(all->interface_data, wtap_block_t, i);
        link = ((wtapng_if_descr_mandatory_t *)wtap_block_get_mandatory_data(block))->wtap_encap;
    }
    g_free(all);
    return link;
}

unsigned
source_interface_number(struct source *s)
{
    const wtap_rec *r = &s->record.rec;

    if (!(r->presence_flags & WTAP_HAS_INTERFACE_ID)) {
        return 0;
    }
    return compat_interface(s->w, &s->record, r->rec_header.packet_header.interface_id);
}

/* --- what else is known ----------------------------------------------------------------------- */

bool
source_time(const struct source *s, int64_t *secs, int *nsecs)
{
    *secs = (int64_t)s->record.rec.ts.secs;
    *nsecs = s->record.rec.ts.nsecs;
    return (s->record.rec.presence_flags & WTAP_HAS_TS) != 0;
}

int64_t
source_done(const struct source *s, int64_t *all)
{
    *all = s->size;
    return (int64_t)wtap_read_so_far(s->w);
}

uint32_t
source_strange(const struct source *s, const char **link)
{
    *link = wtap_encap_description(s->strange_link);
    return s->strange;
}
