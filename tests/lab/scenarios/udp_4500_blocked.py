"""UDP 500 passes, UDP 4500 does not

IKE_SA_INIT goes well; IKE_AUTH moves to port 4500 and is never answered."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def before(lab):
    lab.drop("east", "udp dport 4500")


def story(lab):
    lab.client.initiate()


ROOT = ("udp_4500_blocked",)
TRUTH = (("udp_4500_blocked", ("udp.dstport == 4500", slice(None))),)
ALLOWED = ("retransmission",)
