"""The gateway answers, and the answer is lost on the way

The client repeats its IKE_SA_INIT in vain. At the gateway each copy is answered; no answer comes back to the
client.
"""
from conf import *
from points import COPIES

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
POINTS = {"client": 0, "gateway": 11}
ROOT = ("lost_between",)


def before(lab):
    lab.drop("west", "ip saddr %s udp sport 500" % GATEWAY)


def story(lab):
    lab.client.initiate(timeout=6)


SILENT = COPIES
ALLOWED = ("retransmission", "request_unanswered", "no_answer")
