"""A session seen at both ends, one clock 11 seconds ahead

Everything that leaves one end arrives at the other: the second sighting of a packet is no packet of its own.
"""
from conf import *
from lab import expect
from points import COPIES

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
KERNEL = "libipsec"
POINTS = {"client": 0, "gateway": 11}


def story(lab):
    expect(lab.client.initiate(), "tunnel is up")
    expect(lab.ping("client", CLIENT_LAN, GATEWAY_LAN) == 3, "pings answered")
    expect(lab.ping("gateway", GATEWAY_LAN, CLIENT_LAN) == 3, "pings answered")
    lab.client.terminate(ike="net")


SILENT = (*COPIES, "retransmission", "sequence_gap")
