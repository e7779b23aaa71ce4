"""A cluster's standby takes over with an old counter

The active gateway dies after its 30th packet. What the standby knows is ten seconds old: it goes on at number 12. The
tunnel is up at both ends, and the client drops all that comes until the counter passes 30 again: its requests go out,
answers come back, and the user sees none."""
import time

from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 30)
    time.sleep(1)
    back.seq = 11
    for number in range(31, 39):
        request = echo(CLIENT_LAN, GATEWAY_LAN, number)
        there.send(request)
        back.send(answer(request))
        time.sleep(0.3)


ROOT = ("sequence_went_back",)
TRUTH = (("sequence_went_back", ("esp && ip.src == 198.51.100.20", slice(30, None))),)
SILENT = ("two_senders", "replay", "stream_stopped", "sequence_gap")
