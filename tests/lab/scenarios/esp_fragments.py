"""ESP in IP fragments

Large pings: the router cuts the ESP packets in two; both arrive."""
from conf import *
from craft import answer, echo, pipes
from scapy.layers.inet import fragment

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    lab.client.initiate()
    there, back = pipes(lab)
    for number in range(1, 3):
        request = echo(CLIENT_LAN, GATEWAY_LAN, number, 1450)
        there.send(request, change=lambda packet: cut(packet, 0x100 + packet.id + number))
        back.send(answer(request), change=lambda packet: cut(packet, 0x200 + packet.id + number))
    lab.client.terminate(ike="net")


def cut(packet, number):
    packet.id = number
    return fragment(packet, 1400)


TRUTH = (("outer_fragment", "ip.proto == 50"),)
SILENT = ("icv_bad", "length_impossible")
