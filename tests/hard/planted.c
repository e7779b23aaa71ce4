/* planted.c - a plugin with faults on purpose, for tests/hard/test_self.py: built once in
 * Espial's name and once as one that Wireshark has besides.  What it does is said by the
 * octets PLANTED=x in a frame.  SPDX-License-Identifier: GPL-2.0-or-later */
#define WS_BUILD_DLL
#include "compat.h"

#include <string.h>

WS_DLL_PUBLIC_DEF const char plugin_version[] = "0";
WS_DLL_PUBLIC_DEF const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
WS_DLL_PUBLIC_DEF const int plugin_want_minor = WIRESHARK_VERSION_MINOR;
WS_DLL_PUBLIC void plugin_register(void);
#if WSV >= 402
WS_DLL_PUBLIC uint32_t plugin_describe(void);
#endif

static int proto;
static volatile int one = 1;

static void
misbehave(char what)
{
    char *block = (char *)g_malloc(8);

    switch (what) {
    case 'h':
        memset(block, 0, 8 + (size_t)one);
        break;
    case 'u':
        one = 0x7fffffff;
        one = one + one;        /* cppcheck-suppress integerOverflow ; is planted */
        break;
    case 'f':
        g_free(block);
        block[0] = (char)one;       /* NOLINT(clang-analyzer-unix.Malloc): is planted */
        return;
    case 'c':
        g_return_if_fail(one == 2);
        break;
    case 'a':
        g_assert_cmpint(one, ==, 2);
        break;
    case 's':
        *(volatile int *)(uintptr_t)(one * 16) = 1;
        break;
    case 'd':
        REPORT_DISSECTOR_BUG("planted");
        break;
    default:
        break;
    }
    g_free(block);
}

static int
dissect_planted(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree _U_, void *data _U_)
{
    static const char mark[] = MARK;

    pinfo->current_proto = NAME;
    for (unsigned at = 0; at + sizeof mark <= tvb_captured_length(tvb); at++) {
        if (tvb_memeql(tvb, (int)at, (const uint8_t *)mark, sizeof mark - 1) == 0) {
            misbehave((char)tvb_get_guint8(tvb, (int)(at + sizeof mark - 1)));
        }
    }
    return 0;
}

static void
proto_register_planted(void)
{
    proto = proto_register_protocol("Planted (" NAME ")", NAME, FILTER);
    register_postdissector(create_dissector_handle(dissect_planted, proto));
}

void
plugin_register(void)
{
    static proto_plugin plugin;

    plugin.register_protoinfo = proto_register_planted;
    proto_register_plugin(&plugin);
}

#if WSV >= 402
uint32_t
plugin_describe(void)
{
    return WS_PLUGIN_DESC_DISSECTOR;
}
#endif
