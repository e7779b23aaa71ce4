"""IKEv1: the responder changes what it chose

The first main mode answers AES-256 to an offer of AES-128; the second has the transform right and
another lifetime, which is legal and worth knowing."""
from conf import *
from craft import *

CONFIGURATIONS = {}
I, R = bytes.fromhex("1111222233334444"), bytes.fromhex("5555666677778888")


def story(lab):
    for number, answer_ in enumerate((phase1(bits=256), phase1(seconds=3600)), 1):
        spi_i, spi_r = I[:7] + bytes([number]), R[:7] + bytes([number])
        lab.send(ike_packet(main_mode(spi_i, bytes(8), [sa1(phase1())]), CLIENT, GATEWAY))
        lab.send(ike_packet(main_mode(spi_i, spi_r, [sa1(answer_)]), GATEWAY, CLIENT))


ROOT = ("attribute_changed",)
TRUTH = (("attribute_changed", ("isakmp", 1)), ("lifetime_mismatch", ("isakmp", 3)))
