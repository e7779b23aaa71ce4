"""Only one direction was captured

Routes are asymmetric, or the mirror port copies what is received only: the gateway's packets are not
here, and that is no fault of the gateway."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 6)
    lab.client.terminate(ike="net")


def edit(packets):
    return [packet for packet in packets if packet[IP].src == CLIENT]


SILENT = ("one_way", "udp_4500_blocked", "dead_peer", "never_used")
