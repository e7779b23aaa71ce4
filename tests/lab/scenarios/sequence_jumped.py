"""A cluster's standby takes over, and jumps ahead

As it should be: the standby does not know the last number of the gateway that died, so it goes on far ahead of the one
that it knows. Nothing is lost, no number comes twice, and the client has nothing to drop."""
import time

from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 12)
    time.sleep(2)
    back.seq = 16384
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 6)


TRUTH = (("sequence_jumped", "esp.sequence == 16385"),)
SILENT = ("sequence_gap", "out_of_window", "sequence_went_back", "stream_stopped")
