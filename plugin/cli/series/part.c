/* part.c - the records of a part.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "part.h"

#include <espial/limits.h>

void
code_part_capture(struct codec *c, struct part_capture *r)
{
    const struct code_field fields[] = { CODE_NUMBER(r->size), CODE_BOOL(r->cut_esp) };

    code_span(c, &r->path, PART_MAX_TEXT);
    code_fields(c, fields, G_N_ELEMENTS(fields));
}

void
code_part_interface(struct codec *c, struct part_interface *r)
{
    code_number(c, &r->link);
    code_span(c, &r->name, PART_MAX_TEXT);
}

void
code_part_frame(struct codec *c, struct part_frame *r, const struct part_frame *before)
{
    const struct code_field fields[] = { CODE_BOOL(r->timeless), CODE_BOOL(r->cut),
                                         CODE_BOOL(r->esp), CODE_NUMBER(r->interface) };
    uint64_t more;

    code_fields(c, fields, G_N_ELEMENTS(fields));
    code_near(c, &r->secs, before->secs);
    code_near(c, &r->nsecs, before->nsecs);
    code_near(c, &r->link, before->link);
    code_near(c, &r->captured, before->captured);
    more = r->reported - r->captured;
    code_number(c, &more);
    r->reported = r->captured + more;
    if (r->cut) {
        code_octets(c, &r->sum, sizeof r->sum);
        code_span(c, &r->octets, PART_MAX_FRAME);
    } else if (c->out) {
        code_octets(c, (void *)r->octets.at, r->octets.len);
    } else {
        c->bad |= r->captured > (size_t)(c->end - c->at);
        r->octets = c->bad ? (struct span){ NULL, 0 } : (struct span){ c->at, r->captured };
        c->at += r->octets.len;
    }
    c->bad |= r->octets.len > r->captured || r->captured > PART_MAX_FRAME ||
              r->reported > UINT32_MAX || r->reported < r->captured || r->link > FRAME_LINK_PPP;
}

void
code_part_end(struct codec *c, struct part_end *r)
{
    const struct code_field fields[] = { CODE_BOOL(r->damaged), CODE_NUMBER(r->strange) };

    code_fields(c, fields, G_N_ELEMENTS(fields));
    code_span(c, &r->damage, PART_MAX_TEXT);
    code_span(c, &r->strange_link, PART_MAX_TEXT);
}
