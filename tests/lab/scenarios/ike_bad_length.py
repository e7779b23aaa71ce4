"""Without keys: an encrypted message that the chosen suite cannot make

AES-CBC gives multiples of 16 octets; this one has 20. And an IKE message on port 4500 without the
non-ESP marker, one on 500 after the move, and one from an address that is not the peer's."""
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
    lab.send(ike_packet(ike.message(37, 4, []), STRANGER, GATEWAY, 4500, 4500))


def before(lab):
    lab.nft("west", "add table ip nat; add chain ip nat post { type nat hook postrouting priority 100; }; "
            "add rule ip nat post oifname mid ip saddr 192.0.2.0/24 udp dport 500 counter")


MALFORMED = True
TRUTH = (("ike_length_impossible", ("isakmp.exchangetype == 37", 0)), ("ike_from_new_address", "isakmp && ip.src == 203.0.113.66"))
