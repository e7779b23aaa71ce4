/* files.c - the files that the open capture was joined of, as who joined them says.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"

/* The file that ESPIAL_FILES names holds the list: it may be longer than an environment takes. */
static struct series *
read_list(void)
{
    const char *path = g_getenv("ESPIAL_FILES");
    struct series *s = NULL;
    char *text;

    if (path && *path && g_file_get_contents(path, &text, NULL, NULL)) {
        s = series_read(text);
        g_free(text);
        if (!s) {
            report_failure("Espial: ESPIAL_FILES holds no list of files");
        }
    }
    return s;
}

const struct series *
series_told(const struct sadb *db, const struct series *known)
{
    static struct series *list, *whole;         /* as long as the program runs */
    static bool asked;
    uint32_t last = 0;

    if (!asked) {
        asked = true;
        list = read_list();
    }
    if (list && known) {
        series_free(whole);
        whole = series_with_parts(known, list);
        if (whole) {
            series_measure(whole, db);
        }
        return whole ? whole : known;
    }
    if (known) {
        return known;
    }
    for (size_t i = 0; i < series_count(list); i++) {
        last = MAX(last, series_get(list, i)->last_frame);
    }
    if (!list || last != sadb_num_frames(db)) {
        return NULL;            /* it is of another capture */
    }
    series_measure(list, db);
    return list;
}
