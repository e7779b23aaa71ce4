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

/* What strongSwan's configuration says is what swanctl prints of it. */
static void
spellings(void)
{
    static const struct {
        const char *key, *text, *reads;
    } table[] = {
        { "ike", "aes256-sha256-modp2048",
          "AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048" },
        { "ike", "AES128GCM16-prfsha256-ecp256", "AES_GCM_16_128/PRF_HMAC_SHA2_256/ECP_256" },
        { "ike", "aes256gcm16-sha384-ecp384", "AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_384" },
        { "ike", "3des-md5-modp1024 , aes-sha1-modp1536!",
          "3DES_CBC/HMAC_MD5_96/PRF_HMAC_MD5/MODP_1024,"
          "AES_CBC_128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1536" },
        { "esp", "aes128gcm16-x25519", "AES_GCM_16_128/CURVE_25519" },
        { "esp", "aes192-sha512-esn", "AES_CBC_192/HMAC_SHA2_512_256/EXT_SEQ" },
        { "esp", "chacha20poly1305", "CHACHA20_POLY1305" },
        { "esp", "aes256ctr-aesxcbc-ecp256bp", "AES_CTR_256/AES_XCBC_96/ECP_256_BP" },
        { "esp", "aes256ccm64-mlkem768", "AES_CCM_8_256/ML_KEM_768" },
        { "esp", "ESP:AES_CBC_128/HMAC_SHA1_96,AES_CBC_256",
          "AES_CBC_128/HMAC_SHA1_96,AES_CBC_256" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        struct plan *plan = plan_new();
        char *text = g_strdup_printf("[peer x]\n%s = %s\n", table[i].key, table[i].text);
        const struct plan_peer *p;
        char *messages;
        T(load(plan, text, &messages) == 1);
        T_STR(messages ? messages : "", "");
        p = plan_find(plan, "x", NULL);
        T_STR(p && (*table[i].key == 'i' ? p->ike : p->esp) ?
                  (*table[i].key == 'i' ? p->ike : p->esp) : "", table[i].reads);
        g_free(messages);
        g_free(text);
        plan_free(plan);
    }
}

static void
more_keys(void)
{
    struct plan *plan = plan_new();
    const struct plan_peer *p;
    char *messages;

    T(load(plan, "[peer x]\nauth = PSK\nmode = transport\npfs = modp2048\nike_lifetime = 8h\n"
                 "lifetime=3600\nid = x.example\nother = gw.example\n"
                 "[peer y]\npfs = no\n[peer z]\npfs = yes\nauth = eap\n", &messages) == 3);
    T(messages == NULL);
    p = plan_find(plan, "x", NULL);
    T(p && p->auth == PLAN_AUTH_PSK && p->mode == PLAN_MODE_TRANSPORT &&
      p->pfs == PLAN_PFS_GROUP && p->pfs_group == 14);
    T(p && p->ike_lifetime == 28800 && p->lifetime == 3600);
    T_STR(p && p->id ? p->id : "", "x.example");
    T_STR(p && p->other ? p->other : "", "gw.example");
    p = plan_find(plan, "y", NULL);
    T(p && p->pfs == PLAN_PFS_NO && p->auth == PLAN_AUTH_ANY);
    p = plan_find(plan, "z", NULL);
    T(p && p->pfs == PLAN_PFS_YES && p->auth == PLAN_AUTH_EAP);
    plan_free(plan);
}

/* Every fault is told at once, with its line, and what could be read is kept. */
static void
all_faults(void)
{
    struct plan *plan = plan_new();
    const struct plan_peer *p;
    char *messages;

    T(load(plan, "# a sheet\n[peer x]\nike = aes256-sha257\nesp = aes128\ncolour = red\n"
                 "virtual_ip = 10.86.152.300\n\n[peer y]\nnetworks = 10.2.0.0/33\n"
                 "[someone]\nesp = AES_CBC_128\n[peer z]\nlifetime = 1w\nmode = both\n"
                 "auth = none\npfs = modp2\n", &messages) == 1);
    T_STR(messages ? strstr(messages, "line 3") : "",
          messages ? strchr(messages, ' ') + 1 : "");       /* the first one */
    T(messages && strstr(messages, "line 3, [peer x]: \"sha257\" is not a transform"));
    T(messages && strstr(messages, "line 5, [peer x]: \"colour\" is not a key of the plan (ike,"));
    T(messages && strstr(messages, "line 6, [peer x]: \"10.86.152.300\" is not an IP address; this "
                         "key is left out."));
    T(messages && strstr(messages, "line 9, [peer y]: \"10.2.0.0/33\" is not a network"));
    T(messages && strstr(messages, "line 10, [someone]: a group must be named [peer"));
    T(messages && strstr(messages, "line 13, [peer z]: \"1w\" is not a time"));
    T(messages && strstr(messages, "line 14, [peer z]: \"both\" is not a mode"));
    T(messages && strstr(messages, "line 15, [peer z]: \"none\" is not an"));
    T(messages && strstr(messages, "line 16, [peer z]: \"modp2\" is not a group"));
    p = plan_find(plan, "x", NULL);
    T(p && !p->ike && p->esp && strcmp(p->esp, "AES_CBC_128") == 0);
    T(!plan_find(plan, "y", NULL) && !plan_find(plan, "z", NULL) && plan_count(plan) == 1);
    g_free(messages);
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
      strstr(messages, "line 1 does not belong in a plan (groups"));
    g_free(messages);
    T(load(plan, "ike = x\n", &messages) == 0 && messages && strstr(messages, "line 1 does"));
    g_free(messages);
    /* Given by mistake: a secret is not repeated. */
    T(load(plan, "# keys\n\n[peer x]\nesp = AES_CBC_128\n\"IPv4\",\"0x5ec7e75ec7e7\"\n",
           &messages) == 0 && messages);
    T(messages && strstr(messages, "line 5 ") && !strstr(messages, "5ec7e7") &&
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
      strstr(messages, "is not a regular file; the capture is judged without"));
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
    one_bad("[peer x]\nike = ROT13", "\"ROT13\" is not a transform");
    one_bad("[peer x]\nvirtual_ip = 10.1.2", "\"10.1.2\" is not an IP address");
    one_bad("[peer x]\nnetworks = 10.0.0.0/33", "\"10.0.0.0/33\" is not a network");
    one_bad("[peer x]\ncolour = red", "\"colour\" is not a key of the plan");
    one_bad("[someone]\nesp = AES_CBC_128", "must be named [peer");
    spellings();
    more_keys();
    all_faults();
    unreadable();
    too_long();
    fifo();
    return t_done();
}
