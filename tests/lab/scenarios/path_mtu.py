"""A router says that an ESP packet is too big

ICMP "fragmentation needed" quotes the ESP packet and gives an MTU of 1300."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

CAPTURE_FILTER = "udp port 500 or udp port 4500 or esp or icmp"


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 2)
    large = there.make(echo(CLIENT_LAN, GATEWAY_LAN, 3, 1300))
    large[IP].flags = "DF"
    lab.send(large)
    lab.send(IP(src="203.0.113.2", dst=CLIENT) / ICMP(type=3, code=4, nexthopmtu=1300) / Raw(bytes(IP(bytes(large)))[:60]), "east")


TRUTH = (("path_mtu", "icmp.type == 3 && icmp.code == 4"),)
