"""The user is logged in elsewhere

One session for each user, says the gateway. From another address the same user logs in with the right password, EAP succeeds,
and the gateway refuses with the notify that it has for a wrong password, too."""
from conf import *
from craft import *

_client, _gateway = roadwarrior(
    client={"local": {"auth": "eap-mschapv2", "eap_id": USER}, "unique": "never"},
    gateway={"remote": {"auth": "eap-mschapv2", "eap_id": "%any"}, "unique": "keep"}, secrets={"eap-1": {"id": USER, "secret": '"labpassword"'}})
_net = _client["connections"]["net"]
_client["connections"]["other"] = merge(_net, {"local_addrs": OTHER_CLIENT, "children": {"net": None, "other": _net["children"]["net"]}})
CONFIGURATIONS = {"client": _client, "gateway": _gateway}


def before(lab):
    lab.address("client", OTHER_CLIENT + "/24", "eth0")


def story(lab):
    pings(*up(lab), "10.86.152.186", GATEWAY_LAN, 2)
    lab.client.initiate("other")


ROOT = ("auth_failed",)
TRUTH = (("auth_failed", "isakmp.notify.msgtype == 24"),)
SILENT = ("identity_contended", "peer_restarted", "identity_rejected")
