"""AH on an SA that was negotiated as ESP"""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 2)
    there.protocol = "AH"
    there.sa = there.association()
    pings(there, None, CLIENT_LAN, GATEWAY_LAN, 2)


ROOT = ("protocol_mismatch",)
TRUTH = (("protocol_mismatch", ("ah", slice(None))),)
