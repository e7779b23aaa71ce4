"""IKE of a live SA from an address that is not the peer's

The SA has no MOBIKE and no NAT, yet a message with the right SPIs and keys comes from 203.0.113.66."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(both={"mobike": False})))


def story(lab):
    there, back = up(lab)
    quiet(lab)
    ike = Ike2(lab)
    lab.send(ike_packet(ike.message(37, 2, []), CLIENT, GATEWAY))
    lab.send(ike_packet(ike.message(37, 2, [], False, True), GATEWAY, CLIENT))
    lab.send(ike_packet(ike.message(37, 3, []), STRANGER, GATEWAY))


ROOT = ("ike_from_new_address",)
TRUTH = (("ike_from_new_address", "isakmp && ip.src == 203.0.113.66"),)
