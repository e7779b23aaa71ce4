"""Nobody answers

UDP 500 is dropped before the gateway: the client sends IKE_SA_INIT four times and gives up."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def before(lab):
    lab.drop("east", "udp dport 500")


def story(lab):
    lab.client.initiate()


LINGER = 1
ROOT = ("request_unanswered",)
TRUTH = (("request_unanswered", "isakmp"), ("retransmission", ("isakmp", slice(1, None))))
