"""UDP 4500 does not pass, seen at both ends

IKE_SA_INIT is met at both ends. IKE_AUTH leaves the client on port 4500, again and again, and never arrives.
"""
from conf import *
from points import COPIES

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
POINTS = {"client": 0, "gateway": -11}
ROOT = ("udp_4500_blocked",)


def before(lab):
    lab.drop("east", "udp dport 4500")


def story(lab):
    lab.client.initiate()


SILENT = COPIES
ALLOWED = ("retransmission", "udp_4500_blocked", "request_unanswered")
