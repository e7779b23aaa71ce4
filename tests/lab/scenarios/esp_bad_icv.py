"""Some packets fail the integrity check

Two of six packets were changed on the way; the keys are right, as the others show."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    for number in range(1, 7):
        there.send(echo(CLIENT_LAN, GATEWAY_LAN, number), change=spoil if number in (3, 5) else None)
        back.send(answer(echo(CLIENT_LAN, GATEWAY_LAN, number)))


def spoil(packet):
    data = bytearray(bytes(packet))
    data[-1] ^= 0xff
    return IP(bytes(data))


UNDECRYPTED = "esp.icv_bad == 1"
ROOT = ("icv_bad",)
TRUTH = (("icv_bad", "esp.icv_bad == 1"),)
