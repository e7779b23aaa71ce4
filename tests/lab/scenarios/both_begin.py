"""Both ends begin at once

Two IKE SAs cross, each with a Child SA for the same networks, and nobody takes one down. The client sends in its own, the
gateway in the other one."""
import threading

from conf import *
from craft import *
from lab import expect

CHARON = {"all": {"reuse_ikesa": False}}
CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(both={"unique": "never"})))


def story(lab):
    other = threading.Thread(target=lab.gateway.initiate)
    other.start()
    expect(lab.client.initiate(), "the client's tunnel comes up")
    other.join()
    expect(len(lab.client.children()) == 2, "both come up")
    there = pipes(lab, 0)[0]
    back = pipes(lab, 1, initiator=False)[1]
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 4)


def edit(packets):
    """A question each second, as people have them, in place of fifty."""
    for number, packet in enumerate(packets):
        if packet[IP].proto == 50 and packet[IP].dst == GATEWAY:
            later(packets, number, 1)
    return packets


ROOT = ("duplicate_child_sa",)
TRUTH = (("duplicate_child_sa", ("isakmp.exchangetype == 35 && isakmp.flag_r == 1", slice(0, 2))),)
SILENT = ("one_way", "asymmetric_tunnels", "stream_stopped")
