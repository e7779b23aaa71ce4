"""Without keys: an encrypted message that the chosen suite cannot make

AES-CBC gives multiples of 16 octets; this one is 4 longer. And an IKE message on port 4500 without
the non-ESP marker, and one on port 500 after the move to 4500."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

KEYS = False


def story(lab):
    up(lab)
    quiet(lab)
    ike = Ike2(lab)
    data = ike.message(37, 2, [])
    longer = bytearray(data[:-16] + bytes(4) + data[-16:])
    longer[24:28] = struct.pack("!I", len(longer))
    longer[30:32] = struct.pack("!H", len(longer) - 28)
    lab.send(ike_packet(bytes(longer), CLIENT, GATEWAY, 4500, 4500))
    lab.send(ike_packet(ike.message(37, 3, []), CLIENT, GATEWAY, 4500, 4500, marker=False))
    lab.send(ike_packet(ike.message(37, 3, []), CLIENT, GATEWAY, 500, 500))


MALFORMED = True
ROOT = ("ike_length_impossible", "non_esp_marker_missing", "port_500_after_float")
TRUTH = (("ike_length_impossible", ("isakmp.exchangetype == 37", 0)), ("non_esp_marker_missing", ("udp.port == 4500 && !udp.port == 500 && frame.number > 5", 0)),
         ("port_500_after_float", ("isakmp && udp.dstport == 500", -1)))
