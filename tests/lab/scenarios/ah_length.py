"""AH with an ICV of the wrong size

HMAC-SHA-256-128 is negotiated; the client's last two packets carry the 96 bits of HMAC-SHA-1."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(child={"esp_proposals": None, "ah_proposals": "sha256"})))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 2)
    there.sa = there.association(auth="HMAC-SHA1-96", auth_key=b"a" * 20)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 2)


MALFORMED = True       # for Wireshark as well
ROOT = ("ah_length_wrong",)
TRUTH = (("ah_length_wrong", ("ip.src == 192.0.2.10 && ah", slice(-2, None))),)
ALLOWED = ("no_encryption",)
