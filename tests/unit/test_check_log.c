/* Daemons' logs against the packets, and as the reason in a diagnosis.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

#include <espial/diagnosis.h>
#include <espial/log.h>

enum { START = 1795430660 };    /* 2026-11-23 10:44:20 UTC */

static const struct transform des[] = {
    { TRANSFORM_ENCR, ENCR_3DES_CBC, 0 },
    { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 },
    { TRANSFORM_PRF, PRF_HMAC_SHA1, 0 },
    { TRANSFORM_KE, KE_MODP_1024, 0 },
};

static struct logs *logs;
static struct diagnoses *diagnoses;

static void
start(struct conversation *c)
{
    logs_free(logs);
    logs = logs_new();
    reset(c);
    c->now = START;
}

/* Lines with "%.3f" seconds after START in front. */
static void
write_log(const char *name, const char *const *lines)
{
    GString *text = g_string_new(NULL);
    char *messages;

    for (; *lines; lines++) {
        double at = g_ascii_strtod(*lines, NULL);
        g_string_append_printf(text, "2026-11-23T10:44:%02d.%03d 07%s\n", 20 + (int)at,
                               (int)((at - (int)at) * 1000 + 0.5), strchr(*lines, '['));
    }
    logs_read(logs, name, text->str, text->len, &messages);
    g_free(messages);
    g_string_free(text, TRUE);
}

static void
end(struct conversation *c, double seconds)
{
    sadb_see_frame(c->db, c->frame + 1, c->now + seconds);
    sadb_see_end(c->db);
    logs_tie(logs, c->db);
    checks_end_logged(c->found, c->db, c->plan, logs);
    diagnoses_free(diagnoses);
    diagnoses = diagnoses_new_logged(c->db, c->found, logs);
}

static void
message(struct conversation *c, uint8_t exchange, uint32_t id, bool answer, uint32_t length)
{
    begin(c, 2, exchange, id, !answer, answer);
    c->m.length = length;
}

/* Frames 1 and 2: the first exchange, in which the gateway refuses, or is asked by one of two. */
static void
init(struct conversation *c, bool refused)
{
    message(c, V2_IKE_SA_INIT, 0, false, 300);
    propose(c, refused ? des : aes256, 4, PROTO_IKE, 0);
    send(c, "ask", 1);
    message(c, V2_IKE_SA_INIT, 0, true, refused ? 36 : 310);
    if (refused) {
        notify(c, N2_NO_PROPOSAL_CHOSEN);
        memset(c->m.spi_r, 0, 8);
    } else {
        propose(c, aes256, 4, PROTO_IKE, 0);
    }
    send(c, "answer", 2);
}

static const char *const sends_again[] = {
    "0.5 [ENC] <gw|1> generating IKE_SA_INIT request 0 [ SA KE No ]",
    "0.5 [NET] <gw|1> sending packet: from 192.0.2.10[500] to 198.51.100.20[500] (300 bytes)",
    "4.5 [IKE] <gw|1> retransmit 1 of request with message ID 0",
    "4.5 [NET] <gw|1> sending packet: from 192.0.2.10[500] to 198.51.100.20[500] (300 bytes)",
    NULL
};

static void
answered(struct conversation *c)
{
    start(c);
    init(c, false);
    c->now = START + 4;
    message(c, V2_IKE_SA_INIT, 0, false, 300);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "ask", 3);
    write_log("client.log", sends_again);
    end(c, 20);
    SAYS(c, log_contradicts,
         "The log of the initiator, 192.0.2.10, says (client.log line 3, 10:44:24): \"retransmit 1 "
         "of request with message ID 0\". But frame 2 had answered that request, IKE_SA_INIT 0 of "
         "frame 1, 3.5 s before: the answer passed the capture point, but did not reach the "
         "daemon.");
    T(basis_of(c, CHECK_log_contradicts) == BASIS_INFERRED);
    T(diagnoses_count(diagnoses) > 0 &&
      diagnoses_get(diagnoses, 0)->cause == CHECK_log_contradicts);
}

/* No answer was captured; or it was, and sending again crossed it. */
static void
unanswered(struct conversation *c)
{
    for (unsigned late = 0; late < 2; late++) {
        start(c);
        message(c, V2_IKE_SA_INIT, 0, false, 300);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, "ask", 1);
        c->now = START + 4;
        message(c, V2_IKE_SA_INIT, 0, false, 300);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, "ask", 3);
        if (late) {
            message(c, V2_IKE_SA_INIT, 0, true, 310);
            propose(c, aes256, 4, PROTO_IKE, 0);
            send(c, "answer", 2);
        }
        write_log("client.log", sends_again);
        end(c, 20);
        SILENT(c, log_contradicts);
    }
}

static const char *const refuses[] = {
    "0.5 [NET] <1> received packet: from 192.0.2.10[500] to 198.51.100.20[500] (300 bytes)",
    "0.5 [ENC] <1> parsed IKE_SA_INIT request 0 [ SA KE No ]",
    "0.5 [CFG] <1>   no acceptable ENCRYPTION_ALGORITHM found",
    "0.5 [CFG] <1> received proposals: IKE:3DES_CBC/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1024",
    "0.5 [CFG] <1> configured proposals: IKE:AES_CBC_256/HMAC_SHA2_256_128/MODP_2048",
    "0.5 [IKE] <1> received proposals unacceptable",
    "1.0 [ENC] <1> generating IKE_SA_INIT response 0 [ N(NO_PROP) ]",
    "1.0 [NET] <1> sending packet: from 198.51.100.20[500] to 192.0.2.10[500] (36 bytes)",
    NULL
};

/* The log of the end that refuses says why, and for what it is configured. */
static void
reason(struct conversation *c)
{
    const struct diagnosis *one;
    struct diagnoses *plain;

    start(c);
    init(c, true);
    write_log("gw.log", refuses);
    end(c, 20);
    SILENT(c, log_contradicts);
    one = diagnoses_get(diagnoses, 0);
    T(one && one->cause == CHECK_no_proposal_chosen && one->log_lines->len == 3);
    T(one && strstr(one->text,
                    " The log of the responder, 198.51.100.20, says why (gw.log line 3, 10:44:20): "
                    "\"no acceptable ENCRYPTION_ALGORITHM found\", that is, the encryption "
                    "algorithms have none in common. According to that log it received "
                    "IKE:3DES_CBC/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1024 and is configured for "
                    "IKE:AES_CBC_256/HMAC_SHA2_256_128/MODP_2048."));
    T(one && strstr(one->remedy, "the responder, 198.51.100.20, accepts "
                                 "IKE:AES_CBC_256/HMAC_SHA2_256_128/MODP_2048; the other end "
                                 "offers IKE:3DES_CBC"));
    /* It changes words, and no verdict, cause or severity. */
    plain = diagnoses_new(c->db, c->found);
    T(diagnoses_count(plain) == diagnoses_count(diagnoses) &&
      diagnoses_get(plain, 0)->cause == one->cause &&
      diagnoses_get(plain, 0)->severity == one->severity &&
      diagnoses_get(plain, 0)->basis == one->basis &&
      diagnoses_verdict(plain) == diagnoses_verdict(diagnoses));
    T(!strstr(diagnoses_get(plain, 0)->text, "The log of"));
    T(!strstr(diagnoses_get(plain, 0)->remedy, "takes IKE:"));
    diagnoses_free(plain);
}

/* A proposal that does not fit is no reason where another one does. */
static void
no_reason(struct conversation *c)
{
    static const char *const takes[] = {
        "0.5 [NET] <1> received packet: from 192.0.2.10[500] to 198.51.100.20[500] (300 bytes)",
        "0.5 [ENC] <1> parsed IKE_SA_INIT request 0 [ SA KE No ]",
        "0.5 [CFG] <1>   no acceptable ENCRYPTION_ALGORITHM found",
        "0.5 [CFG] <1>   proposal matches",
        "1.0 [ENC] <1> generating IKE_SA_INIT response 0 [ SA KE No ]",
        "1.0 [NET] <1> sending packet: from 198.51.100.20[500] to 192.0.2.10[500] (310 bytes)",
        NULL
    };

    start(c);
    init(c, false);
    message(c, V2_IKE_AUTH, 1, false, 320);
    send(c, "auth", 3);
    write_log("gw.log", takes);
    end(c, 60);
    T(logs_file(logs, 0)->tied == 6);
    for (size_t i = 0; i < diagnoses_count(diagnoses); i++) {
        T(!strstr(diagnoses_get(diagnoses, i)->text, "The log of"));
    }
}

/* It says that the IKE SA is up, and refuses it itself; or the other end does, which it cannot
 * know. */
static void
up(struct conversation *c)
{
    static const char *const says[] = {
        "0.5 [ENC] <gw|1> parsed IKE_SA_INIT request 0 [ SA KE No ]",
        "1.0 [ENC] <gw|1> generating IKE_SA_INIT response 0 [ SA KE No ]",
        "1.5 [ENC] <gw|1> parsed IKE_AUTH request 1 [ IDi AUTH SA TSi TSr ]",
        "1.8 [IKE] <gw|1> IKE_SA gw[1] established between 198.51.100.20[gw]...192.0.2.10[lisa]",
        "2.0 [ENC] <gw|1> generating IKE_AUTH response 1 [ IDr AUTH ]",
        NULL
    };

    for (unsigned refused = 0; refused < 2; refused++) {
        start(c);
        init(c, false);
        message(c, V2_IKE_AUTH, 1, false, 320);
        send(c, "auth", 3);
        message(c, V2_IKE_AUTH, 1, true, 80);
        if (refused) {
            notify(c, N2_AUTHENTICATION_FAILED);
        } else {
            propose(c, esp128, 3, PROTO_ESP, TO_R);
            selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        }
        send(c, "said", 4);
        write_log("gw.log", says);
        end(c, 20);
        if (refused) {
            SAYS(c, log_contradicts, "But it rejects IKE SA 0 itself in frame 4.");
        } else {
            SILENT(c, log_contradicts);
        }
    }
}

int
main(void)
{
    struct conversation c;

    conversation_begin(&c);
    answered(&c);
    unanswered(&c);
    reason(&c);
    no_reason(&c);
    up(&c);
    diagnoses_free(diagnoses);
    logs_free(logs);
    return conversation_done(&c);
}
