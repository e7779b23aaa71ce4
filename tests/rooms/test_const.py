#!/usr/bin/python3
"""A check reads facts and cannot change them: the same check compiles without an assignment to an
SA and does not compile with any one of them."""
# SPDX-License-Identifier: GPL-2.0-or-later
import glob
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
BUILD = os.environ.get("ESPIAL_BUILD_DIR", os.path.join(ROOT, "build"))

CHECK = """\
#include "expert.h"
#include "checks.h"

void check_planted(const struct check_in *in, struct findings *out);
void check_planted(const struct check_in *in, struct findings *out)
{
    struct scope where = scope_message(in);
    bool to_responder = false;
    {ASSIGNMENT}
    if (in->ike->sa && in->ike->sa->state == IKE_FAILED && sadb_child_at(in->db, 50, 1, &in->ike->at.src, 1, &to_responder)) {
        finding_add(out, (enum check_id)0, &where, "%u", in->ike->sa->id);
    }
}
"""
# What an assignment to a fact looks like.
FACTS = {"ike_sa": "->state = IKE_FAILED;", "child_sa": "->state = CHILD_FAILED;", "stream": "->id = 0;", "exchange": "->message_id = 0;",
         "exchange_message": "->frame = 0;"}
# Members of struct check_in, and the event that each points to.
EVENTS = {"ike": "ike_event", "ipsec": "ipsec_event", "path": "path_event"}
# Ways that are not members of an event: lookups, and what one fact knows of another.
ASSIGNMENTS = (
    "in->msg->message_id = 0;",
    "in->ike->new_sa = true;",
    "in->ipsec->child->num_ts_i = 0;",
    "sadb_child_at(in->db, 50, 1, &in->ike->at.src, 1, &to_responder)->state = CHILD_FAILED;",
    "sadb_ike_sa(in->db, 0)->state = IKE_FAILED;",
    "sadb_child_sa(in->db, 0)->state = CHILD_FAILED;",
    "sadb_stream(in->db, 0)->id = 0;",
    "sadb_predecessor(in->db, in->ike->child)->state = CHILD_FAILED;",
    "child_holder(in->db, in->ike->child)->state = IKE_FAILED;",
    "in->ipsec->child->ike_sa->state = IKE_FAILED;",
    "in->ipsec->stream->child->state = CHILD_FAILED;",
    "in->ipsec->stream->peers->state = IKE_FAILED;",
    "in->ipsec->stream->rare->bad = 0;",
    "stream_rare(in->ipsec->stream)->older->id = 0;",
    "sadb_clear(in->db, 0)->child->state = CHILD_FAILED;",
    "in->ike->sa->children.at[0]->state = CHILD_FAILED;",
    "in->ike->sa->exchanges.at[0]->message_id = 0;",
    "in->ike->exchange->messages.at[0].frame = 0;",
    "in->ipsec->child->streams.at[0]->id = 0;",
)


def by_events():
    """An assignment by each member of an event that points to a fact, as the headers have them now."""
    text = ""
    for path in sorted(glob.glob(os.path.join(ROOT, "include", "espial", "*.h"))):
        with open(path, encoding="utf-8") as f:
            text += re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    for member, event in EVENTS.items():
        body = re.search(rf"^struct {event} \{{(.*?)^\}};", text, re.M | re.S)
        found = re.findall(r"struct (\w+) \*\s*(?:const )?(\w+)(\[)?", body.group(1)) if body else []
        ways = [f"in->{member}->{name}{'[0]' if array else ''}{FACTS[kind]}" for kind, name, array in found if kind in FACTS]
        if not ways:
            raise OSError(f"include/espial: no struct {event} that points to a fact: what do checks read now?")
        yield from ways


def compiler():
    """The command that compiles a check, without the source and what is made."""
    path = os.path.join(BUILD, "compile_commands.json")
    with open(path, encoding="utf-8") as f:
        for command in json.load(f):
            if re.search(r"/expert/(?:\w+/)?check_\w+\.c$", command["file"]) and "room_expert.dir" in command["command"]:
                words = shlex.split(command["command"])
                return words[:words.index("-o")], command["directory"]
    raise OSError(f"{path}: no check is compiled")


def compiled(flags, folder, scratch, assignment):
    path = os.path.join(scratch, "check_planted.c")
    with open(path, "w", encoding="utf-8") as f:
        f.write(CHECK.replace("{ASSIGNMENT}", assignment))
    done = subprocess.run([*flags, "-fsyntax-only", path], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, env={**os.environ, "LC_ALL": "C"})
    return done.returncode, done.stdout


def main():
    faults, assignments = [], []
    try:
        flags, folder = compiler()
        with tempfile.TemporaryDirectory() as scratch:
            code, said = compiled(flags, folder, scratch, "")
            if code:
                faults.append(f"a check that assigns to nothing does not compile:\n{said}")
            assignments = [*by_events(), *ASSIGNMENTS]
            for assignment in assignments:
                code, said = compiled(flags, folder, scratch, assignment)
                if not code:
                    faults.append(f"a check may say {assignment}: make what it goes by const")
                # Refused for being const, not for a member that is no more.
                elif not re.search(r"read-only|const-qualified", said):
                    faults.append(f"a check that says {assignment} does not compile, but not because it is const:\n{said}")
    except OSError as e:
        sys.exit(str(e))
    print("\n".join(faults) or f"figure: rooms: {len(assignments)} ways from a check to an SA, each const")
    sys.exit(1 if faults else 0)


main()
