"""A mirror port shows every packet twice

The clean run of clean_v2_native, each packet captured on its way into the switch and on its way
out: no replays, no retransmissions."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN)
    lab.client.terminate(ike="net")


def edit(packets):
    result = []
    for packet in packets:
        again = packet.copy()
        again.time = packet.time + 0.000018
        result += [packet, again]
    return result


TRUTH = (("duplicate_frame", ("frame", slice(1, None, 2))),)
SILENT = ("replay", "retransmission")
