/* store.c - the lines of all logs, and what is asked of them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader.h"

#include <math.h>
#include <string.h>

static void
file_free(gpointer p)
{
    struct log_file *file = (struct log_file *)p;

    g_array_free(file->clocks, TRUE);
    g_free(file);
}

struct logs *
logs_new(void)
{
    struct logs *l = g_new0(struct logs, 1);

    l->files = g_ptr_array_new_with_free_func(file_free);
    l->lines = g_ptr_array_new_with_free_func(g_free);
    l->texts = g_string_chunk_new(1 << 14);
    l->by_frame = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref);
    l->by_sa = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref);
    l->order = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    l->sides = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    return l;
}

void
logs_free(struct logs *l)
{
    if (!l) {
        return;
    }
    g_ptr_array_free(l->files, TRUE);
    g_ptr_array_free(l->lines, TRUE);
    g_string_chunk_free(l->texts);
    g_hash_table_destroy(l->by_frame);
    g_hash_table_destroy(l->by_sa);
    g_array_free(l->order, TRUE);
    g_hash_table_destroy(l->sides);
    g_free(l);
}

size_t
logs_num_files(const struct logs *l)
{
    return l->files->len;
}

const struct log_file *
logs_file(const struct logs *l, size_t i)
{
    return (const struct log_file *)g_ptr_array_index(l->files, i);
}

size_t
logs_num_lines(const struct logs *l)
{
    return l->lines->len;
}

const struct log_line *
logs_line(const struct logs *l, size_t i)
{
    return (const struct log_line *)g_ptr_array_index(l->lines, i);
}

const GArray *
logs_of_frame(const struct logs *l, uint32_t frame)
{
    return (const GArray *)g_hash_table_lookup(l->by_frame, GUINT_TO_POINTER(frame));
}

const GArray *
logs_of_sa(const struct logs *l, uint32_t ike_sa)
{
    return (const GArray *)g_hash_table_lookup(l->by_sa, GUINT_TO_POINTER(ike_sa));
}

bool
logs_capped(const struct logs *l)
{
    return l->looked;
}

const GArray *
logs_in_order(const struct logs *l)
{
    return l->order;
}

const struct log_clock *
logs_clock(const struct logs *l, const struct log_line *line)
{
    const struct log_file *file = logs_file(l, line->file);

    for (guint i = 0; i < file->clocks->len; i++) {
        const struct log_clock *c = &g_array_index(file->clocks, struct log_clock, i);
        if (line->id >= c->first && line->id <= c->last) {
            return c;
        }
    }
    return NULL;
}

const char *
log_daemon_name(enum log_daemon d)
{
    static const char *const names[] = {
        [LOG_UNKNOWN] = "a daemon that is not known", [LOG_CHARON] = "charon (strongSwan)",
        [LOG_PLUTO] = "pluto (libreswan)", [LOG_IKED] = "iked", [LOG_RACOON] = "racoon",
        [LOG_FIREBOX] = "iked (Firebox)", [LOG_SAFENET] = "SafeNet's client",
    };

    return names[d];
}

char *
log_line_print(const struct logs *l, const struct log_line *line, char *out, size_t size)
{
    const char *name = logs_file(l, line->file)->name;
    long seconds;

    if (!line->timed) {
        g_snprintf(out, size, "%s line %u", name, line->number);
        return out;
    }
    seconds = (long)floor(fmod(line->time, 86400));
    g_snprintf(out, size, "%s line %u, %02ld:%02ld:%02ld", name, line->number, seconds / 3600,
               seconds / 60 % 60, seconds % 60);
    return out;
}

char *
log_clock_print(double offset, char *out, size_t size)
{
    double ahead = -offset, zone = round(ahead / 900) * 900, rest;
    char number[G_ASCII_DTOSTR_BUF_SIZE], where[16] = "";

    if (fabs(zone) > 14 * 3600 || fabs(ahead - zone) >= 60) {
        zone = 0;               /* the clock is wrong, and its zone cannot be told from that */
    }
    rest = ahead - zone;
    if (zone != 0) {
        int minutes = (int)(fabs(zone) / 60);
        g_snprintf(where, sizeof where, "UTC%c%02d:%02d, ", zone > 0 ? '+' : '-', minutes / 60,
                   minutes % 60);
    }
    g_ascii_formatd(number, sizeof number, "%.1f", fabs(rest));
    if (strcmp(number, "0.0") == 0) {
        g_snprintf(out, size, "%sthe capture's clock", where);
    } else {
        g_snprintf(out, size, "%s%s s %s the capture's clock", where, number,
                   rest > 0 ? "ahead of" : "behind");
    }
    return out;
}
