"""The old Linux mistake: HMAC-SHA-256 cut to 96 bits

128 bits are negotiated (RFC 4868); the client's ICV has 12 octets, the gateway's 16."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    for number in range(1, 5):
        there.send(echo(CLIENT_LAN, GATEWAY_LAN, number), change=lambda packet: IP(bytes(shorter(packet))))
        back.send(answer(echo(CLIENT_LAN, GATEWAY_LAN, number)))


def shorter(packet):
    head = packet[IP].copy()
    head.remove_payload()
    head.len = head.chksum = None
    return head / Raw(bytes(packet[ESP])[:-4])


UNDECRYPTED = "ip.src == 192.0.2.10 && esp"
ROOT = ("truncated_sha256",)
TRUTH = (("truncated_sha256", ("ip.src == 192.0.2.10 && esp", slice(None))),)
ALLOWED = ("keys_unused",)
