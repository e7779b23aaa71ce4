/* left_out.c - what of the capture is not in the report.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "left_out.h"

bool
report_cut(const struct report *r, char *out, size_t size)
{
    if (r->cut_frames) {
        g_snprintf(out, (gulong)size,
                   "%u of %u frames %s truncated (snap length): what is missing was not read, and "
                   "the integrity of such packets was not checked.",
                   r->cut_frames, sadb_num_frames(r->db), r->cut_frames == 1 ? "is" : "are");
    }
    return r->cut_frames > 0;
}

GPtrArray *
report_left_out(const struct report *r)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(g_free);

    for (const char *const *cap = sadb_caps(r->db); *cap; cap++) {
        g_ptr_array_add(all, g_strdup_printf("%s; later ones were not tracked", *cap));
    }
    if (r->keys_full) {
        g_ptr_array_add(all,
                        g_strdup_printf("%s; later ones were not used", r->keys_full));
    }
    if (r->tcp_full) {
        g_ptr_array_add(
            all, g_strdup("TCP connections of IKE and ESP; later ones were not tracked"));
    }
    if (r->fragments_full) {
        g_ptr_array_add(all, g_strdup("IP datagrams in fragments that were under way; what the "
                                      "oldest contained was not tracked"));
    }
    if (r->ports_full) {
        g_ptr_array_add(all, g_strdup("pairs of peers with IKE on non-standard UDP ports; later "
                                      "ones were not tracked"));
    }
    if (r->deep) {
        g_ptr_array_add(
            all, g_strdup("nested ESP and AH headers in one frame; what they contain was not "
                          "tracked"));
    }
    if (findings_capped(r->findings)) {
        g_ptr_array_add(all,
                        g_strdup("findings or their frames; later ones are not listed"));
    }
    if (diagnoses_capped(r->diagnoses)) {
        g_ptr_array_add(all, g_strdup("causes of one tunnel; further ones are not distinguished"));
    }
    return all;
}
