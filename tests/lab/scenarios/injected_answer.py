"""Answers to IKE_SA_INIT that nobody asked for any more

Somebody on the path answers the client's first request too: once he chooses DES under an SPI of his own, once he
refuses. The client has gone on with the gateway's answer; nothing of the others is believed."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    quiet(lab)
    ike = Ike2(lab)
    weak = sa_init(ike.spi_i, os.urandom(8), ((1, 2), (3, 1), (2, 1), (4, 14)), source=GATEWAY, destination=CLIENT, response=True)
    lab.send(ike_packet(weak, GATEWAY, CLIENT))
    lab.send(ike_packet(clear_message(ike.spi_i, bytes(8), 34, 0x20, 0, [notify(14)]), GATEWAY, CLIENT))
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 2)


ROOT = ("injected_answer",)
TRUTH = (("injected_answer", "isakmp.exchangetype == 34 && isakmp.flag_r == 1 && (isakmp.tf.id.encr == 2 || isakmp.notify.msgtype == 14)"),)
SILENT = ("no_proposal_chosen", "proposal_not_offered", "weak_encryption", "nat_detected", "request_unanswered")
