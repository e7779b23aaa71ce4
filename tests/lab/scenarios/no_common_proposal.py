"""Both ends try, and neither can please the other

The client offers AES with group 14, the gateway 3DES with group 2, each to the other; nobody says
NO_PROPOSAL_CHOSEN, for their packets are dropped. Their offers alone tell that it cannot work."""
from conf import *
from craft import *

CONFIGURATIONS = {}
I, R = bytes.fromhex("1111222233334444"), bytes.fromhex("5555666677778888")


def story(lab):
    lab.send(ike_packet(sa_init(I, source=CLIENT, destination=GATEWAY), CLIENT, GATEWAY))
    lab.send(ike_packet(sa_init(R, transforms=((1, 3), (3, 2), (2, 2), (4, 2)), group=2, source=GATEWAY, destination=CLIENT), GATEWAY, CLIENT))


ROOT = ("no_common_proposal",)
TRUTH = (("no_common_proposal", ("isakmp", 1)),)
