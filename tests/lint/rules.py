"""The project's own rules, each a function that yields "PATH: what is wrong, and what to do".
Run by tests/lint/run; tests/lint/test_rules.py plants a fault for each.  That each check has a
firing and a silent test, a remedy and a reference is tests/unit/test_rows.py's; who may include
and call whom is tests/rooms's."""
# SPDX-License-Identifier: GPL-2.0-or-later
import os
import re
import shutil
import subprocess

MAX_LINES = 600
MAX_FILES = 30
MAX_COLUMNS = 100
# Longer, and why:
LONG = {
    "LICENSE": "the licence",
    "tests/flood/flood.c": "every flood, one after another, and the table of what each may cost",
    "expert/CHECKS.md": "generated: one section for each check",
    "expert/checks.def": "one row for each check: tools and readers find all of them in one place",
    "docs/TEXTS.md": "generated: all that Espial says, to be read in one sitting",
    "tests/golden/LIST": "one line for each capture and check",
    "pcaps/README.md": "generated: one story for each capture",
}
# Wider, and why:
WIDE = {
    "tests/unit/crypt_vectors.h": "a published vector is one line, as in its source",
    "tests/unit/test_keylog_daemons.c": "a line of a daemon's log is one line, as the daemon writes it",
    "tests/unit/test_keylog_kernels.c": "a line of a kernel's listing is one line, as its tool writes it",
}
TEXT = re.compile(r"(^|/)(CMakeLists\.txt|LIST|LICENSE|run|run-tests|espial|colorfilters|dfilter_buttons|\.clang-(tidy|format)|[^/]+\.(c|h|def|py|sh|md|lua|cmake|xsl|conf))$")


def project_files(root):
    """Everything that belongs to the project: what git tracks or would add, where there is git."""
    git = shutil.which("git")
    run = git and subprocess.run([git, "ls-files", "--cached", "--others", "--exclude-standard"], cwd=root, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True, check=False)
    paths = run.stdout.splitlines() if run else []
    if not run or run.returncode:
        for folder, folders, names in os.walk(root):
            folders[:] = [f for f in folders if f not in ("build", "__pycache__", ".git")]
            paths += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(p for p in set(paths) if os.path.isfile(os.path.join(root, p)))


# What a room may take from Wireshark all the same: no packet, no dissector and no tree comes with it.
PURE = {
    "wsutil/json_dumper.h": "plugin/report/",       # writes JSON, which is better not written again
}


def pure_core(path, text):
    """Core, checks, reports and their headers see no header of Wireshark."""
    if re.match(r"(plugin/core|plugin/report|expert|include)/.*\.[ch]$", path):
        for name in re.findall(r'^\s*#\s*include\s*[<"]((?:wireshark/|epan/|wsutil/|wiretap/|ui/|ws_)[^>"]*)', text, re.M):
            if name not in PURE or not path.startswith(PURE[name]):
                yield f"{path}: includes {name}, a header of Wireshark: only plugin/epan may"


def no_way_round(path, text):
    """A header is named as the include path of its room has it: "../" would pass by what a room may use."""
    if re.search(r"\.(c|h|def)$", path):
        for name in re.findall(r'^\s*#\s*include\s*[<"]((?:[^">]*/)?\.\./[^">]*)', text, re.M):
            yield f"{path}: includes {name}: write the name alone, and let CMakeLists.txt name the folder (USES of the room)"


def short_files(path, text):
    lines = text.count("\n")
    if lines > MAX_LINES and path not in LONG:
        yield f"{path}: {lines} lines, more than {MAX_LINES}: divide it"


def narrow_lines(path, text):
    """Two files fit side by side.  Wider may be a line that is one string alone: a sentence, a line of
    a log or of a style sheet is found by a search as it is written.  Tables (.def) are rows."""
    if not re.search(r"\.[ch]$", path) or path in WIDE:
        return
    for i, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_COLUMNS and not re.fullmatch(r'\s*"(?:[^"\\]|\\.)*"[\s,;)}]*(?:/\*.*\*/)?', line):
            yield f"{path}:{i}: {len(line)} columns, more than {MAX_COLUMNS}: break it, or name a part of it"


def interpreters(path, text):
    """Debian's Python has the modules that the tests need; another first in PATH may not."""
    first = text.split("\n", 1)[0]
    if first.startswith("#!") and first not in ("#!/usr/bin/python3", "#!/usr/bin/env bash", "#!/bin/sh"):
        yield f"{path}: begins with {first}: #!/usr/bin/python3, #!/usr/bin/env bash or #!/bin/sh"


def portable_paths(path, text):
    """No path of one machine, no host of one network."""
    if path == "tests/lint/rules.py":
        return      # has the words that it looks for
    for word in re.findall(r"(?<![\w.~/$}-])/(?:home|root|mnt|srv|opt|work(?:space)?|builds?)/[\w./-]*|https?://[\w.-]*(?:mirror|artifact|nexus|proxy)[\w.-]*", text):
        yield f"{path}: names {word}, which other machines have not"


def licensed(path, text):
    """Sources say their licence in the first lines; the laboratory's scenarios are texts, not programs."""
    if path == ".ci/run" or path.startswith("tests/lab/scenarios/"):
        return
    if re.search(r"\.(c|h|py|sh|lua)$|(^|/)run$", path) and "SPDX-License-Identifier: GPL-2.0-or-later" not in "\n".join(text.split("\n")[:25]):
        yield f"{path}: no SPDX-License-Identifier: GPL-2.0-or-later in the first lines"


def told_exemptions(path, text):
    """What a tool is told not to look at has its reason beside it."""
    if path.startswith("tests/lint/"):
        return
    for line in text.split("\n"):
        if re.search(r"NOLINT(?:NEXTLINE|BEGIN)?\b(?!END)", line) and not re.search(r"NOLINT(?:NEXTLINE|BEGIN)?\([\w.,-]+\): \w", line):
            yield f"{path}: a NOLINT without its check and reason: {line.strip()}"
        if re.search(r"clang-format off(?!: \w)", line):
            yield f"{path}: a clang-format off without a reason: {line.strip()}"
        if re.search(r"shellcheck disable=\S+$", line) or re.search(r"cppcheck-suppress \S+( \*/)?$", line):
            yield f"{path}: an exemption without a reason: {line.strip()}"


# What Windows has not, has otherwise, or has with names in one code page only; and GLib's form of it.
NOT_PORTABLE = {
    **dict.fromkeys(("open", "creat", "fopen", "freopen", "access", "stat", "lstat", "unlink", "rename", "remove", "mkdir", "rmdir", "chmod", "chdir", "utime"), "g_%s"),
    **dict.fromkeys(("mkstemp", "mkdtemp"), "g_%s_full, or g_file_set_contents_full"),
    **dict.fromkeys(("strdup", "strndup", "stpcpy", "getenv", "setenv", "unsetenv", "usleep"), "g_%s"), "putenv": "g_setenv", "sleep": "g_usleep",
    "strcasecmp": "g_ascii_strcasecmp", "strncasecmp": "g_ascii_strncasecmp", "asprintf": "g_strdup_printf", "vasprintf": "g_strdup_vprintf",
    **dict.fromkeys(("strsep", "strtok_r"), "g_strsplit"), **dict.fromkeys(("getline", "getdelim"), "g_data_input_stream_read_line"),
    "strcasestr": "g_ascii_strdown and strstr", "strnlen": "memchr", "memmem": "g_strstr_len", "strlcpy": "g_strlcpy", "strlcat": "g_strlcat",
    **dict.fromkeys(("gmtime", "gmtime_r", "localtime", "localtime_r", "timegm", "mktime", "strptime", "strftime"), "GDateTime"),
    **dict.fromkeys(("gettimeofday", "clock_gettime", "time"), "g_get_real_time or g_get_monotonic_time"), **dict.fromkeys(("strerror", "strerror_r"), "g_strerror"),
    **dict.fromkeys(("inet_ntop", "inet_pton", "inet_aton", "inet_ntoa", "inet_addr"), "ip_print and ip_parse (GInetAddress)"),
    **dict.fromkeys(("htons", "htonl", "ntohs", "ntohl"), "GUINT16_TO_BE and GUINT32_TO_BE"), **dict.fromkeys(("realpath", "readlink"), "g_file_read_link"),
    "basename": "g_path_get_basename", "dirname": "g_path_get_dirname", "getcwd": "g_get_current_dir",
    **dict.fromkeys(("opendir", "readdir", "closedir"), "GDir"), **dict.fromkeys(("fork", "popen", "system", "execv", "execvp", "waitpid"), "GSubprocess or g_spawn_async"),
    **dict.fromkeys(("getpwuid", "getpwnam"), "g_get_user_name or g_get_home_dir"), "gethostname": "g_get_host_name", "mmap": "g_mapped_file_new",
    **dict.fromkeys(("pthread_create", "pthread_mutex_lock"), "GThread and GMutex"), **dict.fromkeys(("poll", "select"), "g_poll"),
    **dict.fromkeys(("random", "srandom", "drand48"), "GRand"), **dict.fromkeys(("S_ISREG", "S_ISDIR", "S_ISLNK"), "g_file_test"),
}
# fcntl.h and fdopen are on Windows too, and g_mkstemp_full needs them.
POSIX_HEADERS = re.compile(r"(?:sys|arpa|net|netinet)/[\w.]+|(?:unistd|dirent|libgen|netdb|poll|pthread|pwd|regex|fnmatch|glob|strings|termios|dlfcn)\.h")
POSIX_CALL = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(NOT_PORTABLE))
# Where the host, or what GLib has not, demands a header or a call all the same, and why:
POSIX_ALLOWED = {}


def portable_calls(path, text):
    """The plugin is built for Windows and macOS too: what GLib has in a portable form is called so.  What
    stands between #ifdef or #ifndef _WIN32 and its #endif was thought of there."""
    if not re.match(r"(include|plugin|expert)/.*\.(c|h|def)$", path):
        return
    bare = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', without_comments(text))
    bare = re.sub(r"^\s*#\s*ifn?def\s+_WIN32\b.*?^\s*#\s*endif\b", "", bare, flags=re.M | re.S)
    for name in re.findall(r"^\s*#\s*include\s*<([^>]+)>", bare, re.M):
        if POSIX_HEADERS.fullmatch(name) and (path, name) not in POSIX_ALLOWED:
            yield f"{path}: includes {name}, which is not everywhere: GLib has what is needed of it"
    for name in dict.fromkeys(POSIX_CALL.findall(bare)):
        if (path, name) not in POSIX_ALLOWED:
            form = NOT_PORTABLE[name]
            yield f"{path}: calls {name}, which is not everywhere or not the same: {form % name if '%s' in form else form}"


def either_name(path, text):
    """Wireshark 5 renames isakmp to ike: code finds the protocol under either name, and what Espial brings along asks
    for neither.  Documents name what the Wireshark of today has."""
    if re.match(r"plugin/epan/.*\.[ch]$", path) and path != "plugin/epan/compat.h":
        names = re.findall(r'"(?:isakmp|ike)(?:\.[^"]*)?"', text)
    elif re.match(r"plugin/(profile|lua)/", path):
        names = re.findall(r"\bisakmp\b|\bike\.\w+", text)
    else:
        return
    for name in names:
        yield f"{path}: looks up {name}, which not every Wireshark has: take compat_ike_protocol, or a field of Espial"


# What Espial does not say (docs/writing.md has the reasons), and what it says instead.
PLAIN = (
    (r"do(?:es)? not meet", "do not match"),
    (r"\banew\b", "again"), (r"\bbegun\b", "started"), (r"\bcomes? again\b", "is repeated, is retransmitted"),
    (r"\bgo(?:es)? on\b", "continue"), (r"\bbeside\b", "with, instead of"), (r"\bin place of\b", "instead of"),
    (r"\b(?:is|are) none of\b|\bnone of its\b", "is not in, has no"),
    (r"\bstands?\b", "is"), (r"\btells? of\b|(?<!be )\btold\b", "reports, says"), (r"\b(?:no|any|some|every)body\b", "no one, anyone"),
    (r"\bLet (?!the\b.* pass\b)", "Configure ... to, Make"), (r"(?<!to )\b[Ss]ee (?:whether|in|on|that)\b|\b[Ll]ook at\b", "Check"),
    (r"\b[Ss]witch(?:es)? (?:\w+ ){0,2}(?:on|off)\b", "enable, disable"), (r"\bat leisure\b", "offline"), (r"\bunder one key\b", "with one key"),
    (r"\(type %", "the name of the ICMP error"),
)
STRINGS = re.compile(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*')


def plain_words(path, text):
    """What people read is plain English.  Strings joined as C joins them; single words are names."""
    if not re.match(r"expert/.*\.(c|def)$|plugin/(report|epan)/.*\.(c|def)$", path):
        return
    bare = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)
    for found in STRINGS.finditer(bare):
        said = "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', found.group()))
        for words_, better in PLAIN if " " in said else ():
            for word in re.finditer(words_, said):
                yield f"{path}:{bare.count(chr(10), 0, found.start()) + 1}: says \"{word.group()}\" to people: {better} (docs/writing.md)"


# --- rules over the whole tree: they take {path: text} ------------------------------------------------

def few_files(house):
    """A folder of the house can be read in one look."""
    folders = {}
    for path in house:
        if re.match(r"(include|plugin|expert)/", path):
            folders.setdefault(os.path.dirname(path), []).append(path)
    for folder, paths in sorted(folders.items()):
        if len(paths) > MAX_FILES:
            yield f"{folder}: {len(paths)} files, more than {MAX_FILES}: what belongs together goes into a folder in it"


# Names that begin so are numbers of a registry, whatever they say; but those that end so measure something.
REGISTRY_PREFIX = re.compile(r"(N\d?|NOTIFY\d?|NEXT|IP6?|IPPROTO|PROTO|PORT|EAP|ID|AUTH|ENCR|INTEG|P[12])_")
MEASURES = re.compile(r"_(LEN|LENGTH|MIN|MAX|HEADER|FIRST|LAST|BITS|OCTETS|NAMED)$")
# Where a number is said bare, and why:
BARE = {
    "tests/unit/test_suite.c": "which number has which name is what it tests",
}
# What holds a number of a registry wherever it stands, and a comparison of it with a bare one.
COMPARED = re.compile(r"((?:->|\.)(?:id|encr|integ|prf|group|mode|auth_method|auth_alg|protocol|next_header|exchange)|"
                      r"(?<![\w.>])(?:encr|integ|protocol|next_header|next))\s*([=!<>]=|[<>])\s*([1-9]\d*)\b")


def words(name):
    return set(re.findall(r"[A-Z0-9]+", name.upper()))


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)


def enumerators(text):
    """(the enum's tag, name, number) of each enumerator and macro that is a bare number."""
    bare = without_comments(text)
    for tag, body in re.findall(r"\benum\b\s*(\w*)\s*\{([^{}]*)\}", bare):
        for name, number in re.findall(r"(?:^|,)\s*(\w+)\s*=\s*(0x[\da-fA-F]+|\d+)[uUlL]*\s*(?=,|$)", body):
            yield tag, name, int(number, 16 if number.startswith("0x") else 10)
    for name, number in re.findall(r"^\s*#\s*define\s+(\w+)\s+(0x[\da-fA-F]+|\d+)[uUlL]*\s*$", bare, re.M):
        yield "", name, int(number, 16 if number.startswith("0x") else 10)


def known_numbers(house):
    """{registry: {number: [(enumerator, its words)]}} from names.def and protocol.h."""
    known = {}
    for registry, number, name, text in re.findall(r'^ROW(?:_AS)?\((\w+),\s*(\w+),\s*(\w+)(.*)\)\s*$', house.get("include/espial/names.def", ""), re.M):
        known.setdefault(registry, {}).setdefault(int(number, 0), []).append((f"{registry}_{name}", words(name + text.rpartition(",")[0])))
    for tag, name, number in enumerators(house.get("include/espial/protocol.h", "")):
        known.setdefault(tag, {}).setdefault(number, []).append((name, words(name)))
    return known


def home_of_numbers(house):
    """Numbers of the protocol have one name, in include/espial: no enum or macro elsewhere holds
    one, and neither code nor tests say one bare."""
    known = known_numbers(house)
    if not known and "include/espial/names.h" in house:
        yield "include/espial/names.def: no ROW is read in it: the rule on numbers of the protocol cannot judge"
    prefixes = "|".join(sorted(set(known) | {"N", "NOTIFY", "NEXT", "IPPROTO", "PROTO", "AUTH", "GROUP", "IP6"}))

    def named(number, *registries):
        return " or ".join(dict.fromkeys(name for r in registries for name, _ in known.get(r, {}).get(int(number), [])))

    for path, text in house.items():
        if not re.match(r"(plugin|expert|tests/(unit|flood|fuzz))/.*\.[ch]$", path) or path in BARE:
            continue
        where = "of include/espial (names.def, protocol.h)"
        for _, name, number in enumerators(text):
            said = words(re.sub(rf"^({prefixes})_", "", name))
            # Tests measure messages of their own: their lengths are no double of the protocol's.
            same = [row for registry, numbers in known.items() if not (registry.endswith("_length") and path.startswith("tests/"))
                    for row, theirs in numbers.get(number, []) if said <= theirs] if re.search(r"[A-Z][A-Z\d]", " ".join(said)) else []
            if "PORT" in words(name):
                same += [row for row, _ in known.get("port", {}).get(number, []) if row not in same]
            if same or (REGISTRY_PREFIX.match(name) and not MEASURES.search(name)):
                yield f"{path}: {name} = {number} is a number of the protocol: take {' or '.join(same) or 'its name'} {where}"
        bare = without_comments(text)
        for call, number in re.findall(r"(?<![\w.>])(notify(?:_with)?\(\s*|(?:ike_find|fresh)_notify\([^,;]*,\s*)(\d+)\b", bare):
            if named(number, "N1", "N2"):
                yield f"{path}: {call}{number}: say {named(number, 'N1', 'N2')} {where}"
        for kind, number in re.findall(r"\{\s*TRANSFORM_([A-Z]+)\d*\s*,\s*(\d+)\b", bare):
            registry = {"ADDKE": "KE"}.get(kind, kind)
            if named(number, registry):
                yield f"{path}: {{ TRANSFORM_{kind}, {number}: say {named(number, registry)} {where}"
        if not path.startswith("tests/"):
            for what, sign, number in COMPARED.findall(bare):
                yield f"{path}: {what} {sign} {number}: compares with a bare number of the protocol: take its name {where}"


def mirrored_checks(house):
    """Where a check is tested can be told from where it is: expert/check_X.c or
    expert/FOLDER/check_X.c, tests/unit/test_check_X.c."""
    checks = set(re.findall(r"^expert/(?:\w+/)?check_(\w+)\.c$", "\n".join(house), re.M))
    tests = set(re.findall(r"^tests/unit/test_check(\w*)\.c$", "\n".join(house), re.M))
    for name in sorted(checks - {test[1:] for test in tests if test.startswith("_")}):
        yield f"expert/check_{name}.c: is tested by no tests/unit/test_check_{name}.c: its cases belong there"
    for test in sorted(tests):
        # What one program cannot hold is parted by what is tested: test_check_X_MORE.c.
        if not test.startswith("_") or not any(test[1:] == name or test[1:].startswith(name + "_") for name in checks):
            yield f"tests/unit/test_check{test}.c: no expert/check{test}.c: its cases belong to the test of the file that has the check"


RULES = (pure_core, no_way_round, short_files, narrow_lines, interpreters, portable_paths, licensed, told_exemptions, portable_calls, either_name, plain_words)
HOUSE_RULES = (few_files, home_of_numbers, mirrored_checks)


def judge(house):
    """What the rules say of {path: text}."""
    found = [fault for path, text in house.items() for rule in RULES for fault in rule(path, text)]
    return found + [fault for rule in HOUSE_RULES for fault in rule(house)]


def faults(root, paths):
    house = {}
    for path in paths:
        if TEXT.search(path):
            with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
                house[path] = f.read()
    return judge(house)
