"""One address assigned to two clients

The gateway has two pools that overlap: lisa and bob are both given 10.86.152.186, and both use it."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

_first, _gateway = roadwarrior()
_second = roadwarrior(client={"local_addrs": OTHER_CLIENT, "local": {"id": "bob@corp.example"}})[0]
_first["connections"]["bob"] = dict(_second["connections"]["net"], children={"bob": _second["connections"]["net"]["children"]["net"]})
_gateway["connections"]["net"]["remote"]["id"] = USER
_gateway["connections"]["bob"] = merge(_gateway["connections"]["net"], {"pools": "other", "remote": {"id": "bob@corp.example"}})
_gateway["pools"]["other"] = {"addrs": "10.86.152.186"}
CONFIGURATIONS = {"client": _first, "gateway": _gateway}


def before(lab):
    lab.address("client", OTHER_CLIENT + "/24", "eth0")


def story(lab):
    one, two = up(lab), up(lab, "bob")
    pings(*one, "10.86.152.186", GATEWAY_LAN, 2)
    pings(*two, "10.86.152.186", GATEWAY_LAN, 2)


ROOT = ("virtual_ip_shared",)
TRUTH = (("virtual_ip_shared", ("isakmp.exchangetype == 35 && isakmp.flag_r == 1", -1)),)
