"""Behind a NAT, yet ESP comes without UDP

NAT was found and IKE moved to 4500; the gateway answers in UDP, the client sends protocol 50."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(gateway={"remote_addrs": "%any"})))


def before(lab):
    lab.translate("west")


def story(lab):
    there, back = up(lab, udp=True)
    there.udp = False
    there.sa, back.sa = there.association(source="203.0.113.1"), back.association(destination="203.0.113.1")
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 4)


ROOT = ("udp_encap_mismatch",)
TRUTH = (("udp_encap_mismatch", ("ip.proto == 50", slice(None))),)
ALLOWED = ("nat_detected",)
