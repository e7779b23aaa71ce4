/* capture.h - what is known of the capture file that Wireshark has open; it opens one at a time.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CAPTURE_H
#define ESPIAL_CAPTURE_H

#include <espial/check.h>
#include <espial/frame.h>
#include <espial/keyring.h>
#include <espial/log.h>
#include <espial/report.h>
#include <espial/tcp_encap.h>

#include <stdbool.h>

/* All that lives as long as one capture file is open. */
struct capture {
    struct sadb *db;
    struct findings *findings;
    struct diagnoses *diagnoses;        /* once it has ended */
    struct plan *plan;
    struct keyring *keys;       /* NULL where no key is known */
    struct logs *logs;          /* NULL where none is given */
    struct tcp_encap *tcp;
    struct own_ports *own_ports;
    uint32_t cut_frames;        /* of which the capture has not all octets */
    bool deep;                  /* a frame had more headers of IPsec than are followed */
    bool ended;
    bool verify;                /* the ICV of every packet */
};

/* own_ports.c: UDP ports on which IKE was found by its form, and between whom. */
struct own_ports;
struct own_ports *own_ports_new(void);
void own_ports_free(struct own_ports *own);     /* NULL is allowed */
const uint64_t *own_ports_bits(const struct own_ports *own);
void own_ports_add(struct own_ports *own, const struct sighting *at);
bool own_ports_capped(const struct own_ports *own);     /* some were left out */
/* On ports of their own: IKE was found there by that frame, or some Child SA has the SPI. */
struct capture;
bool own_ports_known(const struct capture *c, const struct frame_part *part, uint32_t frame);

/* A file is opened: reads the preferences and begins with nothing known. */
void capture_begin(void);
/* All frames have been seen: adds, once, what only the end proves.  Does nothing where no file
 * is open. */
void capture_end(void);
/* The file is closed. */
void capture_forget(void);

/* The capture for the dissector, which alone changes it; NULL where no file is open. */
struct capture *capture_to_feed(void);

/* For all others, who only read; NULL where no file is open. */
const struct sadb *capture_db(void);
const struct findings *capture_findings(void);
const struct diagnoses *capture_diagnoses(void);        /* NULL too until it has ended */

/* The logs beside it, tied once it has ended; NULL until then, or where there are none. */
const struct logs *capture_logs(void);

/* Ends the capture and says what a report is made of; false where no file is open. */
bool capture_report(struct report *out);

#endif
