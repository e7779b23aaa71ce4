"""The gateway dies without a word

The client's liveness checks get no answer; it sends each again and gives the SA up."""
import time

from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(client={"dpd_delay": "1s"})))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 1)
    time.sleep(1.5)
    lab.gateway.stop(kill=True)
    lab.drop("east", "udp dport { 500, 4500 }")
    time.sleep(10)


ROOT = ("dead_peer",)
TRUTH = (("dead_peer", ("isakmp.exchangetype == 37 && ip.src == 192.0.2.10", slice(-4, None))),)
ALLOWED = ("retransmission",)
