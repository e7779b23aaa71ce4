/* gen.c - the pages that are made of the table of checks: expert/CHECKS.md, and the section
 * "Checks" of docs/FIELDS.md, whose other sections are made of what the plugin registers.
 * usage: gen_checks --write ROOT    writes what is stale, each file whole or not at all
 *        gen_checks --compare ROOT  ends with 1 where a page is stale, and says where
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/check.h>

#include <stdio.h>
#include <string.h>

#define FIELDS_FROM "## Checks"         /* titles in FIELDS.md: the section, and what follows it */
#define FIELDS_TO "## Preferences"

static const char *
known_when(const struct check *c)
{
    if (c->trigger == ON_END) {
        return ", known at the end of the capture";
    }
    return c->trigger & ON_END ? ", some of it known at the end of the capture" : "";
}

static GString *
checks_page(void)
{
    GString *page = g_string_new(
        "# Checks\n\nGenerated from `expert/checks.def`; a test compares them. The name is the "
        "display filter (`espial.NAME`). Each check says what is seen (and how severe that is), "
        "why it matters, what to do, and when it stays silent or knows less.\n");

    for (unsigned i = 0; i < num_checks; i++) {
        const struct check *c = &checks[i];
        g_string_append_printf(page, "\n## %s\n\n**%s** (%s%s)\n\n", c->name, c->title,
                               severity_name(c->severity), known_when(c));
        g_string_append_printf(page, "- Why: %s\n- What to do: %s\n- When: %s\n- Reference: %s\n",
                               c->why, c->remedy, c->doc, c->reference);
    }
    return page;
}

static void
put_fields(GString *page)
{
    g_string_append(
        page, FIELDS_FROM
        "\n\nEach is a field without a value: the filter `espial.NAME` finds its packets. Why, "
        "remedy and silence of each are in\n[expert/CHECKS.md](../expert/CHECKS.md).\n\n| field | "
        "severity | finding |\n|---|---|---|\n");
    for (unsigned i = 0; i < num_checks; i++) {
        const struct check *c = &checks[i];
        g_string_append_printf(page, "| [`espial.%s`](../expert/CHECKS.md#%s) | %s%s | ", c->name,
                               c->name, severity_name(c->severity), known_when(c));
        for (const char *at = c->title; *at; at++) {
            g_string_append_printf(page, "%s%c", *at == '|' ? "\\" : "", *at);
        }
        g_string_append(page, " |\n");
    }
    g_string_append(page, "\n");
}

/* The page as it is, with its section on checks made anew; NULL where it has no such section. */
static GString *
fields_page(const char *old)
{
    const char *from = old ? strstr(old, "\n" FIELDS_FROM "\n") : NULL;
    const char *to = from ? strstr(from, "\n" FIELDS_TO "\n") : NULL;
    GString *page;

    if (!to) {
        return NULL;
    }
    page = g_string_new_len(old, from + 1 - old);
    put_fields(page);
    g_string_append(page, to + 1);
    return page;
}

static unsigned
first_line_that_differs(const char *a, const char *b)
{
    unsigned line = 1;

    for (; *a && *a == *b; a++, b++) {
        line += *a == '\n';
    }
    return line;
}

/* Owns page.  False where it is stale and cannot be written, or is not to be. */
static bool
settle(const char *path, const char *old, GString *page, bool write)
{
    GError *error = NULL;
    bool good = false;

    if (!page) {
        fprintf(stderr, "%s cannot be read, or lacks \"" FIELDS_FROM "\" or \"" FIELDS_TO "\"\n",
                path);
        return false;
    }
    if (old && strcmp(old, page->str) == 0) {
        good = true;
    } else if (!write) {
        fprintf(stderr, "%s:%u is stale: cmake --build build --target docs\n", path,
                first_line_that_differs(old ? old : "", page->str));
    } else if (g_file_set_contents(path, page->str, (gssize)page->len, &error)) {
        printf("wrote %s\n", path);
        good = true;
    } else {
        fprintf(stderr, "%s\n", error->message);
        g_error_free(error);
    }
    g_string_free(page, TRUE);
    return good;
}

int
main(int argc, char **argv)
{
    bool write = argc == 3 && strcmp(argv[1], "--write") == 0, good;
    char *paths[2], *old[2] = { NULL, NULL };

    if (!write && (argc != 3 || strcmp(argv[1], "--compare") != 0)) {
        fprintf(stderr, "usage: gen_checks --write|--compare ROOT\n");
        return 2;
    }
    paths[0] = g_build_filename(argv[2], "expert", "CHECKS.md", NULL);
    paths[1] = g_build_filename(argv[2], "docs", "FIELDS.md", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_file_get_contents(paths[i], &old[i], NULL, NULL);
    }
    good = settle(paths[0], old[0], checks_page(), write);
    good = settle(paths[1], old[1], fields_page(old[1]), write) && good;
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_free(paths[i]);
        g_free(old[i]);
    }
    return good ? 0 : 1;
}
