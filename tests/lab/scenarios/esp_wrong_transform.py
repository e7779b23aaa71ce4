"""The sender uses another transform than was negotiated

AES-CBC with SHA-256 is agreed; the client's packets have the lengths of 3DES with SHA-1."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    wrong = there.association(crypt="3DES", crypt_key=b"0123456789abcdefghijklmn", auth="HMAC-SHA1-96", auth_key=b"a" * 20)
    for number in range(1, 5):
        there.send(echo(CLIENT_LAN, GATEWAY_LAN, number, 50), sa=wrong)
        back.send(answer(echo(CLIENT_LAN, GATEWAY_LAN, number)))


UNDECRYPTED = "ip.src == 192.0.2.10 && esp"
ROOT = ("length_impossible",)
TRUTH = (("length_impossible", "ip.src == 192.0.2.10 && esp"),)
ALLOWED = ("keys_unused",)
