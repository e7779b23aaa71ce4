"""Both sides of a translating router, with clocks of their own

West turns 192.0.2.10 into 203.0.113.1. Each packet is met inside and outside with other addresses: what stands
between the two points translates, and the mapping never changes.
"""
from conf import *
from lab import expect
from points import COPIES

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(gateway={"remote_addrs": "%any"})))
KERNEL = "libipsec"
POINTS = {"router-in": 0, "router-out": -0.3}


def before(lab):
    lab.translate("west")


def story(lab):
    expect(lab.client.initiate(), "tunnel is up")
    expect(lab.ping("client", CLIENT_LAN, GATEWAY_LAN) == 3, "pings answered")
    expect(lab.ping("gateway", GATEWAY_LAN, CLIENT_LAN) == 3, "pings answered")
    lab.client.terminate(ike="net")


SILENT = (*COPIES, "retransmission", "outer_source_violation", "outer_destination_violation", "ike_from_new_address")
ALLOWED = ("nat_detected",)
