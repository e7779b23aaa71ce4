"""The gateway runs no IKE daemon

Its kernel answers with ICMP "port unreachable"."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

CONFIGURATIONS = {"client": tunnel()[0]}
CAPTURE_FILTER = "udp port 500 or icmp"


def story(lab):
    lab.client.initiate()


ROOT = ("icmp_unreachable",)
TRUTH = (("icmp_unreachable", ("icmp", slice(None))),)
ALLOWED = ("retransmission", "request_unanswered")
