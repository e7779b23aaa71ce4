/* given.c - the files that are given as one series.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "input.h"

#include "names.h"
#include "say.h"

#include <espial/hash.h>
#include <espial/ipsec.h>
#include <espial/limits.h>
#include <glib/gstdio.h>
#include <string.h>

struct given {
    GPtrArray *files;           /* of struct given_file */
    GHashTable *alike;          /* beginning and size -> GPtrArray of struct given_file */
    GPtrArray *names;           /* of the interfaces of the series, NULL where one has none */
    GHashTable *points;         /* what one is known by -> its number */
    uint64_t seed;              /* of the sums of parts; 0: the files are captures */
    bool cut_esp;
    bool one_point;             /* there is but one, whatever the files say of it */
};

static void
free_file(void *data)
{
    struct given_file *f = (struct given_file *)data;

    input_close(f->input);
    g_free(f->path);
    g_ptr_array_free(f->interfaces, TRUE);
    g_array_free(f->points, TRUE);
    g_free(f);
}

static void
free_list(void *data)
{
    g_ptr_array_free((GPtrArray *)data, TRUE);
}

void
given_free(struct given *g)
{
    if (g) {
        g_ptr_array_free(g->files, TRUE);
        g_hash_table_destroy(g->alike);
        g_ptr_array_free(g->names, TRUE);
        g_hash_table_destroy(g->points);
        g_free(g);
    }
}

/* --- the same file twice ---------------------------------------------------------------------- */

static bool
same_octets(const struct given_file *a, const struct given_file *b)
{
    static uint8_t of_a[1 << 16], of_b[1 << 16];        /* used for one call at a time */
    FILE *one = g_fopen(a->at, "rb"), *other = g_fopen(b->at, "rb");
    bool same = one && other && fseek(one, (long)a->begins, SEEK_SET) == 0 &&
                fseek(other, (long)b->begins, SEEK_SET) == 0;
    size_t len = sizeof of_a;

    while (same && len == sizeof of_a) {
        len = fread(of_a, 1, sizeof of_a, one);
        same = fread(of_b, 1, sizeof of_b, other) == len && memcmp(of_a, of_b, len) == 0;
    }
    if (one) {
        (void)fclose(one);
    }
    if (other) {
        (void)fclose(other);
    }
    return same;
}

/* It is one of the series already: that is said. */
static bool
given_twice(struct given *g, struct given_file *f)
{
    char *key = g_strdup_printf("%" G_GINT64_FORMAT ".%d %" G_GINT64_FORMAT " %d", f->secs,
                                f->nsecs, f->size - (int64_t)f->begins, f->empty);
    GPtrArray *alike = (GPtrArray *)g_hash_table_lookup(g->alike, key);

    for (guint i = 0; alike && !f->input && i < alike->len; i++) {
        const struct given_file *other = (const struct given_file *)alike->pdata[i];
        if (strcmp(f->at, other->at) == 0 || same_octets(f, other)) {
            char *name = name_full(f->path), *known = name_full(other->path);
            say("%s: the same as %s; it is read once", name, known);
            g_free(known);
            g_free(name);
            g_free(key);
            return true;
        }
    }
    if (!alike) {
        alike = g_ptr_array_new();
        g_hash_table_replace(g->alike, g_strdup(key), alike);
    }
    if (!f->input) {
        g_ptr_array_add(alike, f);
    }
    g_free(key);
    return false;
}

/* --- interfaces ------------------------------------------------------------------------------- */

/* Its link and its name; of several that have these in common its order in the file. */
static char *
known_by(struct input *s, unsigned i)
{
    const char *name = input_interface_name(s, i);
    int link = input_interface_link(s, i);
    unsigned before = 0;

    for (unsigned k = 0; k < i; k++) {
        before += g_strcmp0(input_interface_name(s, k), name) == 0 &&
                  input_interface_link(s, k) == link;
    }
    return g_strdup_printf("%d %u%s%s", link, before, name ? "=" : "", name ? name : "");
}

static const char *
name_in(const char *interface)
{
    const char *name = strchr(interface, '=');

    return name ? name + 1 : NULL;
}

static void
look_at_interfaces(struct given_file *f, struct input *s)
{
    unsigned num = MAX(input_interfaces(s), 1u);

    for (unsigned i = f->interfaces->len; i < num; i++) {
        g_ptr_array_add(f->interfaces, known_by(s, i));
    }
}

static void
number_interfaces(struct given *g, struct given_file *f)
{
    for (guint i = f->points->len; i < f->interfaces->len; i++) {
        const char *interface = (const char *)f->interfaces->pdata[i];
        unsigned point = g->one_point ? 1 :
                             GPOINTER_TO_UINT(g_hash_table_lookup(g->points, interface));
        if (!point) {
            g_ptr_array_add(g->names, g_strdup(name_in(interface)));
            point = g->names->len;
            g_hash_table_replace(g->points, g_strdup(interface), GUINT_TO_POINTER(point));
        }
        g_array_append_val(f->points, point);
    }
}

static bool
same_link(const char *interface, const char *other)
{
    size_t len = strcspn(interface, " ");

    return strcspn(other, " ") == len && memcmp(interface, other, len) == 0;
}

/* One interface, of which files say different things: settings that were changed in between. */
static void
look_for_one_point(struct given *g)
{
    const char *name = NULL, *before = NULL;

    g->one_point = true;
    for (guint i = 0; g->one_point && i < g->files->len; i++) {
        const struct given_file *f = given_file(g, i);
        const char *interface = (const char *)f->interfaces->pdata[0], *own = name_in(interface);
        if (f->empty) {
            continue;
        }
        g->one_point = f->interfaces->len == 1 && (!before || same_link(interface, before)) &&
                       (!own || !name || strcmp(own, name) == 0);
        before = interface;
        name = name ? name : own;
    }
    if (g->one_point) {
        g_ptr_array_add(g->names, g_strdup(name));
    }
}

unsigned
given_point(struct given *g, struct given_file *f, struct input *input)
{
    unsigned number = input_interface_number(input);

    if (number >= f->points->len) {
        look_at_interfaces(f, input);
        number_interfaces(g, f);
    }
    return number < f->points->len ? g_array_index(f->points, unsigned, number) : 1;
}

bool
given_cut_esp(const struct given *g)
{
    return g->cut_esp;
}

unsigned
given_points(const struct given *g)
{
    return g->names->len;
}

const char *
given_point_name(const struct given *g, unsigned point)
{
    return point && point <= g->names->len ? (const char *)g->names->pdata[point - 1] : NULL;
}

/* --- gathering -------------------------------------------------------------------------------- */

/* A part goes for its capture.  Sums of another folder cannot be compared with these: NULL, or that
 * (g_free it). */
static char *
take_part(struct given *g, struct given_file *f, const struct part *part)
{
    uint64_t seed = part ? part_seed(part) : 0;

    if (g->files->len && seed != g->seed) {
        return g_strdup("a part that was not made with the others, or a capture among parts");
    }
    g->seed = seed;
    if (part) {
        g_free(f->path);
        f->path = g_strdup(part_path(part));
        f->begins = part_begins(part);
        g->cut_esp |= part_of(part)->cut_esp;
    }
    return NULL;
}

/* A file's beginning; NULL where it is none, which is told. */
static struct input *
begin_file(struct given *g, struct given_file *f, series_tell tell, const char *next)
{
    struct input *s;
    char *why;

    source_stop_on_interrupt(f->at);
    s = input_open(f->at, &why);
    if (s) {
        why = take_part(g, f, input_part(s));
    }
    if (s && !why) {
        f->empty = !input_next(s, &f->first);
        why = f->empty ? input_fault(s, 0) : NULL;
    }
    if (why) {
        tell(f->path, why, next);
        input_close(s);
        g_free(why);
        return NULL;
    }
    (void)input_done(s, &f->size);
    if (!f->empty) {
        input_time(s, &f->secs, &f->nsecs);
    }
    return s;
}

/* A file of its own can be opened again; others are read from here on. */
static void
keep_or_close(struct given_file *f, struct input *s)
{
    if (strcmp(f->at, "-") != 0 && g_file_test(f->at, G_FILE_TEST_IS_REGULAR)) {
        input_close(s);
    } else {
        f->input = s;
    }
}

static gint
in_time(gconstpointer one, gconstpointer other)
{
    const struct given_file *a = *(const struct given_file *const *)one,
                            *b = *(const struct given_file *const *)other;

    if (a->empty != b->empty) {
        return a->empty ? 1 : -1;
    }
    if (a->secs != b->secs) {
        return a->secs < b->secs ? -1 : 1;
    }
    if (a->nsecs != b->nsecs) {
        return a->nsecs < b->nsecs ? -1 : 1;
    }
    return a->place < b->place ? -1 : a->place > b->place;
}

static void
gather(struct given *g, char *const *paths, unsigned num, series_tell tell)
{
    const char *next = num > 1 ? "left out of the series" : "nothing to report for it";

    for (unsigned i = 0; i < num; i++) {
        struct given_file *f = g_new0(struct given_file, 1);
        struct input *s;
        f->path = g_strdup(paths[i]);
        f->at = paths[i];
        f->place = i;
        f->interfaces = g_ptr_array_new_with_free_func(g_free);
        f->points = g_array_new(FALSE, FALSE, sizeof(unsigned));
        s = begin_file(g, f, tell, next);
        if (!s) {
            free_file(f);
            continue;
        }
        look_at_interfaces(f, s);
        keep_or_close(f, s);
        if (given_twice(g, f)) {
            free_file(f);
        } else {
            g_ptr_array_add(g->files, f);
        }
    }
}

struct given *
given_open(char *const *paths, unsigned num, series_tell tell)
{
    struct given *g = g_new0(struct given, 1);

    g->files = g_ptr_array_new_with_free_func(free_file);
    g->alike = g_hash_table_new_full(hash_text, g_str_equal, g_free, free_list);
    g->names = g_ptr_array_new_with_free_func(g_free);
    g->points = g_hash_table_new_full(hash_text, g_str_equal, g_free, NULL);
    gather(g, paths, num, tell);
    if (g->files->len > SERIES_MAX_FILES) {
        char *what = g_strdup_printf("%u files are more than the %u of a series", g->files->len,
                                     (unsigned)SERIES_MAX_FILES);
        tell(paths[0], what, NULL);
        g_free(what);
    }
    if (!g->files->len || g->files->len > SERIES_MAX_FILES) {
        given_free(g);
        return NULL;
    }
    if (g->seed) {
        ipsec_adopt_sum_seed(g->seed);
    }
    g_ptr_array_sort(g->files, in_time);
    look_for_one_point(g);
    for (guint i = 0; i < g->files->len; i++) {
        if (!given_file(g, i)->empty || g->files->len == 1) {
            number_interfaces(g, given_file(g, i));
        }
    }
    return g;
}

unsigned
given_count(const struct given *g)
{
    return g->files->len;
}

struct given_file *
given_file(const struct given *g, unsigned i)
{
    return (struct given_file *)g->files->pdata[i];
}

/* --- the list --------------------------------------------------------------------------------- */

static gint
in_order_read(gconstpointer one, gconstpointer other)
{
    const struct given_file *a = *(const struct given_file *const *)one,
                            *b = *(const struct given_file *const *)other;

    if (!a->is.num_frames != !b->is.num_frames) {
        return a->is.num_frames ? -1 : 1;
    }
    if (a->is.first_time < b->is.first_time || a->is.first_time > b->is.first_time) {
        return a->is.first_time < b->is.first_time ? -1 : 1;
    }
    return a->place < b->place ? -1 : a->place > b->place;
}

struct series *
given_series(struct given *g)
{
    struct series *s = series_new();
    GHashTable *called = g_hash_table_new_full(hash_text, g_str_equal, g_free, NULL);

    g_ptr_array_sort(g->files, in_order_read);
    for (guint i = 0; i < g->files->len; i++) {
        char *base = g_path_get_basename(given_file(g, i)->path);
        guint times = GPOINTER_TO_UINT(g_hash_table_lookup(called, base)) + 1;
        g_hash_table_replace(called, base, GUINT_TO_POINTER(times));
    }
    for (guint i = 0; i < g->files->len; i++) {
        const struct given_file *f = given_file(g, i);
        char *base = strcmp(f->path, "-") == 0 ? g_strdup("standard input") :
                                                 g_path_get_basename(f->path);
        bool alone = GPOINTER_TO_UINT(g_hash_table_lookup(called, base)) < 2;
        struct series_file *to = series_add(s, alone ? base : f->path);
        if (to) {
            char *name = to->name;
            *to = f->is;
            to->name = name;
        }
        g_free(base);
    }
    g_hash_table_destroy(called);
    return s;
}
