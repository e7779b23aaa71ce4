"""An SA begins at number 1000 and wraps without ESN

The first direction does not start at 1: the capture, or the SA, is older than it seems. The other
goes on past 2^32-1, which an SA without ESN must not."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    for number in range(1000, 1003):
        there.send(echo(CLIENT_LAN, GATEWAY_LAN, number), seq=number)
    for number in (1, 2, 0xfffffffe, 0xffffffff, 0, 1):
        back.send(answer(echo(CLIENT_LAN, GATEWAY_LAN, 1)), seq=number)


ROOT = ("sequence_wrapped",)
TRUTH = (("sequence_not_one", "esp.sequence == 1000"), ("sequence_wrapped", "esp.sequence == 0"),
         ("sequence_gap", "esp.sequence == 4294967294"))
