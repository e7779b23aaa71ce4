"""IKEv1: the peers ask whether the other lives

R-U-THERE and its acknowledgement, both ways, on a quiet SA."""
import time

from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(both={"version": 1, "dpd_delay": "1s"})))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 1)
    time.sleep(3.5)
    lab.client.terminate(ike="net")


SILENT = ("dead_peer", "request_unanswered")
