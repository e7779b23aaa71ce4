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
    (rules.interpreters, {"tests/a.py": "#!/usr/bin/python3\n# " + LICENCE, "run-tests": "#!/usr/bin/env bash\n"},
     {"tests/a.py": "#!/usr/bin/env python3\n# " + LICENCE}, [["tests/a.py", "#!/usr/bin/env python3"]]),
    (rules.portable_paths, {"tests/a.md": "see ~/captures and build/a and /usr/lib/wireshark\n"},
     {"tests/a.md": "see /" + "home/lisa/captures\n"}, [["tests/a.md", "/" + "home/lisa/captures"]]),
    (rules.licensed, {"expert/a.c": LICENCE, "tests/lab/scenarios/b.py": "\n"}, {"expert/a.c": "/* nothing */\n"}, [["expert/a.c", "SPDX"]]),
    (rules.told_exemptions, {"expert/a.c": LICENCE + "f();    /* NOLINT(" + "cert-x): the host wants it */\n"},
     {"expert/a.c": LICENCE + "f();    /* NOLINT" + " */\n", "tests/b.sh": "# SPDX-License-Identifier: GPL-2.0-or-later\n# shellcheck " + "disable=SC2086\n",
      "expert/c.c": LICENCE + "/* clang-format " + "off */\n"},
     [["expert/a.c", "NOLINT"], ["tests/b.sh", "SC2086"], ["expert/c.c", "clang-format"]]),
    (rules.few_files, {**{f"plugin/core/wire/{i}.c": LICENCE for i in range(rules.MAX_FILES)}, **{f"pcaps/{i}.md": "" for i in range(99)}},
     {"plugin/core/wire/one_more.c": LICENCE}, [["plugin/core/wire", "25 files"]]),
]


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
    print("\n".join(faults) or f"figure: lint: {len(PLANTED)} rules, each finds the fault that is planted for it")
    sys.exit(1 if faults else 0)


main()
