"""The responder sits behind a NAT

The client knows the gateway by 203.0.113.2; east forwards UDP 500 and 4500 inwards."""
from conf import *
from craft import answer, echo, pipes

OUTSIDE = "203.0.113.2"
CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(client={"remote_addrs": OUTSIDE})))


def before(lab):
    lab.translate("east")


def story(lab):
    lab.client.initiate()
    there, back = pipes(lab, udp=True)
    back.sa = back.association(source=OUTSIDE)
    for number in range(1, 4):
        there.send(echo(CLIENT_LAN, GATEWAY_LAN, number))
        back.send(answer(echo(CLIENT_LAN, GATEWAY_LAN, number)), box="east")
    lab.client.terminate(ike="net")


TRUTH = (("nat_detected", ("isakmp.exchangetype == 34", 1)),)
SILENT = ("outer_source_violation", "nat_forced")
