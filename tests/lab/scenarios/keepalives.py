"""NAT keepalives, too far apart

The NAT forgets a mapping after half a minute of silence. The client's keepalives come every 20
seconds at first, then stop; after two minutes its next packet comes from another port."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

WEST = "203.0.113.1"
CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(gateway={"remote_addrs": "%any"})))


def before(lab):
    lab.translate("west")


def story(lab):
    there, back = up(lab, udp=True)
    there.sa, back.sa = there.association(source=WEST), back.association(destination=WEST)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 1)
    for _ in range(2):
        lab.send(IP(src=WEST, dst=GATEWAY) / UDP(sport=4500, dport=4500) / Raw(b"\xff"))
    there.sa, back.sa = there.association(source=WEST, sport=31337), back.association(destination=WEST, dport=31337)
    for number in range(2, 4):
        there.send(echo(CLIENT_LAN, GATEWAY_LAN, number))
        back.send(answer(echo(CLIENT_LAN, GATEWAY_LAN, number)))


def edit(packets):
    for wait, number in ((20, 6), (20, 7), (120, 8)):
        later(packets, number, wait)
    return packets


TRUTH = (("nat_mapping_changed", ("esp && udp.srcport == 31337", 0)), ("keepalive_gap", ("esp && udp.srcport == 31337", 0)))
ALLOWED = ("nat_detected",)
