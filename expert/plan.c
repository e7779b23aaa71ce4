/* plan.c - the planning sheet.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan_suite.h"

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
    g_free(peer->id);
    g_free(peer->other);
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

/* The caller frees it. */
static char *
refused(const char *word, const char *why)
{
    char *shown = text_shown(word), *all = g_strdup_printf("\"%s\" %s", shown, why);

    g_free(shown);
    return all;
}

/* --- the values of one key each: NULL, or what is wrong with them ------------------------ */

static char *
read_suites(char **to, const char *text, bool ike)
{
    char *bad = NULL, *why = NULL;

    g_free(*to);
    *to = plan_suites(text, ike, &bad);
    if (bad) {
        why = refused(bad, "is not a transform that Espial knows (write it as swanctl prints it, "
                           "e.g. AES_CBC_256, or as in strongSwan's configuration, e.g. aes256)");
        g_free(bad);
    }
    return why;
}

static char *
read_ike(struct plan_peer *p, const char *text)
{
    return read_suites(&p->ike, text, true);
}

static char *
read_esp(struct plan_peer *p, const char *text)
{
    return read_suites(&p->esp, text, false);
}

static char *
read_virtual_ip(struct plan_peer *p, const char *text)
{
    p->has_virtual_ip = ip_parse(&p->virtual_ip, text);
    return p->has_virtual_ip ? NULL : refused(text, "is not an IP address");
}

static char *
read_networks(struct plan_peer *p, const char *text)
{
    char **words = g_strsplit(text, ";", -1), *why = NULL;

    g_free(p->networks);        /* the last of several lines counts */
    p->num_networks = 0;
    p->networks = g_new0(struct selector, g_strv_length(words) + 1);
    for (size_t i = 0; !why && words[i]; i++) {
        const char *w = g_strstrip(words[i]);
        if (*w && selector_parse(&p->networks[p->num_networks], w)) {
            p->num_networks++;
        } else if (*w) {
            why = refused(w, "is not a network (write 10.2.0.0/24 or 10.2.0.1-10.2.0.9)");
        }
    }
    if (why) {
        p->num_networks = 0;    /* half of a list would forbid the other half */
    }
    g_strfreev(words);
    return why;
}

static char *
read_id(struct plan_peer *p, const char *text)
{
    g_free(p->id);
    p->id = g_strdup(text);
    return NULL;
}

static char *
read_other(struct plan_peer *p, const char *text)
{
    g_free(p->other);
    p->other = g_strdup(text);
    return NULL;
}

static const char *const auth_names[] = { "any", "psk", "pubkey", "eap", "xauth" };
static const char *const mode_names[] = { "any", "tunnel", "transport" };

const char *
plan_auth_name(enum plan_auth a)
{
    return auth_names[a];
}

/* The place of text in names; num where it is none of them. */
static size_t
place_of(const char *text, const char *const *names, size_t num)
{
    size_t i = 0;

    while (i < num && g_ascii_strcasecmp(text, names[i]) != 0) {
        i++;
    }
    return i;
}

static char *
read_auth(struct plan_peer *p, const char *text)
{
    size_t at = place_of(text, auth_names, G_N_ELEMENTS(auth_names));

    if (at == G_N_ELEMENTS(auth_names)) {
        return refused(text, "is not an authentication method (psk, pubkey, eap or xauth)");
    }
    p->auth = (enum plan_auth)at;
    return NULL;
}

static char *
read_mode(struct plan_peer *p, const char *text)
{
    size_t at = place_of(text, mode_names, G_N_ELEMENTS(mode_names));

    if (at == G_N_ELEMENTS(mode_names)) {
        return refused(text, "is not a mode (tunnel or transport)");
    }
    p->mode = (enum plan_mode)at;
    return NULL;
}

static char *
read_pfs(struct plan_peer *p, const char *text)
{
    static const char *const words[] = { "no", "yes" };
    size_t at = place_of(text, words, G_N_ELEMENTS(words));
    char *bad = NULL, *name = NULL;
    struct transform t;

    if (at < G_N_ELEMENTS(words)) {
        p->pfs = at ? PLAN_PFS_YES : PLAN_PFS_NO;
        return NULL;
    }
    name = plan_suites(text, false, &bad);
    if (name && transform_parse(&t, name) && t.type == TRANSFORM_KE) {
        p->pfs = PLAN_PFS_GROUP;
        p->pfs_group = t.id;
    }
    g_free(bad);
    g_free(name);
    return p->pfs == PLAN_PFS_GROUP ? NULL :
                                      refused(text, "is not a group (yes, no or e.g. modp2048)");
}

/* "3600", "60m", "1h", "1d", as swanctl.conf has it. */
static char *
read_seconds(uint32_t *to, const char *text)
{
    static const struct { char unit; uint32_t seconds; } units[] = {
        { 0, 1 }, { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }
    };
    char *end = NULL;
    guint64 n = g_ascii_isdigit(*text) ? g_ascii_strtoull(text, &end, 10) : 0;

    for (size_t i = 0; n && n <= UINT32_MAX && i < G_N_ELEMENTS(units); i++) {
        if (*end == units[i].unit && (!*end || !end[1]) && n * units[i].seconds <= UINT32_MAX) {
            *to = (uint32_t)n * units[i].seconds;
            return NULL;
        }
    }
    return refused(text, "is not a time (seconds, or e.g. 60m or 8h)");
}

static char *
read_ike_lifetime(struct plan_peer *p, const char *text)
{
    return read_seconds(&p->ike_lifetime, text);
}

static char *
read_lifetime(struct plan_peer *p, const char *text)
{
    return read_seconds(&p->lifetime, text);
}

static const struct plan_key {
    const char *name;
    char *(*read)(struct plan_peer *p, const char *text);
} plan_keys[] = {
    { "ike", read_ike }, { "esp", read_esp }, { "virtual_ip", read_virtual_ip },
    { "networks", read_networks }, { "auth", read_auth }, { "mode", read_mode },
    { "pfs", read_pfs }, { "ike_lifetime", read_ike_lifetime }, { "lifetime", read_lifetime },
    { "id", read_id }, { "other", read_other },
};

/* NULL, or what is wrong (g_free it).  Nothing behind a key is as if it were not there. */
static char *
set(struct plan_peer *p, const char *key, const char *text)
{
    char *value = g_strstrip(g_strdup(text ? text : "")), *why = NULL;
    size_t i = 0;

    while (i < G_N_ELEMENTS(plan_keys) && strcmp(plan_keys[i].name, key) != 0) {
        i++;
    }
    if (i == G_N_ELEMENTS(plan_keys)) {
        GString *known = g_string_new("is not a key of the plan (");
        for (i = 0; i < G_N_ELEMENTS(plan_keys); i++) {
            g_string_append_printf(known, "%s%s", i ? ", " : "", plan_keys[i].name);
        }
        g_string_append_c(known, ')');
        why = refused(key, known->str);
        g_string_free(known, TRUE);
    } else if (*value) {
        why = plan_keys[i].read(p, value);
    }
    g_free(value);
    return why;
}

bool
plan_add(struct plan *plan, const char *peer, const char *ike, const char *esp,
         const char *virtual_ip, const char *networks, char **error)
{
    struct plan_peer *p = g_new0(struct plan_peer, 1);
    const char *const values[] = { ike, esp, virtual_ip, networks };

    *error = peer && *peer ? NULL : g_strdup("a row needs the peer's identity or address");
    p->peer = g_strdup(peer);
    for (size_t i = 0; !*error && i < G_N_ELEMENTS(values); i++) {
        *error = set(p, plan_keys[i].name, values[i]);
    }
    if (*error) {
        free_peer(p);
        return false;
    }
    g_ptr_array_add(plan->peers, p);
    return true;
}

/* --- files ----------------------------------------------------------------------- */

/* A plan as it is read. */
struct sheet {
    const char *name, *text;
    size_t len;
    GKeyFile *file;
    GString *messages;
};

/* The line at which the group begins, or at which it has the key; 0 where there is none. */
static size_t
line_of(const struct sheet *s, const char *group, const char *key)
{
    size_t line = 1;
    bool inside = false;

    for (const char *at = s->text, *end = at + s->len, *next; at < end; at = next, line++) {
        const char *stop = (const char *)memchr(at, '\n', (size_t)(end - at)), *equal;
        char *one;
        bool found;
        next = stop ? stop + 1 : end;
        one = g_strstrip(g_strndup(at, (gsize)(next - at)));
        if (*one == '[') {
            inside = strncmp(one + 1, group, strlen(group)) == 0 && one[1 + strlen(group)] == ']';
        }
        equal = key && inside && *one != '[' ? strchr(one, '=') : NULL;
        found = key ? equal && strncmp(one, key, strlen(key)) == 0 &&
                          strspn(one + strlen(key), " \t") == (size_t)(equal - one) - strlen(key) :
                      inside && *one == '[';
        g_free(one);
        if (found) {
            return line;
        }
    }
    return 0;
}

static void
say(struct sheet *s, const char *group, const char *key, const char *what)
{
    char *name = text_shown(s->name), *where = text_shown(group), *why = text_shown(what);

    g_string_append_printf(s->messages,
                           "%s%s line %" G_GSIZE_FORMAT ", [%s]: %s; this %s is left out.",
                           s->messages->len ? "\n" : "", name, line_of(s, group, key), where, why,
                           key ? "key" : "group");
    g_free(name);
    g_free(where);
    g_free(why);
}

static bool
add_group(struct plan *plan, struct sheet *s, const char *group)
{
    static const char peer[] = "peer ";
    char **keys;
    struct plan_peer *p;
    size_t bad = 0, n = 0;

    if (!g_str_has_prefix(group, peer) || !group[strlen(peer)]) {
        say(s, group, NULL, "a group must be named [peer IDENTITY-OR-ADDRESS]");
        return false;
    }
    p = g_new0(struct plan_peer, 1);
    p->peer = g_strstrip(g_strdup(group + strlen(peer)));
    keys = g_key_file_get_keys(s->file, group, NULL, NULL);
    for (; keys && keys[n]; n++) {
        /* A string would be none where its octets are no UTF-8. */
        char *value = g_key_file_get_value(s->file, group, keys[n], NULL);
        char *why = set(p, keys[n], value);
        if (why) {
            say(s, group, keys[n], why);
            bad++;
        }
        g_free(why);
        g_free(value);
    }
    g_strfreev(keys);
    if (n && bad == n) {
        free_peer(p);
        return false;
    }
    g_ptr_array_add(plan->peers, p);
    return true;
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
        "line %" G_GSIZE_FORMAT " does not belong in a plan (groups [peer ...], KEY = VALUE below "
        "them, # comments)",
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
    if (g_stat(path, &about) == 0 && !g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        without_plan(path, "is not a regular file", messages);
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
    struct sheet s = { name, text, len, g_key_file_new(), g_string_new(NULL) };
    size_t n = 0;

    if (!g_key_file_load_from_data(s.file, text, len, G_KEY_FILE_NONE, NULL)) {
        char *why = not_a_plan(text, len);
        without_plan(name, why, messages);
        g_free(why);
        g_string_free(s.messages, TRUE);
    } else {
        char **groups = g_key_file_get_groups(s.file, NULL);
        for (size_t i = 0; groups[i]; i++) {
            n += add_group(plan, &s, groups[i]);
        }
        g_strfreev(groups);
        *messages = g_string_free(s.messages, s.messages->len == 0);
    }
    g_key_file_free(s.file);
    return n;
}

size_t
plan_count(const struct plan *plan)
{
    return plan->peers->len;
}

const struct plan_peer *
plan_peer_at(const struct plan *plan, size_t i)
{
    return (const struct plan_peer *)g_ptr_array_index(plan->peers, i);
}

bool
plan_has_network(const struct plan_peer *peer, const struct ip_addr *a)
{
    for (size_t i = 0; i < peer->num_networks; i++) {
        if (selector_has_addr(&peer->networks[i], a)) {
            return true;
        }
    }
    return false;
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
