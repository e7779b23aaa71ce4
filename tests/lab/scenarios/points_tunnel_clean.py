"""What arrives at the gateway comes out of its tunnel

The same three places with nothing wrong: each packet at the client, at the gateway, and opened on the device of the
tunnel.
"""
from conf import *
from lab import expect
from points import COPIES

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
KERNEL = "libipsec"
POINTS = {"client": 0, "gateway": -11, "tunnel": -11}


def story(lab):
    expect(lab.client.initiate(), "tunnel is up")
    expect(lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 4) == 4, "pings answered")
    expect(lab.ping("gateway", GATEWAY_LAN, CLIENT_LAN) == 3, "pings answered")
    lab.client.terminate(ike="net")


SILENT = (*COPIES, "retransmission", "cleartext_bypass", "source_nat_before_ipsec")
