"""IKE and ESP inside a GRE tunnel

A carrier moves everything between west and east in GRE; the peers know nothing of it."""
from conf import *
from craft import pings, pipes
from scapy.layers.inet import IP
from scapy.layers.l2 import GRE, Ether

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    lab.client.initiate()
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN)
    lab.client.terminate(ike="net")


def edit(packets):
    result = []
    for packet in packets:
        west = packet[IP].src == CLIENT
        carried = Ether(src=packet.src, dst=packet.dst) / IP(src="203.0.113.1" if west else "203.0.113.2",
                                                             dst="203.0.113.2" if west else "203.0.113.1") / GRE() / packet[IP]
        carried.time = packet.time
        result.append(carried)
    return result
