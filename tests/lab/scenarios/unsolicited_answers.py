"""Answers that nobody asked for

Somebody has sent IKE_SA_INIT to six gateways in the client's name: their answers come to the client,
each of them twice. The client sends nothing."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
GATEWAYS = ["198.51.100.%d" % host for host in range(101, 107)]


def story(lab):
    answers = [ike_packet(sa_init(os.urandom(8), os.urandom(8), source=one, destination=CLIENT, response=True), one, CLIENT) for one in GATEWAYS]
    for again in range(2):
        for packet in answers:
            lab.send(packet)
        quiet(lab)


ROOT = ("unsolicited_answers",)
TRUTH = (("unsolicited_answers", "isakmp.exchangetype == 34 && isakmp.flag_r == 1 && frame.number <= 6"),)
SILENT = ("request_unanswered", "nat_detected", "weak_dh_group")
