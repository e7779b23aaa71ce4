/* findings.h - the store of findings, for those who keep it.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_FINDINGS_H
#define ESPIAL_FINDINGS_H

#include "expert.h"

struct findings {
    GPtrArray *all;             /* of struct finding */
    GHashTable *by_scope;       /* set of struct finding, told apart by check and scope */
    GHashTable *by_frame;       /* frame -> GArray of uint32_t */
    GHashTable *marks;          /* message -> GArray of struct mark: what its checks have added */
    GHashTable *refuted;        /* set of messages */
    size_t num_details;         /* frames with a detail of their own, of all findings */
    size_t judgements;          /* of the sadb, applied so far */
    uint32_t message;           /* whose checks are running: its first frame; 0: not kept */
    uint32_t last_frame;        /* the highest of them */
    uint64_t doubt;             /* of what is found now, as in struct finding */
    bool capped, ended, any_doubt, some_suspended;
};

/* One finding_add by the checks of a message that others may refute. */
struct mark {
    uint32_t finding, frame;
    bool made;                  /* the finding, else it lists one more frame */
    bool counts, suspended;
};

void findings_free_one(gpointer p);      /* a struct finding; NULL is allowed */
/* The place of frame in the ascending list, whether it is there or not. */
guint findings_place(const struct frame_list *frames, uint32_t frame);
void findings_insert(struct frame_list *list, guint at, uint32_t frame);     /* at its place */
/* The frame is one of f's: for findings_of_frame; and one more of them. */
void findings_list(struct findings *out, const struct finding *f, uint32_t frame);
void findings_mark(struct findings *out, struct finding *f, uint32_t frame);
/* The finding in that scope, NULL where there is none. */
struct finding *findings_find(const struct findings *out, unsigned check,
                              const struct scope *where);

/* --- each.c: what single frames show ------------------------------------------------ */

void each_free(struct finding *f);
/* The frame of where shows text, which is taken: keeps it where it is not that of f's first. */
void each_add(struct findings *out, struct finding *f, const struct scope *where, char *text);
/* What the frame shows in from, it now shows in to. */
void each_take(struct findings *out, struct finding *to, const struct finding *from,
               uint32_t frame);
/* f is to go. */
void each_forget(struct findings *out, const struct finding *f);
/* What f says of all its frames: whether it says so yet; text is taken. */
bool each_says(const struct finding *f);
void each_say(struct findings *out, struct finding *f, char *text);
/* One more sentence behind what is said of all of them. */
void each_append(struct finding *f, const char *more);

#endif
