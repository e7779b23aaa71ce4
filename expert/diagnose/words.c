/* words.c - the text of a diagnosis: the cause with its values, then what follows from it.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "diagnose.h"

enum { SAID_FOLLOWS = 4, SAID_FRAMES = 4 };     /* in a sentence; the lists hold them all */

/* "frame 4", "frames 4 and 6", "frames 4, 6 and 2 more". */
static void
put_frames(GString *out, const uint32_t *frames, guint n)
{
    guint shown = n > SAID_FRAMES ? SAID_FRAMES - 1 : n;

    g_string_append(out, n == 1 ? "frame " : "frames ");
    for (guint i = 0; i < shown; i++) {
        g_string_append_printf(out, "%s%u", i == 0 ? "" : i + 1 == n ? " and " : ", ", frames[i]);
    }
    if (n > shown) {
        g_string_append_printf(out, " and %u more", n - shown);
    }
}

void
put_title_within(GString *out, const char *title)
{
    bool sentence = g_ascii_isupper(title[0]) && (g_ascii_islower(title[1]) || title[1] == ' ');

    g_string_append_c(out, sentence ? g_ascii_tolower(title[0]) : title[0]);
    g_string_append(out, title + 1);
}

/* The same cause in other frames. */
static void
put_again(const struct diagnoses *d, GString *out, const struct diagnosis *one)
{
    uint32_t frames[SAID_FRAMES];
    guint more = one->evidence->len - 1, n = 0;

    if (!more) {
        return;
    }
    for (guint i = 1; i < one->evidence->len && n < SAID_FRAMES; i++) {
        frames[n++] =
            findings_get(d->all, g_array_index(one->evidence, uint32_t, i))->frame;
    }
    g_string_append(out, " The same happens again (");
    if (more > SAID_FRAMES) {
        g_string_append_printf(out, "%u times, from frame %u", more, frames[0]);
    } else {
        put_frames(out, frames, n);
    }
    g_string_append_c(out, ')');
    g_string_append_c(out, '.');
}

/* It was so before the cause: explained by it, but no consequence.  Silence stands at the request
 * that has no answer. */
static bool
precedes(const struct diagnosis *one, const struct finding *f)
{
    return f->frame < one->first_frame &&
           !(check_rule(f->check)->effects & (EFFECT_SILENCE | EFFECT_ABANDONED));
}

/* What follows, each check once, at warning or above first. */
static void
put_follows(const struct diagnoses *d, GString *out, const struct diagnosis *one)
{
    GArray *kinds = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    for (int s = SEV_ERROR; s >= SEV_NOTE; s--) {
        for (guint i = 0; i < one->follows->len; i++) {
            uint32_t id = g_array_index(one->follows, uint32_t, i);
            const struct finding *f = findings_get(d->all, id);
            bool known = (int)f->severity != s || f->check == one->cause || precedes(one, f);
            for (guint k = 0; !known && k < kinds->len; k++) {
                known = findings_get(d->all, g_array_index(kinds, uint32_t, k))->check == f->check;
            }
            if (!known) {
                g_array_append_val(kinds, id);
            }
        }
    }
    for (guint i = 0; i < kinds->len && i < SAID_FOLLOWS; i++) {
        const struct finding *f = findings_get(d->all, g_array_index(kinds, uint32_t, i));
        g_string_append(out, i == 0 ? kinds->len == 1 ? " Consequence: " : " Consequences: " :
                                      "; ");
        put_title_within(out, checks[f->check].title);
        g_string_append_printf(out, " (frame %u)", f->frame);
    }
    if (kinds->len > SAID_FOLLOWS) {
        g_string_append_printf(out, "; and %u more", kinds->len - SAID_FOLLOWS);
    }
    g_string_append(out, kinds->len ? "." : "");
    g_array_free(kinds, TRUE);
}

void
write_diagnosis(const struct diagnoses *d, struct diagnosis *one)
{
    const struct finding *cause = findings_get(d->all, g_array_index(one->evidence, uint32_t, 0));
    GString *text = g_string_new(cause->detail);
    guint kept = 0;

    g_array_sort(one->frames, ids_ascending);
    for (guint i = 0; i < one->frames->len; i++) {
        uint32_t frame = g_array_index(one->frames, uint32_t, i);
        if (!kept || g_array_index(one->frames, uint32_t, kept - 1) != frame) {
            g_array_index(one->frames, uint32_t, kept++) = frame;
        }
    }
    g_array_set_size(one->frames, kept);
    one->first_time = sadb_time_of(d->db, one->first_frame);
    one->last_time = sadb_time_of(d->db, g_array_index(one->frames, uint32_t, kept - 1));
    g_array_sort(one->ike_sas, ids_ascending);
    g_array_sort(one->child_sas, ids_ascending);
    put_begin(text, d, one);
    put_logged(d, text, one);
    put_again(d, text, one);
    put_follows(d, text, one);
    one->text = g_string_free(text, FALSE);
}
