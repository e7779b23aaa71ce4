"""Padding that is not 1, 2, 3 ...

Keys and ICV are right; the client fills the padding with zeros (RFC 4303 section 2.4)."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    for number in range(1, 5):
        request = echo(CLIENT_LAN, GATEWAY_LAN, number)
        there.send(request, change=None if number < 3 else lambda packet: there.seal(packet, bytes(request), 4, 0))
        back.send(answer(request))


MALFORMED = True       # for Wireshark, which knows another padding only
ROOT = ("padding_bad",)
TRUTH = (("padding_bad", "ip.src == 192.0.2.10 && esp.sequence >= 3"),)
