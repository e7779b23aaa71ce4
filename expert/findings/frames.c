/* frames.c - the frames of a finding, ascending.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "findings.h"

#include <string.h>

guint
findings_place(const struct frame_list *frames, uint32_t frame)
{
    guint low = 0, high = frames->len;

    if (high && g_array_index(frames, uint32_t, high - 1) < frame) {
        return high;            /* as nearly always */
    }
    while (low < high) {
        guint mid = (low + high) / 2;
        if (g_array_index(frames, uint32_t, mid) < frame) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

void
findings_insert(struct frame_list *list, guint at, uint32_t frame)
{
    uint32_t *frames;

    if (list->len == list->room) {
        list->room = list->room ? list->room * 2 : 1;
        list->data = (char *)g_realloc_n(list->data, list->room, sizeof frame);
    }
    frames = (uint32_t *)(void *)list->data;
    memmove(frames + at + 1, frames + at, (list->len - at) * sizeof frame);
    frames[at] = frame;
    list->len++;
}
