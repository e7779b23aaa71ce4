"""A cipher without integrity is chosen

The offer has AES-CBC without HMAC beside AES-CBC with it, and the responder takes the former."""
from conf import *
from craft import *

CONFIGURATIONS = {}
I, R = bytes.fromhex("1111222233334444"), bytes.fromhex("5555666677778888")

BARE = ((1, 12, 256), (2, 5), (4, 14))


def story(lab):
    lab.send(ike_packet(sa_init(I, source=CLIENT, destination=GATEWAY, proposals=proposal2(BARE, more=True) + proposal2(AES256_SHA256_2048, 2)),
                        CLIENT, GATEWAY))
    lab.send(ike_packet(sa_init(I, R, transforms=BARE, source=GATEWAY, destination=CLIENT, response=True), GATEWAY, CLIENT))


ROOT = ("transform_missing",)
TRUTH = (("transform_missing", ("isakmp.flag_r == 0", 0)), ("no_integrity", ("isakmp.flag_r == 1", 0)))
