"""The capture at the gateway misses packets itself

Nothing is wrong. The second capture did not catch an IKE_AUTH request whose answer it has: it was not lost.
"""
from conf import *
from lab import expect
from points import COPIES

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
KERNEL = "libipsec"
POINTS = {"client": 0, "gateway": 11}
UNSEEN = {"gateway": (2,)}


def story(lab):
    expect(lab.client.initiate(), "tunnel is up")
    expect(lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 5) == 5, "pings answered")
    lab.client.terminate(ike="net")


SILENT = (*COPIES, "retransmission")
