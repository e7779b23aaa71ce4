"""ESP over IPv6: fragment headers, and inner packets with extension headers"""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

from scapy.layers.inet6 import IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, ICMPv6EchoRequest, RouterAlert

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(six="inner")))
CAPTURE_FILTER = "udp port 500 or udp port 4500 or ip6 proto 50 or ip6 proto 44"


def story(lab):
    there, back = up(lab)
    for number in range(1, 3):
        request = echo(CLIENT_LAN6, GATEWAY_LAN6, number, 1400)
        for one in cut(there.make(request)):
            lab.send(one)
        back.send(answer(echo(CLIENT_LAN6, GATEWAY_LAN6, number)))
    there.send(IPv6(src=CLIENT_LAN6, dst=GATEWAY_LAN6) / IPv6ExtHdrHopByHop(options=[RouterAlert()]) / ICMPv6EchoRequest(id=1, seq=9))
    lab.client.terminate(ike="net")


def cut(packet):
    data, head = bytes(packet)[40:], {"src": packet[IPv6].src, "dst": packet[IPv6].dst}
    return [IPv6(**head) / IPv6ExtHdrFragment(nh=50, offset=0, m=1, id=packet.seq if hasattr(packet, "seq") else 7) / Raw(data[:1200]),
            IPv6(**head) / IPv6ExtHdrFragment(nh=50, offset=150, m=0, id=packet.seq if hasattr(packet, "seq") else 7) / Raw(data[1200:])]


TRUTH = (("outer_fragment", "ipv6.fraghdr"),)
SILENT = ("icv_bad", "inner_source_violation", "inner_selector_violation")
