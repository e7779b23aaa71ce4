"""Every packet of one direction fails the integrity check

The client encrypts with a key that is not the negotiated one; the other direction is fine."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    wrong = there.association(auth_key=b"n" * 32, crypt_key=b"k" * 16)
    for number in range(1, 7):
        there.send(echo(CLIENT_LAN, GATEWAY_LAN, number), sa=wrong)
        back.send(answer(echo(CLIENT_LAN, GATEWAY_LAN, number)))


BELIEVE_LOG = True      # no packet can prove these keys: that is the story
MALFORMED = True
UNDECRYPTED = "ip.src == 192.0.2.10 && esp"
ROOT = ("wrong_key",)
TRUTH = (("wrong_key", ("ip.src == 192.0.2.10 && esp", slice(None))),)
