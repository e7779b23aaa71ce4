"""ESP and IKE in a tagged VLAN, ESP in Q-in-Q"""
from conf import *
from craft import pings, pipes
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    lab.client.initiate()
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN)
    lab.client.terminate(ike="net")


def edit(packets):
    """The capture point sits on a trunk."""
    result = []
    for packet in packets:
        tagged = Ether(src=packet.src, dst=packet.dst) / Dot1AD(vlan=7) / Dot1Q(vlan=100) / packet.payload
        tagged.time = packet.time
        result.append(tagged)
    return result
