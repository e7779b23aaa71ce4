/* label.c - what stands above and below an arrow.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "ladder.h"

#include "kit.h"

#include <espial/text.h>
#include <string.h>

const char *
ladder_content(const struct row *r)
{
    return r->m && r->m->text ? strstr(r->m->text, ": ") : NULL;
}

void
ladder_label(GString *out, const struct row *r, const struct ike_sa *sa)
{
    const char *content = ladder_content(r);
    char name[64];

    if (r->kind == ROW_TRAFFIC) {
        html_put(out, "%s %08x: ", r->s->protocol == PROTO_AH ? "AH" : "ESP", r->s->spi);
        put_plural(out, r->count, "packet", "packets");
    } else if (r->kind == ROW_QUIET) {
        html_put(out, "%u %s messages", r->count,
                 exchange_name(sa->major, r->x->type, name, sizeof name));
    } else if (content) {
        char *head = g_strndup(r->m->text, (gsize)(content - r->m->text));
        html_text(out, head);
        g_free(head);
    } else if (r->m->text) {
        html_text(out, r->m->text);
    } else {
        html_text(out, exchange_name(sa->major, r->x->type, name, sizeof name));
    }
}

void
ladder_below(GString *out, const struct row *r, const struct ike_sa *sa)
{
    const struct ip_addr *usual = r->to_right ? &sa->initiator.addr : &sa->responder.addr;
    char text[ADDR_TEXT_MAX];

    if (r->kind == ROW_MESSAGE) {
        html_put(out, "%s, %u octets",
                 !r->m->encrypted ? "in clear" :
                 r->m->readable   ? "decrypted" :
                                    "encrypted, not read",
                 r->m->length);
    } else if (r->kind == ROW_AGAIN) {
        html_put(out, r->count == 1 ? "retransmitted" : "retransmitted %u times", r->count);
    } else if (r->kind == ROW_QUIET) {
        g_string_append(out, "liveness checks");
    } else {
        html_put(out, "%s%s%" G_GUINT64_FORMAT " octets",
                 r->s->src_port ? stream_carrier(r->s) + 1 : "", r->s->src_port ? ", " : "",
                 r->s->bytes);
        if (!ip_equal(&r->s->src, usual)) {
            html_put(out, ", from %s", ip_print(&r->s->src, text, sizeof text));
        }
    }
}
