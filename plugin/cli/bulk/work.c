/* work.c - one worker: the result of one capture.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "bulk.h"
#include "result.h"

#include <errno.h>
#include <espial/text.h>
#include <glib/gstdio.h>
#include <string.h>

#ifndef _WIN32
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#endif

struct bulk_work {
    struct result result;
    char *capture;              /* as messages name it */
    FILE *report;               /* a line; NULL: none */
};

/* Memory that is written to, which is what runs out; Windows has job objects instead, which the
 * master would have to make.  A worker whose master was killed ends too: Linux tells it at once,
 * others have a clock. */
void
bulk_bound(const struct bulk_options *o)
{
#ifndef _WIN32
    enum { GRACE = 60 };        /* seconds, in which a living master ends it and says so */
    struct rlimit bound = { .rlim_cur = (rlim_t)o->memory << 20 };

    bound.rlim_max = bound.rlim_cur;
    (void)setrlimit(RLIMIT_DATA, &bound);
    bound.rlim_cur = bound.rlim_max = 0;        /* nobody reads thousands of core files */
    (void)setrlimit(RLIMIT_CORE, &bound);
    (void)alarm((unsigned)o->seconds + GRACE);
#ifdef __linux__
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
#else
    (void)o;
#endif
}

struct bulk_work *
bulk_work_begin(const char *capture, const char *fingerprint)
{
    struct bulk_work *w = g_new0(struct bulk_work, 1);
    char *whole = g_canonicalize_filename(capture, NULL), *shown = text_shown(whole);
    GStatBuf now;

    w->capture = text_shown(capture);
    result_init(&w->result);
    w->result.id = bulk_id(capture);
    w->result.path = result_text(shown);
    w->result.fingerprint = g_strdup(fingerprint);
    if (g_stat(capture, &now) == 0) {
        w->result.size = (uint64_t)now.st_size;
    }
    g_free(shown);
    g_free(whole);
    return w;
}

FILE *
bulk_work_report(struct bulk_work *w, const struct report *r, const char *fault)
{
    w->result.state = RESULT_READ;
    w->result.reason = fault ? result_text(fault) : NULL;
    result_take(&w->result, r);
    w->report = tmpfile();
    return w->report;
}

void
bulk_work_nothing(struct bulk_work *w, const char *why)
{
    w->result.state = RESULT_UNREAD;
    w->result.reason = result_text(why);
}

/* What is said of thousands of captures is the same but for their names: it is counted without. */
static char *
without_name(const char *line, const char *capture)
{
    const char *base = strrchr(capture, G_DIR_SEPARATOR), *dot;
    size_t len = strlen(capture);
    char *whole, *text;

    if (strncmp(line, capture, len) != 0) {     /* what lies beside it has another ending */
        dot = strchr(base ? base + 1 : capture, '.');
        len = dot ? (size_t)(dot - capture) : len;
        len = strncmp(line, capture, len) == 0 && line[len] == '.' ? len : 0;
    }
    whole = len ? g_strconcat("CAPTURE", line + len, NULL) : g_strdup(line);
    text = result_text(whole);
    g_free(whole);
    return text;
}

static void
take_lines(struct bulk_work *w, const char *said)
{
    struct result *r = &w->result;
    char **lines = g_strsplit(said, "\n", 0);

    for (char **line = lines; *line && r->said->len < RESULT_MAX_SAID; line++) {
        if (**line && !(r->reason && strstr(*line, r->reason))) {
            g_ptr_array_add(r->said, without_name(*line, w->capture));
        }
    }
    g_strfreev(lines);
}

char *
bulk_work_end(struct bulk_work *w, const char *result, unsigned status, const char *version,
              const char *wireshark, const char *said)
{
    char *why;

    w->result.status = status;
    w->result.espial = g_strdup(version);
    w->result.wireshark = g_strdup(wireshark);
    take_lines(w, said);
    if (w->result.state == RESULT_READ && (!w->report || ferror(w->report))) {
        why = g_strdup("no room for the report in the folder for temporary files");
    } else {
        why = result_save(&w->result, w->report, result);
    }
    if (w->report) {
        (void)fclose(w->report);
    }
    result_clear(&w->result);
    g_free(w->capture);
    g_free(w);
    return why;
}
