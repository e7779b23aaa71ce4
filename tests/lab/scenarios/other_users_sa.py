"""The gateway sends one user's packets in another user's SA

Its policies for both clients are the same, and the last one up wins: what is for lisa comes to bob, who drops it."""
from conf import *
from craft import *

_client, _gateway = roadwarrior()
CONFIGURATIONS = {"client": two_users(_client), "gateway": _gateway}


def before(lab):
    lab.address("client", OTHER_CLIENT + "/24", "eth0")


def story(lab):
    lisa = up(lab, "lisa")
    pings(*lisa, "10.86.152.186", GATEWAY_LAN, 4)
    bob = up(lab, "bob")
    pings(*bob, "10.86.152.187", GATEWAY_LAN, 2)
    pings(lisa[0], bob[1], "10.86.152.186", GATEWAY_LAN, 4)


def edit(packets):
    """A question each second, as people have them, in place of fifty."""
    for number, packet in enumerate(packets):
        if len(packet) > 100 and packet[IP].dst == GATEWAY and packet[IP].proto == 50:
            later(packets, number, 1)
    return packets


WRONG = ("esp && ip.src == 10.2.0.1 && ip.dst == 10.86.152.186", slice(-4, None))
ROOT = ("wrong_child_sa",)
TRUTH = (("wrong_child_sa", WRONG), ("inner_destination_violation", WRONG))
ALLOWED = ("stream_stopped", "one_way")
SILENT = ("virtual_ip_shared", "duplicate_child_sa", "outer_destination_violation")
