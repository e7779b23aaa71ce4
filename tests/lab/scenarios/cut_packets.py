"""Packets were cut at 128 octets

Whoever captured saved only the beginnings: no ICV can be verified, no inner packet read, and no
peer is to blame for the missing ends."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 3)
    lab.client.terminate(ike="net")


SNAPLEN = 128
UNDECRYPTED = "isakmp || esp"
MALFORMED = True
SILENT = ("malformed_message", "icv_bad", "wrong_key", "length_impossible", "ike_icv_bad", "trailing_bytes", "payload_missing")
