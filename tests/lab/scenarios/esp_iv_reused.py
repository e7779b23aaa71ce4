"""A counter-mode IV comes twice under one key

AES-GCM: two of the client's packets have the same explicit IV, which gives their contents away."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(child={"esp_proposals": "aes128gcm16"})))


def story(lab):
    there, back = up(lab)
    for number in range(1, 6):
        there.send(echo(CLIENT_LAN, GATEWAY_LAN, number), iv=struct.pack("!Q", 3 if number == 5 else number))
        back.send(answer(echo(CLIENT_LAN, GATEWAY_LAN, number)), iv=struct.pack("!Q", number))


ROOT = ("iv_reused",)
TRUTH = (("iv_reused", ("ip.src == 192.0.2.10 && esp.sequence == 5", slice(None))),)
