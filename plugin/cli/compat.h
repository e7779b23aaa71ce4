/* compat.h - the whole difference between libwiretap of Wireshark 4.0, 4.4 and 4.6 here.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_COMPAT_H
#define ESPIAL_CLI_COMPAT_H

#include <wireshark.h>
#include <ws_version.h>
#define WSV (WIRESHARK_VERSION_MAJOR * 100 + WIRESHARK_VERSION_MINOR)
#define COMPAT_QUOTED(number) #number
#define COMPAT_TEXT(number) COMPAT_QUOTED(number)
/* What libwireshark's own epan_get_version says; this program is of that version alone. */
#define COMPAT_VERSION                                                                             \
    COMPAT_TEXT(WIRESHARK_VERSION_MAJOR)                                                           \
    "." COMPAT_TEXT(WIRESHARK_VERSION_MINOR) "." COMPAT_TEXT(WIRESHARK_VERSION_MICRO)

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include <wiretap/wtap.h>
#include <wsutil/filesystem.h>
#include <wsutil/privileges.h>
#include <wsutil/wslog.h>

/* A record and its octets. */
struct compat_record {
    wtap_rec rec;
#if WSV < 406
    Buffer octets;
#endif
};

static inline void
compat_record_init(struct compat_record *r)
{
#if WSV >= 406
    wtap_rec_init(&r->rec, 1514);
#else
    wtap_rec_init(&r->rec);
    ws_buffer_init(&r->octets, 1514);
#endif
}

static inline void
compat_record_cleanup(struct compat_record *r)
{
    wtap_rec_cleanup(&r->rec);
#if WSV < 406
    ws_buffer_free(&r->octets);
#endif
}

static inline bool
compat_read(wtap *w, struct compat_record *r, int *error, char **info)
{
#if WSV >= 404
    int64_t offset;
#else
    gint64 offset;
#endif

    wtap_rec_reset(&r->rec);
#if WSV >= 406
    return wtap_read(w, &r->rec, error, info, &offset);
#else
    return wtap_read(w, &r->rec, &r->octets, error, info, &offset);
#endif
}

static inline const uint8_t *
compat_octets(const struct compat_record *r)
{
#if WSV >= 406
    return ws_buffer_start_ptr(&r->rec.data);
#else
    return r->octets.data + r->octets.start;
#endif
}

/* Among the interfaces of the whole file: sections of pcapng files count them anew, which 4.0 does
 * not see. */
static inline uint32_t
compat_interface(wtap *w, const struct compat_record *r, uint32_t interface)
{
#if WSV >= 404
    return wtap_file_get_shb_global_interface_id(
        w, r->rec.presence_flags & WTAP_HAS_SECTION_NUMBER ? r->rec.section_number : 0, interface);
#else
    (void)w;
    (void)r;
    return interface;
#endif
}

static inline void
compat_begin(const char *program)
{
#if WSV >= 406
    ws_log_init(NULL);
#else
    ws_log_init("espial", NULL);
#endif
    init_process_policies();
#if WSV >= 406
    g_free(configuration_init(program));
#else
    g_free(configuration_init(program, NULL));
#endif
    wtap_init(TRUE);
}

#endif
