"""IKE is fine, yet ESP comes back from nobody

Six pings go out, protocol 50 from the gateway is dropped before the capture point."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    pings(there, None, CLIENT_LAN, GATEWAY_LAN, 6)


ROOT = ("one_way",)
TRUTH = (("one_way", ("esp", 0)),)
