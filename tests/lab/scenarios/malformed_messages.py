"""IKE_SA_INIT messages with faults of form

Made by hand: no nonce; a payload that does not belong; a nonce of 8 octets; octets after the end;
a payload longer than its message; an unknown critical payload."""
from conf import *
from craft import *

CONFIGURATIONS = {}
I, R = bytes.fromhex("1111222233334444"), bytes.fromhex("5555666677778888")


def story(lab):
    def one(number, message):
        lab.send(ike_packet(message, CLIENT, GATEWAY))

    spi = [I[:7] + bytes([n]) for n in range(7)]
    one(1, clear_message(spi[1], bytes(8), 34, 8, 0, [(33, proposal2(AES256_SHA256_2048)), (34, struct.pack("!HH", 14, 0) + os.urandom(256))]))
    one(2, sa_init(spi[2], more=[(39, b"\x02\0\0\0" + bytes(32))]))
    one(3, sa_init(spi[3], nonce=8))
    one(4, sa_init(spi[4]) + b"more")
    broken = bytearray(sa_init(spi[5]))
    broken[30:32] = b"\xff\xff"
    one(5, bytes(broken))
    one(6, sa_init(spi[6], more=[(256 + 200, b"what is this")]))


MALFORMED = True
ROOT = ("payload_missing", "payload_unexpected", "malformed_message", "unknown_critical_payload")
TRUTH = (("payload_missing", ("isakmp", 0)), ("payload_unexpected", ("isakmp", 1)), ("nonce_too_short", ("isakmp", 2)), ("trailing_bytes", ("isakmp", 3)),
         ("malformed_message", ("isakmp", 4)), ("unknown_critical_payload", ("isakmp", 5)))
