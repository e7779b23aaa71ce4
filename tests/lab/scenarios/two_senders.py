"""An anycast gateway: two machines send in one SA

The second machine has the state that the first one had when the tunnel came up: keys, SPIs, and a counter of its own.
Each answers those clients' packets that reach it, and the client takes what comes second for a replay. Their packets
come over paths of different length."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, first = up(lab)
    second = pipes(lab)[1]

    def further(packet):
        packet[IP].ttl, packet[IP].id = 60, 0x7000 + second.seq
        return packet

    for number in range(1, 5):
        request = echo(CLIENT_LAN, GATEWAY_LAN, number)
        there.send(request)
        first.send(answer(request))
    for number in range(5, 15):
        request = echo(CLIENT_LAN, GATEWAY_LAN if number % 2 else "10.2.0.2", number)
        there.send(request)
        if number % 2:
            first.send(answer(request))
        else:
            second.send(answer(request), change=further)


ROOT = ("two_senders",)
TRUTH = (("two_senders", ("esp && ip.src == 198.51.100.20 && ip.ttl < 61", slice(None))),)
SILENT = ("sequence_went_back", "replay", "out_of_window", "stream_stopped")
