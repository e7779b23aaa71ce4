/* left_out.c - what of the capture is not in the report.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "left_out.h"

bool
report_cut(const struct report *r, char *out, size_t size)
{
    if (r->cut_frames) {
        g_snprintf(out, (gulong)size,
                   "%u of %u frames are cut (snap length): what lies beyond was not read, and no "
                   "integrity check of such a packet was made.",
                   r->cut_frames, sadb_num_frames(r->db));
    }
    return r->cut_frames > 0;
}

GPtrArray *
report_left_out(const struct report *r)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(g_free);

    for (const char *const *cap = sadb_caps(r->db); *cap; cap++) {
        g_ptr_array_add(all, g_strdup_printf("%s; what came after it was not followed", *cap));
    }
    if (r->keys_full) {
        g_ptr_array_add(all,
                        g_strdup_printf("%s; what came after it was not opened", r->keys_full));
    }
    if (r->tcp_full) {
        g_ptr_array_add(
            all, g_strdup("TCP connections of IKE and ESP; what came after it was not followed"));
    }
    if (r->ports_full) {
        g_ptr_array_add(all, g_strdup("pairs of ends with IKE on UDP ports of their own; what came "
                                      "after it was not followed"));
    }
    if (r->deep) {
        g_ptr_array_add(
            all, g_strdup("headers of ESP and AH in one frame; what came inside was not followed"));
    }
    if (findings_capped(r->findings)) {
        g_ptr_array_add(all,
                        g_strdup("findings or their frames; what came after it is not listed"));
    }
    if (diagnoses_capped(r->diagnoses)) {
        g_ptr_array_add(all, g_strdup("causes of one tunnel; those beyond it are not told apart"));
    }
    return all;
}
