/* plan.c - the planning sheet.  SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/limits.h>
#include <espial/plan.h>
#include <espial/text.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

struct plan {
    GPtrArray *peers;           /* of struct plan_peer */
};

static void
free_peer(gpointer p)
{
    struct plan_peer *peer = (struct plan_peer *)p;

    g_free(peer->peer);
    g_free(peer->ike);
    g_free(peer->esp);
    g_free(peer->networks);
    g_free(peer);
}

struct plan *
plan_new(void)
{
    struct plan *plan = g_new0(struct plan, 1);

    plan->peers = g_ptr_array_new_with_free_func(free_peer);
    return plan;
}

void
plan_free(struct plan *plan)
{
    if (plan) {
        g_ptr_array_free(plan->peers, TRUE);
        g_free(plan);
    }
}

static char *
without_prefix(const char *suite)
{
    const char *colon = suite ? strchr(suite, ':') : NULL;
    char *copy = suite ? g_strstrip(g_strdup(colon ? colon + 1 : suite)) : NULL;

    if (copy && !*copy) {
        g_free(copy);
        copy = NULL;
    }
    return copy;
}

/* The caller frees it. */
static char *
refused(const char *word, const char *why)
{
    char *shown = text_shown(word), *all = g_strdup_printf("\"%s\" %s", shown, why);

    g_free(shown);
    return all;
}

static bool
suite_known(const char *suite, char **error)
{
    char **words = g_strsplit(suite, "/", -1);
    struct transform t;
    bool ok = true;

    for (size_t i = 0; ok && words[i]; i++) {
        const char *w = g_strstrip(words[i]);
        ok = !*w || transform_parse(&t, w);
        if (!ok) {
            *error = refused(w, "is no transform that Espial knows (write as swanctl prints, e.g. "
                                "AES_CBC_256)");
        }
    }
    g_strfreev(words);
    return ok;
}

static bool
read_networks(struct plan_peer *p, const char *text, char **error)
{
    char **words = g_strsplit(text, ";", -1);
    bool ok = true;

    p->networks = g_new0(struct selector, g_strv_length(words) + 1);
    for (size_t i = 0; ok && words[i]; i++) {
        const char *w = g_strstrip(words[i]);
        if (!*w) {
            continue;
        }
        ok = selector_parse(&p->networks[p->num_networks], w);
        if (ok) {
            p->num_networks++;
        } else {
            *error = refused(w, "is no network (write 10.2.0.0/24 or 10.2.0.1-10.2.0.9)");
        }
    }
    g_strfreev(words);
    return ok;
}

static bool
given(const char *text)
{
    return text && *text;
}

bool
plan_add(struct plan *plan, const char *peer, const char *ike, const char *esp,
         const char *virtual_ip, const char *networks, char **error)
{
    struct plan_peer *p = g_new0(struct plan_peer, 1);
    bool ok = given(peer);

    *error = ok ? NULL : g_strdup("a row needs the peer's identity or address");
    p->peer = g_strdup(peer);
    p->ike = without_prefix(ike);
    p->esp = without_prefix(esp);
    ok = ok && (!p->ike || suite_known(p->ike, error)) && (!p->esp || suite_known(p->esp, error));
    if (ok && given(virtual_ip)) {
        p->has_virtual_ip = ok = ip_parse(&p->virtual_ip, virtual_ip);
        if (!ok) {
            *error = refused(virtual_ip, "is no IP address");
        }
    }
    ok = ok && (!given(networks) || read_networks(p, networks, error));
    if (ok) {
        g_ptr_array_add(plan->peers, p);
    } else {
        free_peer(p);
    }
    return ok;
}

static void
say(GString *all, const char *path, const char *group, const char *what)
{
    char *name = text_shown(path), *where = text_shown(group), *why = text_shown(what);

    g_string_append_printf(all, "%s%s, [%s]: %s; this group is left out.", all->len ? "\n" : "",
                           name, where, why);
    g_free(name);
    g_free(where);
    g_free(why);
}

static char *
value(GKeyFile *file, const char *group, const char *key)
{
    return g_key_file_get_string(file, group, key, NULL);
}

static bool
add_group(struct plan *plan, GKeyFile *file, const char *group, char **error)
{
    static const char *const known[] = { "ike", "esp", "virtual_ip", "networks", NULL };
    char **keys = g_key_file_get_keys(file, group, NULL, NULL);
    bool ok = g_str_has_prefix(group, "peer ");

    *error = ok ? NULL : g_strdup("a group must be named [peer IDENTITY-OR-ADDRESS]");
    for (size_t i = 0; ok && keys && keys[i]; i++) {
        ok = g_strv_contains(known, keys[i]);
        if (!ok) {
            *error = g_strdup_printf(
                "\"%s\" is no key of the plan (ike, esp, virtual_ip, networks)", keys[i]);
        }
    }
    if (ok) {
        char *ike = value(file, group, "ike"), *esp = value(file, group, "esp");
        char *ip = value(file, group, "virtual_ip"), *networks = value(file, group, "networks");
        char *peer = g_strstrip(g_strdup(group + strlen("peer ")));
        ok = plan_add(plan, peer, ike, esp, ip ? g_strstrip(ip) : NULL, networks, error);
        g_free(ike);
        g_free(esp);
        g_free(ip);
        g_free(networks);
        g_free(peer);
    }
    g_strfreev(keys);
    return ok;
}

/* GLib's own message quotes the line, which may be a secret where the file is no plan. */
static char *
not_a_plan(const char *text, size_t len)
{
    size_t line = 1;
    bool inside = false;

    for (const char *at = text, *end = text + len, *next; at < end; at = next, line++) {
        const char *stop = (const char *)memchr(at, '\n', (size_t)(end - at));
        next = stop ? stop + 1 : end;
        while (at < next && g_ascii_isspace(*at)) {
            at++;
        }
        if (at == next || *at == '#') {
            continue;
        }
        if (*at != '[' && !(inside && memchr(at, '=', (size_t)(next - at)))) {
            break;
        }
        inside = true;
    }
    return g_strdup_printf(
        "line %" G_GSIZE_FORMAT
        " is not what a plan holds (groups [peer ...], KEY = VALUE below them, # comments)",
        line);
}

static void
without_plan(const char *name, const char *why, char **messages)
{
    char *shown = text_shown(name), *said = text_shown(why);

    *messages = g_strdup_printf("%s: %s; the capture is judged without a plan.", shown, said);
    g_free(shown);
    g_free(said);
}

size_t
plan_load(struct plan *plan, const char *path, char **messages)
{
    GStatBuf about = { .st_size = 0 };
    char *text = NULL;
    gsize len = 0;
    GError *failed = NULL;
    size_t n = 0;

    /* Read each time a capture is opened, while all else waits: a FIFO may never be written to. */
    if (g_stat(path, &about) == 0 && !S_ISREG(about.st_mode)) {
        without_plan(path, "is no regular file", messages);
    } else if (about.st_size > PLAN_MAX_FILE) {
        without_plan(path, "is longer than any plan", messages);
    } else if (!g_file_get_contents(path, &text, &len, &failed)) {
        without_plan(path, failed->message, messages);
        g_error_free(failed);
    } else {
        n = plan_read(plan, path, text, len, messages);
    }
    g_free(text);
    return n;
}

size_t
/* cppcheck-suppress unusedFunction ; tests have no files */
plan_read(struct plan *plan, const char *name, const char *text, size_t len, char **messages)
{
    GKeyFile *file = g_key_file_new();
    GString *all = g_string_new(NULL);
    size_t n = 0;

    if (!g_key_file_load_from_data(file, text, len, G_KEY_FILE_NONE, NULL)) {
        char *why = not_a_plan(text, len);
        without_plan(name, why, messages);
        g_free(why);
        g_string_free(all, TRUE);
    } else {
        char **groups = g_key_file_get_groups(file, NULL);
        for (size_t i = 0; groups[i]; i++) {
            char *error = NULL;
            if (add_group(plan, file, groups[i], &error)) {
                n++;
            } else {
                say(all, name, groups[i], error);
                g_free(error);
            }
        }
        g_strfreev(groups);
        *messages = g_string_free(all, all->len == 0);
    }
    g_key_file_free(file);
    return n;
}

size_t
plan_count(const struct plan *plan)
{
    return plan->peers->len;
}

const struct plan_peer *
plan_find(const struct plan *plan, const char *id, const struct ip_addr *addr)
{
    struct ip_addr a;

    for (guint i = 0; i < plan->peers->len; i++) {
        const struct plan_peer *p = (const struct plan_peer *)g_ptr_array_index(plan->peers, i);
        if (id && strcmp(p->peer, id) == 0) {
            return p;
        }
    }
    for (guint i = 0; i < plan->peers->len; i++) {
        const struct plan_peer *p = (const struct plan_peer *)g_ptr_array_index(plan->peers, i);
        if (addr && ip_parse(&a, p->peer) && ip_equal(&a, addr)) {
            return p;
        }
    }
    return NULL;
}
