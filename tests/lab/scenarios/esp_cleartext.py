"""The payload of an encrypted SA is readable

AES-CBC is negotiated, yet the client's packets carry their inner packet in clear, as with NULL."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    plain = there.association(crypt="NULL", crypt_key=b"")
    for number in range(1, 5):
        there.send(echo(CLIENT_LAN, GATEWAY_LAN, number, 48), sa=plain)
        back.send(answer(echo(CLIENT_LAN, GATEWAY_LAN, number)))


UNDECRYPTED = "ip.src == 192.0.2.10 && esp"
MALFORMED = True       # Wireshark deciphers what was never enciphered
ROOT = ("cleartext_in_esp",)
TRUTH = (("cleartext_in_esp", ("ip.src == 192.0.2.10 && esp", slice(None))),)
