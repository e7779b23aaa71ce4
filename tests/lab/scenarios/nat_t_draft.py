"""An old client: NAT traversal by a draft

Its NAT-D payloads have the private number 130, and its vendor ID is of draft 02."""
from conf import *
from craft import *

CONFIGURATIONS = {}
I, R = bytes.fromhex("1111222233334444"), bytes.fromhex("5555666677778888")


def story(lab):
    draft = bytes.fromhex("90cb80913ebb696e086381b5ec427b1f")
    lab.send(ike_packet(main_mode(I, bytes(8), [sa1(phase1()), (13, draft)]), CLIENT, GATEWAY))
    lab.send(ike_packet(main_mode(I, R, [sa1(phase1()), (13, draft)]), GATEWAY, CLIENT))
    for spis, ends in (((I, R), (CLIENT, GATEWAY)), ((I, R), (GATEWAY, CLIENT))):
        hashes = [(130, hashlib.sha256(I + R + bytes(map(int, end.split("."))) + b"\x01\xf4").digest()) for end in reversed(ends)]
        lab.send(ike_packet(main_mode(I, R, [(4, os.urandom(256)), (10, os.urandom(32)), *hashes]), *ends))


TRUTH = (("nat_t_draft", ("isakmp", slice(2, 4))),)
