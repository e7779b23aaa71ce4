"""The capture at the gateway ends early

Nothing is wrong. Someone stopped the second capture before the first: what came later was not lost.
"""
from conf import *
from lab import expect
from points import COPIES

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
KERNEL = "libipsec"
POINTS = {"client": 0, "gateway": 11}
CUT = {"gateway": (0, 0.6)}


def story(lab):
    expect(lab.client.initiate(), "tunnel is up")
    expect(lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 5) == 5, "pings answered")
    expect(lab.ping("gateway", GATEWAY_LAN, CLIENT_LAN, 5) == 5, "pings answered")
    lab.client.terminate(ike="net")


SILENT = (*COPIES, "retransmission")
