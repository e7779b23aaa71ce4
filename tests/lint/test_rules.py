#!/usr/bin/python3
"""Each rule of rules.py finds its fault in a tree in which it is planted, names the file, and says
nothing of what is lawful beside it.  A rule without a planted fault is a fault of this test."""
# SPDX-License-Identifier: GPL-2.0-or-later
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import rules    # noqa: E402

LICENCE = "/* a.h - a noun.  SPDX-License-Identifier: GPL-2.0-or-later */\n"

# The rule; a lawful tree; the files that differ; words that must be said of each fault.
PLANTED = [
    (rules.pure_core, {"plugin/core/wire/a.c": LICENCE + "#include <glib.h>\n", "plugin/epan/b.c": LICENCE + "#include <epan/packet.h>\n",
                       "plugin/report/d.c": LICENCE + "#include <wsutil/json_dumper.h>\n"},
     {"plugin/core/wire/a.c": LICENCE + "#include <epan/packet.h>\n", "expert/c.h": LICENCE + "#include <wireshark/epan/packet.h>\n",
      "expert/e.c": LICENCE + "#include <wsutil/json_dumper.h>\n", "plugin/report/d.c": LICENCE + '# include "ws_version.h"\n'},
     [["plugin/core/wire/a.c", "epan/packet.h"], ["expert/c.h", "wireshark/epan"], ["expert/e.c", "wsutil/json_dumper.h"],
      ["plugin/report/d.c", "ws_version.h"]]),
    (rules.no_way_round, {"expert/a.c": LICENCE + '#include "a.h"\n#include <espial/a.h>\n'},
     {"expert/a.c": LICENCE + '#include "../plugin/core/wire/step.h"\n', "include/espial/b.h": LICENCE + '#include "../../expert/checks.def"\n',
      "tests/unit/c.c": LICENCE + "#include <espial/../../expert/expert.h>\n"},
     [["expert/a.c", "../plugin/core/wire/step.h"], ["include/espial/b.h", "../../expert/checks.def"], ["tests/unit/c.c", "espial/../../expert"]]),
    (rules.short_files, {"expert/a.c": LICENCE + "\n" * (rules.MAX_LINES - 1), "LICENSE": "\n" * 700},
     {"expert/a.c": LICENCE + "\n" * rules.MAX_LINES}, [["expert/a.c", "601 lines"]]),
    (rules.narrow_lines, {"expert/a.c": LICENCE + "x" * rules.MAX_COLUMNS + "\n    \"" + "a \\\" sentence " * 20 + "\",\n", "expert/checks.def": "x" * 200 + "\n",
                          "tests/unit/crypt_vectors.h": LICENCE + "x" * 200},
     {"expert/a.c": LICENCE + "x" * (rules.MAX_COLUMNS + 1) + "\n", "include/espial/b.h": LICENCE + '    f("' + "a sentence " * 20 + '", "another");\n'},
     [["expert/a.c:2", "101 columns"], ["include/espial/b.h:2"]]),
    (rules.interpreters, {"tests/a.py": "#!/usr/bin/python3\n# " + LICENCE, "run-tests": "#!/usr/bin/env bash\n"},
     {"tests/a.py": "#!/usr/bin/env python3\n# " + LICENCE}, [["tests/a.py", "#!/usr/bin/env python3"]]),
    (rules.portable_paths, {"tests/a.md": "see ~/captures and build/a and /usr/lib/wireshark\n"},
     {"tests/a.md": "see /" + "home/lisa/captures\n"}, [["tests/a.md", "/" + "home/lisa/captures"]]),
    (rules.licensed, {"expert/a.c": LICENCE, "tests/lab/scenarios/b.py": "\n"}, {"expert/a.c": "/* nothing */\n"}, [["expert/a.c", "SPDX"]]),
    (rules.told_exemptions, {"expert/a.c": LICENCE + "f();    /* NOLINT(" + "cert-x): the host wants it */\n"},
     {"expert/a.c": LICENCE + "f();    /* NOLINT" + " */\n", "tests/b.sh": "# SPDX-License-Identifier: GPL-2.0-or-later\n# shellcheck " + "disable=SC2086\n",
      "expert/c.c": LICENCE + "/* clang-format " + "off */\n"},
     [["expert/a.c", "NOLINT"], ["tests/b.sh", "SC2086"], ["expert/c.c", "clang-format"]]),
    (rules.portable_calls, {"expert/a.c": LICENCE + "#include <glib/gstdio.h>\n/* open() */\nf = g_fopen(path, \"time(s)\"); c.open(x); a->stat(y); reopen(z);\n",
                            "plugin/epan/b.c": LICENCE + "#ifndef _WIN32\n#include <unistd.h>\np = realpath(path, NULL);\n#else\n#endif\n",
                            "tests/unit/c.c": LICENCE + "#include <unistd.h>\n"},
     {"expert/a.c": LICENCE + "#include <arpa/inet.h>\n", "include/espial/b.h": LICENCE + "x = strdup(a); y = strdup(b);\n",
      "plugin/cli/c.c": LICENCE + "#ifdef G_OS_UNIX\nt = time(NULL);\n#else\n# include <sys/stat.h>\n#endif\n", "expert/d.c": LICENCE + "if (S_ISREG(mode)) {\n",
      "plugin/epan/e.c": LICENCE + "#ifndef _WIN32\n#endif\ng_free(basename (path));\n"},
     [["expert/a.c", "arpa/inet.h"], ["include/espial/b.h", "strdup", "g_strdup"], ["plugin/cli/c.c", "calls time", "g_get_real_time"],
      ["plugin/cli/c.c", "sys/stat.h"], ["expert/d.c", "S_ISREG", "g_file_test"], ["plugin/epan/e.c", "basename", "g_path_get_basename"]]),
    (rules.either_name, {"plugin/epan/compat.h": LICENCE + 'f("isakmp");\n', "plugin/profile/IPsec/colorfilters": "@IKE@espial.exchange@\n",
                         "plugin/epan/a.c": LICENCE + 'f("ikev2_decryption_table");\n', "docs/a.md": "isakmp\n", "plugin/lua/c.lua": "-- SPDX-License-Identifier: GPL-2.0-or-later\nike = {}\n"},
     {"plugin/epan/b.c": LICENCE + 'f("isakmp"); g("isakmp.ispi");\n', "plugin/profile/IPsec/colorfilters": "@IKE@isakmp@\n"},
     [["plugin/epan/b.c", '"isakmp"'], ["plugin/epan/b.c", '"isakmp.ispi"'], ["plugin/profile/IPsec/colorfilters", "isakmp"]]),
    (rules.plain_words, {"expert/a.c": LICENCE + '/* "nobody goes on" */\nf("stand", "beside"); g("Cannot be told: %s", "the SA is "\n  "repeated");\n',
                         "plugin/core/wire/b.c": LICENCE + 'f("nobody goes on");\n'},
     {"expert/c.c": LICENCE + 'f("The offers do not "\n  "meet.");\n', "expert/checks.def": 'CHECK(x, "Let the peer connect anew.")\n',
      "plugin/report/d.c": LICENCE + 'f("%s (type %u, code %u)");\n'},
     [["expert/c.c:2", "do not meet", "do not match"], ["expert/checks.def:1", "Let ", "Configure"], ["expert/checks.def:1", "anew"],
      ["plugin/report/d.c:2", "(type %"]]),
    (rules.mirrored_checks, {"expert/check_esp.c": LICENCE, "tests/unit/test_check_esp.c": LICENCE, "expert/silence.c": LICENCE, "tests/unit/test_suite.c": LICENCE},
     {"expert/check_auth.c": LICENCE, "tests/unit/test_checks_auth.c": LICENCE, "tests/unit/test_check_edges.c": LICENCE},
     [["expert/check_auth.c", "tests/unit/test_check_auth.c"], ["tests/unit/test_checks_auth.c", "no expert/checks_auth.c"],
      ["tests/unit/test_check_edges.c", "no expert/check_edges.c"]]),
    (rules.few_files, {**{f"plugin/core/wire/{i}.c": LICENCE for i in range(rules.MAX_FILES)}, **{f"pcaps/{i}.md": "" for i in range(99)}},
     {"plugin/core/wire/one_more.c": LICENCE}, [["plugin/core/wire", "31 files"]]),
]

ROWS = {
    "include/espial/names.def": "".join(row + "\n" for row in (
        "ROW(ENCR, 12, AES_CBC, 3602)", "ROW(KE, 14, MODP_2048, 3526)", "ROW(N1, 14, NO_PROPOSAL_CHOSEN, 2408)",
        "ROW(N2, 14, NO_PROPOSAL_CHOSEN, 7296)", "ROW(N1, 24576, RESPONDER_LIFETIME, 2407)", 'ROW_AS(IP, 17, UDP, "udp", 0)',
        'ROW_AS(AUTH2, 2, PSK, "pre-shared key", 7296)')),
    "include/espial/names.h": LICENCE,
    "include/espial/protocol.h": LICENCE + "enum port { PORT_IKE = 500, PORT_NATT = 4500 };\nenum header_length { IKE_HEADER = 28 };\n"}
LAWFUL = LICENCE + """enum { WIDTH = 17, ID_LEN = 14, ANY_PORT = 8, UDP_HEADER = 8, FLAGS = 12, PRF_PLUS_ROUNDS = 255,
       ONE = 1 << 12, I = 2 };
/* enum { UDP = 17 }; ike_find_notify(m, 14) */
bool f(void)
{
    return ike_find_notify(m, N2_NO_PROPOSAL_CHOSEN) && t->id == ENCR_AES_CBC && ids[i] == 17 &&
           next == NULL && p->protocol == 0;
}
"""
PLANTED.append((rules.home_of_numbers, {**ROWS, "plugin/core/wire/a.c": LAWFUL, "tests/unit/t.c": LICENCE + """
    notify(N2_NO_PROPOSAL_CHOSEN); notify(16383); notify_name(2, 14, text, sizeof text);
    x = { TRANSFORM_ENCR, 1021, 0 }; T(p.protocol == 17); enum { IKE = 28 };
"""}, {
    "plugin/core/wire/b.c": LICENCE + "enum { ONE, UDP = 17, /* a comment */ N_NO_PROPOSAL = 14 };\n#define AES 12\n",
    "plugin/epan/c.h": LICENCE + "enum ports { NATT_PORT = 4500u, NEXT_NONE = 0x3b, HEADER = 28 };\nenum { AUTH_PRE_SHARED = 2 };\n",
    "expert/d.c": LICENCE + "bool f(void) { return ike_find_notify(in->msg, 14) || fresh_notify(in, 24576); }\n"
                  "bool g(void) { return t->id >= 13 || a.protocol != 50; }\n",
    "tests/unit/e.c": LICENCE + "notify(14); notify_with(24576, data, 4);\n{ TRANSFORM_KE, 14 }; { TRANSFORM_ADDKE2, 14 };"
                      " { TRANSFORM_ENCR, 12, 256 };\n"},
    [["plugin/core/wire/b.c", "UDP = 17", "IP_UDP"], ["plugin/core/wire/b.c", "N_NO_PROPOSAL = 14", "N2_NO_PROPOSAL_CHOSEN"],
     ["plugin/core/wire/b.c", "AES = 12", "ENCR_AES_CBC"],
     ["plugin/epan/c.h", "NATT_PORT = 4500", "PORT_NATT"], ["plugin/epan/c.h", "NEXT_NONE = 59"], ["plugin/epan/c.h", "HEADER = 28", "IKE_HEADER"],
     ["plugin/epan/c.h", "AUTH_PRE_SHARED = 2", "AUTH2_PSK"],
     ["expert/d.c", "ike_find_notify(in->msg, 14", "N1_NO_PROPOSAL_CHOSEN or N2_NO_PROPOSAL_CHOSEN"],
     ["expert/d.c", "fresh_notify(in, 24576", "N1_RESPONDER_LIFETIME"], ["expert/d.c", "->id >= 13"], ["expert/d.c", ".protocol != 50"],
     ["tests/unit/e.c", "notify(14", "N2_NO_PROPOSAL_CHOSEN"], ["tests/unit/e.c", "notify_with(24576"],
     ["tests/unit/e.c", "TRANSFORM_KE, 14", "KE_MODP_2048"], ["tests/unit/e.c", "TRANSFORM_ADDKE, 14", "KE_MODP_2048"],
     ["tests/unit/e.c", "TRANSFORM_ENCR, 12", "ENCR_AES_CBC"]]))
PLANTED.append((rules.home_of_numbers, {}, {"include/espial/names.h": LICENCE, "include/espial/names.def": "COLUMN(ENCR, 12)\n"},
                [["names.def", "no ROW"]]))


def wrong(found, expected):
    return len(found) != len(expected) or not all(any(all(w in line for w in words) for line in found) for words in expected)


def main():
    faults = [f"{rule.__name__}: no fault is planted for it" for rule in rules.RULES + rules.HOUSE_RULES if rule not in [row[0] for row in PLANTED]]
    for rule, lawful, differs, expected in PLANTED:
        if rule not in rules.RULES + rules.HOUSE_RULES:
            faults.append(f"{rule.__name__}: is not run")
        for house, what in ((lawful, []), ({**lawful, **differs}, expected)):
            found = rules.judge(house)
            if wrong(found, what):
                faults.append("\n    ".join([f"{rule.__name__}: expected {what}, and the rules say", *found]))
    print("\n".join(faults) or f"figure: lint: {len({row[0] for row in PLANTED})} rules, each finds the faults that are planted for it")
    sys.exit(1 if faults else 0)


main()
