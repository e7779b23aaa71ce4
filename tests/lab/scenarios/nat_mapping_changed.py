"""A NAT's mapping moves during the SA

The client is behind a NAT; after a while its ESP comes from another port of 203.0.113.1, since the
NAT had forgotten the old one. The gateway follows."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

WEST = "203.0.113.1"
CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(gateway={"remote_addrs": "%any"})))


def before(lab):
    lab.translate("west")


def story(lab):
    there, back = up(lab, udp=True)
    for port, first in ((4500, 1), (31337, 4)):
        there.sa, back.sa = there.association(source=WEST, sport=port), back.association(destination=WEST, dport=port)
        for number in range(first, first + 3):
            there.send(echo(CLIENT_LAN, GATEWAY_LAN, number))
            back.send(answer(echo(CLIENT_LAN, GATEWAY_LAN, number)))


TRUTH = (("nat_mapping_changed", ("esp && udp.srcport == 31337", 0)), ("nat_detected", ("isakmp.exchangetype == 34", 1)))
