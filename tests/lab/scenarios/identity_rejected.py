"""The gateway knows nobody of this name

Aggressive mode shows the client's identity in its first message; the answer, made by hand as some
gateways give it, is INVALID-ID-INFORMATION."""
from conf import *
from craft import *

CONFIGURATIONS = {}
I, R = bytes.fromhex("1111222233334444"), bytes.fromhex("5555666677778888")


def story(lab):
    identity = 5, struct.pack("!BBH", 3, 17, 500) + USER.encode()
    lab.send(ike_packet(main_mode(I, bytes(8), [sa1(phase1()), (4, os.urandom(256)), (10, os.urandom(32)), identity], exchange=4), CLIENT, GATEWAY))
    lab.send(ike_packet(clear_message(I, R, 5, 0, 0x4711, [notify1(18, spi=I + R)], version=0x10), GATEWAY, CLIENT))


ROOT = ("identity_rejected",)
TRUTH = (("identity_rejected", ("isakmp", 1)),)
