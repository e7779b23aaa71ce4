"""IKEv1: the user is logged in elsewhere

XAUTH with the right password from another address: the gateway keeps the older session of the user and says FAIL."""
from conf import *
from craft import *

_client, _gateway = xauth_pair("labpassword", "labpassword")
_gateway["pools"]["vpn"]["addrs"] = "10.86.152.186-10.86.152.190"
_gateway["connections"]["net"]["unique"] = "keep"
_net = _client["connections"]["net"]
_net["unique"] = "never"
_client["connections"]["other"] = merge(_net, {"local_addrs": OTHER_CLIENT, "children": {"net": None, "other": _net["children"]["net"]}})
CONFIGURATIONS = {"client": _client, "gateway": _gateway}


def before(lab):
    lab.address("client", OTHER_CLIENT + "/24", "eth0")


def story(lab):
    pings(*up(lab), "10.86.152.186", GATEWAY_LAN, 2)
    lab.client.initiate("other")


ROOT = ("auth_failed",)
TRUTH = (("auth_failed", ("isakmp.exchangetype == 6 && isakmp.cfg.type == 3", -1)),)
ALLOWED = ("aggressive_mode_psk", "weak_dh_group")
SILENT = ("identity_contended", "peer_restarted", "identity_rejected")
