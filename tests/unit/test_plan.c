/* The planning sheet: what is read, what is refused, and in which words.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/limits.h>
#include <espial/plan.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t
load(struct plan *plan, const char *text, char **messages)
{
    char *path = NULL;
    int fd = g_file_open_tmp("planXXXXXX", &path, NULL);
    size_t n;

    T(fd >= 0 && g_file_set_contents(path, text, -1, NULL));
    n = plan_load(plan, path, messages);
    {   /* read from memory it is the same plan */
        struct plan *other = plan_new();
        char *same;
        T(plan_read(other, path, text, strlen(text), &same) == n &&
          g_strcmp0(same, *messages) == 0);
        g_free(same);
        plan_free(other);
    }
    close(fd);
    g_unlink(path);
    g_free(path);
    return n;
}

static void
good(void)
{
    struct plan *plan = plan_new();
    const struct plan_peer *p;
    struct ip_addr a;
    char *messages;

    T(load(plan, "[peer lisa@corp.example]\nike = DES_CBC/HMAC_MD5_96\nvirtual_ip = 10.86.152.186\n"
                 "networks = 10.2.0.0/24; 10.3.0.1-10.3.0.9\n[peer 192.0.2.11]\n"
                 "esp = ESP:AES_GCM_16_128\n", &messages) == 2);
    T(messages == NULL && plan_count(plan) == 2);
    p = plan_find(plan, "lisa@corp.example", NULL);
    T(p && p->has_virtual_ip && p->num_networks == 2 && !p->esp);
    T(p && p->ike && strcmp(p->ike, "DES_CBC/HMAC_MD5_96") == 0);
    T(ip_parse(&a, "192.0.2.11"));
    p = plan_find(plan, "somebody", &a);
    T(p && p->esp && strcmp(p->esp, "AES_GCM_16_128") == 0);
    T(plan_find(plan, "bob", NULL) == NULL);
    plan_free(plan);
}

/* Nothing behind a key is as if the key were not there. */
static void
empty(void)
{
    struct plan *plan = plan_new();
    const struct plan_peer *p;
    char *messages;

    T(load(plan, "[peer lisa]\nike = \nesp = ESP: \nvirtual_ip =\nnetworks = ;; 10.0.0.0/8 ;\n",
           &messages) == 1 && messages == NULL);
    p = plan_find(plan, "lisa", NULL);
    T(p && !p->ike && !p->esp && !p->has_virtual_ip && p->num_networks == 1);
    plan_free(plan);
}

/* A bad group is told and left out, the others stay. */
static void
one_bad(const char *group, const char *says)
{
    struct plan *plan = plan_new();
    char *text = g_strconcat(group, "\n[peer good]\nesp = AES_CBC_128\n", NULL), *messages;

    T(load(plan, text, &messages) == 1 && plan_find(plan, "good", NULL));
    T(messages && strstr(messages, says) && strstr(messages, "left out"));
    g_free(messages);
    g_free(text);
    plan_free(plan);
}

static void
unreadable(void)
{
    struct plan *plan = plan_new();
    char *messages;

    T(plan_load(plan, "/nonexistent/plan", &messages) == 0);
    T(messages && strstr(messages, "/nonexistent/plan") && strstr(messages, "without a plan"));
    g_free(messages);
    T(load(plan, "not a key file", &messages) == 0 && messages &&
      strstr(messages, "line 1 is not what a plan holds"));
    g_free(messages);
    T(load(plan, "ike = x\n", &messages) == 0 && messages && strstr(messages, "line 1 is"));
    g_free(messages);
    /* Given by mistake: a secret is not repeated. */
    T(load(plan, "# keys\n\n[peer x]\nesp = AES_CBC_128\n\"IPv4\",\"0x5ec7e75ec7e7\"\n",
           &messages) == 0 && messages);
    T(messages && strstr(messages, "line 5 is") && !strstr(messages, "5ec7e7") &&
      plan_count(plan) == 0);
    g_free(messages);
    plan_free(plan);
}

static void
too_long(void)
{
    struct plan *plan = plan_new();
    GString *text = g_string_new("[peer x]\nesp = AES_CBC_128\n");
    char *path = NULL, *messages;
    int fd = g_file_open_tmp("planXXXXXX", &path, NULL);

    while (text->len <= PLAN_MAX_FILE) {
        g_string_append(text, "# comment\n");
    }
    T(fd >= 0 && g_file_set_contents(path, text->str, (gssize)text->len, NULL));
    T(plan_load(plan, path, &messages) == 0 && messages &&
      strstr(messages, "longer than any plan") && plan_count(plan) == 0);
    g_free(messages);
    close(fd);
    g_unlink(path);
    g_free(path);
    g_string_free(text, TRUE);
    plan_free(plan);
}

/* Nobody writes to it: opened, it would be waited for without end. */
static void
fifo(void)
{
    char *folder = g_dir_make_tmp("planXXXXXX", NULL), *path = g_build_filename(folder, "fifo",
        NULL), *messages;
    struct plan *plan = plan_new();

    T(mkfifo(path, 0600) == 0);
    alarm(10);
    T(plan_load(plan, path, &messages) == 0 && messages &&
      strstr(messages, "is no regular file; the capture is judged without"));
    alarm(0);
    g_free(messages);
    plan_free(plan);
    g_unlink(path);
    g_rmdir(folder);
    g_free(path);
    g_free(folder);
}

int
main(void)
{
    good();
    empty();
    one_bad("[peer x]\nike = ROT13", "\"ROT13\" is no transform");
    one_bad("[peer x]\nvirtual_ip = 10.1.2", "\"10.1.2\" is no IP address");
    one_bad("[peer x]\nnetworks = 10.0.0.0/33", "\"10.0.0.0/33\" is no network");
    one_bad("[peer x]\ncolour = red", "\"colour\" is no key of the plan");
    one_bad("[someone]\nesp = AES_CBC_128", "must be named [peer");
    unreadable();
    too_long();
    fifo();
    return t_done();
}
