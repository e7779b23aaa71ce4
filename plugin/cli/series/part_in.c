/* part_in.c - reads a part, a block at a time.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "part.h"

#include <espial/limits.h>
#include <glib/gstdio.h>
#include <string.h>

struct part {
    FILE *from;
    uint64_t seed, size, read;  /* octets of the file */
    GByteArray *block, *padded; /* padded: a frame that was cut, as long as it was */
    struct codec c;
    struct part_capture capture;
    char *path;                 /* of the capture */
    size_t begins;
    GPtrArray *names;
    GArray *links;              /* int */
    struct part_frame now;
    bool ended, broken;
    char *damage, *strange_link;
    uint32_t strange;
};

bool
part_is(const char *path)
{
    char head[PART_HEAD_LEN];
    FILE *from = strcmp(path, "-") != 0 && g_file_test(path, G_FILE_TEST_IS_REGULAR) ?
                     g_fopen(path, "rb") : NULL;
    bool is = from && fread(head, 1, sizeof head, from) == sizeof head &&
              memcmp(head, PART_HEAD, sizeof head) == 0;

    if (from) {
        (void)fclose(from);
    }
    return is;
}

/* False at the end of the file, and where a block is not what was written. */
static bool
next_block(struct part *p)
{
    uint8_t head[PART_BLOCK_HEAD];
    uint32_t len;
    uint64_t sum;

    if (fread(head, 1, sizeof head, p->from) != sizeof head) {
        return false;
    }
    memcpy(&len, head, sizeof len);
    memcpy(&sum, head + sizeof len, sizeof sum);
    len = GUINT32_FROM_LE(len);
    p->read += sizeof head;
    if (len > p->size - MIN(p->size, p->read)) {
        return false;
    }
    g_byte_array_set_size(p->block, len);
    if (fread(p->block->data, 1, len, p->from) != len ||
        hash_long(p->seed, p->block->data, len) != GUINT64_FROM_LE(sum)) {
        return false;
    }
    p->read += len;
    p->c = (struct codec){ .at = p->block->data, .end = p->block->data + len };
    return true;
}

static char *
text_of(const struct span *s)
{
    return s->len ? g_strndup((const char *)s->at, s->len) : NULL;
}

static void
see_interface(struct part *p)
{
    struct part_interface r = { 0 };
    int link;

    code_part_interface(&p->c, &r);
    if (!p->c.bad && p->names->len < PART_MAX_INTERFACES) {
        link = (int)r.link;
        g_ptr_array_add(p->names, text_of(&r.name));
        g_array_append_val(p->links, link);
    }
}

static void
see_end(struct part *p)
{
    struct part_end r = { 0 };

    code_part_end(&p->c, &r);
    if (!p->c.bad) {
        p->ended = true;
        p->damage = r.damaged ? g_strndup((const char *)r.damage.at, r.damage.len) : NULL;
        p->strange = (uint32_t)MIN(r.strange, UINT32_MAX);
        p->strange_link = text_of(&r.strange_link);
    }
}

/* Up to the next frame.  False where there is none. */
static bool
read_on(struct part *p)
{
    while (!p->ended && !p->broken) {
        uint8_t tag;
        if (p->c.at == p->c.end && !next_block(p)) {
            p->broken = true;
            break;
        }
        code_octets(&p->c, &tag, 1);
        if (tag == PART_FRAME) {
            struct part_frame r = { 0 };
            code_part_frame(&p->c, &r, &p->now);
            if (!p->c.bad) {
                p->now = r;
                return true;
            }
        } else if (tag == PART_INTERFACE) {
            see_interface(p);
        } else if (tag == PART_END) {
            see_end(p);
        } else {
            p->c.bad = true;
        }
        p->broken |= p->c.bad;
    }
    return false;
}

/* NULL, or what is wrong. */
static const char *
read_head(struct part *p)
{
    static const char damaged[] = "a part of a series that is damaged at its beginning: make it "
                                  "again (--extract)";
    char head[PART_HEAD_LEN];
    uint64_t check;
    uint8_t tag = 0;

    if (fread(head, 1, sizeof head, p->from) != sizeof head ||
        memcmp(head, PART_HEAD, sizeof head) != 0 ||
        fread(&p->seed, 1, sizeof p->seed, p->from) != sizeof p->seed ||
        fread(&check, 1, sizeof check, p->from) != sizeof check) {
        return damaged;
    }
    if (check != part_check(p->seed)) {
        return "a part of a series that another version of Espial has made: make it again "
               "(--extract)";
    }
    p->read = sizeof head + sizeof p->seed + sizeof check;
    if (!next_block(p)) {
        return damaged;
    }
    code_octets(&p->c, &tag, 1);
    code_part_capture(&p->c, &p->capture);
    p->path = text_of(&p->capture.path);
    p->begins = (size_t)p->read;
    return tag == PART_CAPTURE && !p->c.bad && p->path ? NULL : damaged;
}

struct part *
part_open(const char *path, char **problem)
{
    FILE *from = g_fopen(path, "rb");
    const char *wrong;
    struct part *p;
    GStatBuf about;

    if (!from) {
        *problem = g_strdup("cannot be read as a file");
        return NULL;
    }
    p = g_new0(struct part, 1);
    p->from = from;
    p->size = g_stat(path, &about) == 0 ? (uint64_t)about.st_size : 0;
    p->block = g_byte_array_new();
    p->padded = g_byte_array_new();
    p->names = g_ptr_array_new_with_free_func(g_free);
    p->links = g_array_new(FALSE, FALSE, sizeof(int));
    wrong = read_head(p);
    if (wrong) {
        *problem = g_strdup(wrong);
        part_close(p);
        return NULL;
    }
    return p;
}

void
part_close(struct part *p)
{
    if (!p) {
        return;
    }
    (void)fclose(p->from);
    g_byte_array_free(p->block, TRUE);
    g_byte_array_free(p->padded, TRUE);
    g_ptr_array_free(p->names, TRUE);
    g_array_free(p->links, TRUE);
    g_free(p->path);
    g_free(p->damage);
    g_free(p->strange_link);
    g_free(p);
}

bool
part_next(struct part *p, struct feed_frame *out)
{
    const struct part_frame *r = &p->now;

    if (!read_on(p)) {
        return false;
    }
    *out = (struct feed_frame){ .time = (double)(int64_t)r->secs + (double)(int64_t)r->nsecs / 1e9,
                                .link = (enum frame_link)r->link,
                                .octets = { r->octets.len ? r->octets.at : NULL,
                                            (size_t)r->captured, (size_t)r->reported },
                                .sum = r->esp ? r->sum : 0 };
    if (r->cut) {
        g_byte_array_set_size(p->padded, (guint)r->captured);
        memcpy(p->padded->data, r->octets.at, r->octets.len);
        memset(p->padded->data + r->octets.len, 0, (size_t)r->captured - r->octets.len);
        out->octets.at = p->padded->data;
    }
    return true;
}

const struct part_frame *
part_frame(const struct part *p)
{
    return &p->now;
}

const char *
part_path(const struct part *p)
{
    return p->path;
}

const struct part_capture *
part_of(const struct part *p)
{
    return &p->capture;
}

uint64_t
part_seed(const struct part *p)
{
    return p->seed;
}

size_t
part_begins(const struct part *p)
{
    return p->begins;
}

const GPtrArray *
part_interfaces(const struct part *p)
{
    return p->names;
}

int
part_interface_link(const struct part *p, unsigned i)
{
    return i < p->links->len ? g_array_index(p->links, int, i) : 0;
}

int64_t
part_done(const struct part *p, int64_t *all)
{
    *all = (int64_t)p->size;
    return (int64_t)p->read;
}

char *
part_damage(const struct part *p)
{
    return p->broken ? g_strdup("its part is damaged: make it again (--extract)") :
                       g_strdup(p->damage);
}

uint32_t
part_strange(const struct part *p, const char **link)
{
    *link = p->strange_link;
    return p->strange;
}
