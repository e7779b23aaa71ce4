"""IKEv1 main mode to a gateway behind a NAT"""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

OUTSIDE = "203.0.113.2"
CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(both={"version": 1}, client={"remote_addrs": OUTSIDE})))


def before(lab):
    lab.translate("east")


def story(lab):
    there, back = up(lab, udp=True)
    back.sa = back.association(source=OUTSIDE)
    for number in range(1, 4):
        there.send(echo(CLIENT_LAN, GATEWAY_LAN, number))
        back.send(answer(echo(CLIENT_LAN, GATEWAY_LAN, number)), box="east")
    lab.client.terminate(ike="net")


TRUTH = (("nat_detected", ("isakmp.typepayload == 20", 1)),)
SILENT = ("outer_source_violation", "nat_forced")
