/* findings.c - the store of findings: one for each check and scope, with its frames.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "findings.h"

#include <espial/hash.h>
#include <espial/points.h>
#include <stdarg.h>
#include <string.h>

void
findings_free_one(gpointer p)
{
    struct finding *f = (struct finding *)p;

    if (!f) {
        return;
    }
    each_free(f);
    g_free(f->frames->data);
    g_free(f->detail);
    if (f->remedy != checks[f->check].remedy) {
        g_free((gpointer)(uintptr_t)f->remedy);
    }
    g_free(f);
}

static void
free_ids(gpointer p)
{
    g_array_free((GArray *)p, TRUE);
}

static guint
scope_hash(gconstpointer p)
{
    const struct finding *f = (const struct finding *)p;
    const uint64_t scope[] = {
        f->doubt,
        (uint64_t)f->check << 32 | f->ike_sa,
        (uint64_t)f->child_sa << 32 | f->stream,
        f->exchange,
        f->variant,             /* of SPIs and notify types, which strangers choose */
    };

    return (guint)hash_octets(hash_seed(), scope, sizeof scope);
}

static gboolean
scope_equal(gconstpointer a, gconstpointer b)
{
    const struct finding *f = (const struct finding *)a, *g = (const struct finding *)b;

    return f->check == g->check && f->ike_sa == g->ike_sa && f->child_sa == g->child_sa &&
           f->stream == g->stream && f->exchange == g->exchange && f->variant == g->variant &&
           f->doubt == g->doubt;
}

/* The scope as a finding, to look one up or to keep it. */
static struct finding
finding_of(const struct findings *out, unsigned check, const struct scope *where)
{
    return (struct finding){ .check = check,
                             .doubt = out->doubt,
                             .ike_sa = where->sa ? where->sa->id : NO_ID,
                             .child_sa = where->child ? where->child->id : NO_ID,
                             .stream = where->stream ? where->stream->id : NO_ID,
                             .exchange = where->exchange,
                             .variant = where->variant };
}

struct finding *
findings_find(const struct findings *out, unsigned check, const struct scope *where)
{
    struct finding key = finding_of(out, check, where);

    return (struct finding *)g_hash_table_lookup(out->by_scope, &key);
}

struct findings *
findings_new(void)
{
    struct findings *all = g_new0(struct findings, 1);

    all->all = g_ptr_array_new_with_free_func(findings_free_one);
    all->by_scope = g_hash_table_new(scope_hash, scope_equal);
    all->by_frame = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free_ids);
    all->marks = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free_ids);
    all->refuted = g_hash_table_new(g_direct_hash, g_direct_equal);
    return all;
}

void
findings_free(struct findings *all)
{
    if (!all) {
        return;
    }
    g_hash_table_destroy(all->refuted);
    g_hash_table_destroy(all->marks);
    g_hash_table_destroy(all->by_frame);
    g_hash_table_destroy(all->by_scope);
    g_ptr_array_free(all->all, TRUE);
    g_free(all);
}

size_t
findings_count(const struct findings *all)
{
    return all->all->len;
}

const struct finding *
findings_get(const struct findings *all, size_t i)
{
    return i < all->all->len ? (const struct finding *)g_ptr_array_index(all->all, i) : NULL;
}

const GArray *
findings_of_frame(const struct findings *all, uint32_t frame)
{
    if (frame > all->last_frame) {
        return NULL;
    }
    return (const GArray *)g_hash_table_lookup(all->by_frame, GUINT_TO_POINTER(frame));
}

bool
findings_end(struct findings *all)
{
    bool first = !all->ended;

    all->ended = true;
    return first;
}

void
findings_doubt(struct findings *out, const struct stream *stream, bool unverified, uint32_t frame)
{
    out->doubt = 0;
    if (stream && (unverified || frame)) {
        out->doubt = (uint64_t)(stream->id + 1) << 33 | (uint64_t)frame << 1 | unverified;
        out->any_doubt = true;
    }
}

bool
findings_capped(const struct findings *all)
{
    return all->capped;
}

void
findings_list(struct findings *out, const struct finding *f, uint32_t frame)
{
    GArray *ids;

    ids = (GArray *)g_hash_table_lookup(out->by_frame, GUINT_TO_POINTER(frame));
    if (!ids) {
        ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        g_hash_table_insert(out->by_frame, GUINT_TO_POINTER(frame), ids);
    }
    g_array_append_val(ids, f->id);
    out->last_frame = MAX(out->last_frame, frame);
}

void
findings_mark(struct findings *out, struct finding *f, uint32_t frame)
{
    guint at = findings_place(f->frames, frame);

    f->count++;
    if (at < f->frames->len && g_array_index(f->frames, uint32_t, at) == frame) {
        return;
    }
    if (f->frames->len >= FINDING_MAX_FRAMES) {
        out->capped = true;
        return;
    }
    findings_insert(f->frames, at, frame);
    findings_list(out, f, frame);
}

/* What the checks of a message add may have to go again. */
static void
keep_mark(struct findings *out, const struct finding *f, uint32_t frame, bool made, bool counts)
{
    struct mark one = { f->id, frame, made, counts, false };
    GArray *marks;

    if (!out->message) {
        return;
    }
    marks = (GArray *)g_hash_table_lookup(out->marks, GUINT_TO_POINTER(out->message));
    if (!marks) {
        marks = g_array_sized_new(FALSE, FALSE, sizeof one, 1);
        g_hash_table_insert(out->marks, GUINT_TO_POINTER(out->message), marks);
    }
    g_array_append_val(marks, one);
}

uint32_t
finding_frame(const struct findings *out, unsigned check, const struct scope *where)
{
    const struct finding *f = findings_find(out, check, where);

    return f ? f->frame : 0;
}

void
finding_raise(struct findings *out, unsigned check, const struct scope *where,
              enum severity severity, const char *remedy, const char *format, ...)
{
    struct finding *f = findings_find(out, check, where);
    char *more, *whole;
    va_list args;

    if (!f || f->severity >= severity) {
        return;
    }
    f->severity = severity;
    va_start(args, format);
    more = g_strdup_vprintf(format, args);
    va_end(args);
    whole = g_strconcat(f->detail, " ", more, NULL);
    each_append(f, more);
    g_free(more);
    g_free(f->detail);
    f->detail = whole;
    if (remedy) {
        if (f->remedy != checks[check].remedy) {
            g_free((gpointer)(uintptr_t)f->remedy);
        }
        f->remedy = g_strdup(remedy);
    }
}

void
finding_resolve(struct findings *out, unsigned check, const struct scope *where, const char *format,
                ...)
{
    struct finding *f = findings_find(out, check, where);
    const char *last = f ? g_strrstr(f->detail, ". ") : NULL;
    char *kept, *more;
    va_list args;

    if (!f) {
        return;
    }
    va_start(args, format);
    more = g_strdup_vprintf(format, args);
    va_end(args);
    kept = last ? g_strndup(f->detail, (gsize)(last - f->detail) + 1) : g_strdup(f->detail);
    g_free(f->detail);
    f->detail = g_strconcat(kept, " ", more, NULL);
    g_free(kept);
    g_free(more);
}

void
finding_add(struct findings *out, unsigned check, const struct scope *where, const char *format,
            ...)
{
    struct finding key = finding_of(out, check, where),
                   *f = (struct finding *)g_hash_table_lookup(out->by_scope, &key);
    bool made = !f;
    char *detail;
    va_list args;

    va_start(args, format);
    detail = g_strdup_vprintf(format, args);
    va_end(args);
    if (!f) {
        if (out->all->len >= FINDINGS_MAX) {
            out->capped = true;
            g_free(detail);
            return;
        }
        f = g_new(struct finding, 1);
        *f = key;
        f->id = out->all->len;
        f->severity = checks[check].severity;
        f->basis = where->basis;
        f->frame = where->frame;
        f->at_end = checks[check].trigger == ON_END;
        f->detail = detail;
        f->number = where->number;
        f->also = where->also;
        f->remedy = where->remedy ? g_strdup(where->remedy) : checks[check].remedy;
        g_ptr_array_add(out->all, f);
        g_hash_table_add(out->by_scope, f);
    }
    if (!made) {
        each_add(out, f, where, detail);
    }
    findings_mark(out, f, where->frame);
    keep_mark(out, f, where->frame, made, true);
    if (where->also) {
        findings_mark(out, f, where->also);
        f->count--;             /* the other frame is no second event */
        keep_mark(out, f, where->also, false, false);
    }
}

void
finding_sum(struct findings *out, unsigned check, const struct scope *where, const char *format,
            ...)
{
    struct finding *f = findings_find(out, check, where);
    va_list args;

    /* What is in doubt may yet join others. */
    if (f && (f->count > 1 || f->doubt) && !each_says(f)) {
        va_start(args, format);
        each_say(out, f, g_strdup_vprintf(format, args));
        va_end(args);
    }
}

/* --- what was in doubt ------------------------------------------------------------------- */

static bool
is_in(const struct frame_numbers *list, uint32_t frame)
{
    guint low = 0, high = list->len;

    while (low < high) {
        guint mid = (low + high) / 2;
        if (list->at[mid] < frame) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < list->len && list->at[low] == frame;
}

static bool
came_true(const struct finding *f, const struct sadb *db)
{
    const struct stream *s = sadb_stream(db, (size_t)(f->doubt >> 33) - 1);
    const struct stream_rare *rare = stream_rare(s);

    uint32_t frame = (uint32_t)(f->doubt >> 1);
    bool by_number = f->check == CHECK_out_of_window || f->check == CHECK_replay ||
                     f->check == CHECK_sequence_wrapped;
    bool by_address = f->check == CHECK_outer_source_violation ||
                      f->check == CHECK_outer_destination_violation;

    if ((f->doubt & 1) && stream_num_good(s) && !by_address) {
        return false;
    }
    if (by_address && points_translated(sadb_points(db), frame)) {
        return false;
    }
    if (by_number && (is_in(&rare->copy_frames, frame) ||
                      (rare->line && rare->line->proved && is_in(&rare->line->frames, frame)))) {
        return false;
    }
    return !is_in(&rare->stray_frames, frame) &&
           !(by_number && is_in(&rare->restored_frames, frame));
}

static void
take_frames(struct findings *out, struct finding *to, const struct finding *from)
{
    to->count += from->count;
    for (guint i = 0; i < from->frames->len; i++) {
        uint32_t frame = g_array_index(from->frames, uint32_t, i);
        guint at = findings_place(to->frames, frame);
        if (at < to->frames->len && g_array_index(to->frames, uint32_t, at) == frame) {
            continue;
        }
        if (to->frames->len >= FINDING_MAX_FRAMES) {
            out->capped = true;
            return;
        }
        findings_insert(to->frames, at, frame);
        each_take(out, to, from, frame);
    }
}

/* Each frame lists its findings in the order in which they were found, under their new ids. */
static void
renumber(struct findings *out, const uint32_t *now)
{
    GHashTableIter each;
    gpointer list;

    g_hash_table_iter_init(&each, out->by_frame);
    while (g_hash_table_iter_next(&each, NULL, &list)) {
        GArray *ids = (GArray *)list;
        guint kept = 0;
        for (guint i = 0; i < ids->len; i++) {
            uint32_t id = now[g_array_index(ids, uint32_t, i)];
            guint k = 0;
            while (k < kept && g_array_index(ids, uint32_t, k) != id) {
                k++;
            }
            if (id != NO_ID && k == kept) {
                g_array_index(ids, uint32_t, kept++) = id;
            }
        }
        g_array_set_size(ids, kept);
        if (!kept) {
            g_hash_table_iter_remove(&each);
        }
    }
}

void
findings_settle(struct findings *out, const struct sadb *db)
{
    GPtrArray *old = out->all;
    uint32_t *now;

    out->doubt = 0;
    if (!out->any_doubt) {
        return;
    }
    out->any_doubt = false;
    now = g_new(uint32_t, old->len + 1);
    out->all = g_ptr_array_new_with_free_func(findings_free_one);
    g_hash_table_remove_all(out->by_scope);
    for (guint i = 0; i < old->len; i++) {
        struct finding *f = (struct finding *)g_ptr_array_index(old, i), *same = NULL;
        bool is_true = !f->doubt || came_true(f, db);
        f->doubt = 0;
        if (is_true) {
            same = (struct finding *)g_hash_table_lookup(out->by_scope, f);
        }
        now[i] = !is_true ? NO_ID : same ? same->id : out->all->len;
        if (same) {
            take_frames(out, same, f);
        }
        if (!is_true || same) {
            each_forget(out, f);
            findings_free_one(f);
            continue;
        }
        f->id = out->all->len;
        g_ptr_array_add(out->all, f);
        g_hash_table_add(out->by_scope, f);
    }
    renumber(out, now);
    g_free(now);
    g_ptr_array_set_free_func(old, NULL);
    g_ptr_array_free(old, TRUE);
}
