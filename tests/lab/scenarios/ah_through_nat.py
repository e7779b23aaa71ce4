"""AH across a NAT: it cannot work

The outer addresses are under AH's ICV, and the NAT changes them."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(gateway={"remote_addrs": "%any"}, child={"esp_proposals": None, "ah_proposals": "sha256"})))


def before(lab):
    lab.translate("west")


def story(lab):
    there, back = up(lab)
    there.sa = there.association(source="203.0.113.1")
    pings(there, None, CLIENT_LAN, GATEWAY_LAN, 3)


ROOT = ("ah_through_nat",)
TRUTH = (("ah_through_nat", ("isakmp.exchangetype == 35 && isakmp.flag_r == 1", 0)),)
ALLOWED = ("nat_detected", "no_encryption", "one_way")
