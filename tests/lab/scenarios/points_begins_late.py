"""The capture at the gateway begins late

Nothing is wrong. The second capture began when the tunnel was long up: it has no IKE before its first packet.
"""
from conf import *
from lab import expect
from points import COPIES

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
KERNEL = "libipsec"
POINTS = {"client": 11, "gateway": 0}
CUT = {"gateway": (0.5, 1)}


def story(lab):
    expect(lab.client.initiate(), "tunnel is up")
    expect(lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 5) == 5, "pings answered")
    expect(lab.ping("gateway", GATEWAY_LAN, CLIENT_LAN, 5) == 5, "pings answered")
    lab.client.terminate(ike="net")


SILENT = (*COPIES, "retransmission")
