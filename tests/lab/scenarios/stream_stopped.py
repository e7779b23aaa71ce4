"""The gateway was restarted, and the client does not know

Four pings are answered. Then the gateway loses its state without a word; the client sends on into an SA that
nobody has any more. A capture without keys shows the same: the pace of the questions, and no answers."""
import time

from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 4)
    lab.gateway.stop(kill=True)
    for number in range(5, 10):
        there.send(echo(CLIENT_LAN, GATEWAY_LAN, number))
        time.sleep(0.5)


ROOT = ("stream_stopped",)
TRUTH = (("stream_stopped", ("esp", (8, 12))),)
SILENT = ("one_way", "dead_peer", "peer_restarted")
