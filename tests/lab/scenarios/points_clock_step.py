"""One clock is set right while both ends capture

Nothing is wrong. The gateway's clock is 11 seconds ahead, and time synchronisation brings it back by 8 in the
middle of the session.
"""
from conf import *
from lab import expect
from points import COPIES

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
KERNEL = "libipsec"


def ahead(seconds):
    return 11 if seconds < 1.5 else 3


POINTS = {"client": 0, "gateway": ahead}


def story(lab):
    expect(lab.client.initiate(), "tunnel is up")
    expect(lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 9) == 9, "pings answered")
    expect(lab.ping("gateway", GATEWAY_LAN, CLIENT_LAN, 6) == 6, "pings answered")
    lab.client.terminate(ike="net")


SILENT = (*COPIES, "retransmission", "out_of_window")
