"""Five of forty packets are lost on the way, seen at both ends

A link with errors: every eighth packet of the client does not arrive. The answers to the others do.
"""
from conf import *
from craft import *
from points import COPIES

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
POINTS = {"client": 0, "gateway": 11}
ROOT = ("lost_between",)
LOST = (4, 11, 19, 27, 35)


def before(lab):
    lab.drop("west", "ip saddr %s esp sequence { %s }" % (CLIENT, ", ".join(map(str, LOST))))


def story(lab):
    there, back = up(lab)
    for number in range(1, 41):
        request = echo(CLIENT_LAN, GATEWAY_LAN, number)
        there.send(request, box="client")
        if number not in LOST:
            back.send(answer(request), box="gateway")
    lab.client.terminate(ike="net")


SILENT = COPIES
ALLOWED = ("sequence_gap",)
