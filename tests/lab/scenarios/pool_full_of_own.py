"""The pool is full of the user's own dead sessions

lisa's laptop moves twice without a word, no DPD finds the sessions that it has left, and the gateway has two addresses:
INTERNAL_ADDRESS_FAILURE."""
from conf import *
from craft import *

_client, _gateway = roadwarrior(pool="10.86.152.186-10.86.152.187")
_gateway["connections"]["net"]["unique"] = "never"
_net = _client["connections"].pop("net")
PLACES = {"home": CLIENT, "train": OTHER_CLIENT, "office": MOVED_CLIENT}
for _name, _address in PLACES.items():
    _client["connections"][_name] = merge(_net, {"local_addrs": _address, "unique": "never", "children": {"net": None, _name: _net["children"]["net"]}})
CONFIGURATIONS = {"client": _client, "gateway": _gateway}


def before(lab):
    for address in (OTHER_CLIENT, MOVED_CLIENT):
        lab.address("client", address + "/24", "eth0")


def story(lab):
    for place, address in (("home", "10.86.152.186"), ("train", "10.86.152.187")):
        pings(*up(lab, place), address, GATEWAY_LAN, 2)
        lab.client.stop(kill=True)
        lab.client.start()
    lab.client.initiate("office")


ROOT = ("address_assignment_failed",)
TRUTH = (("address_assignment_failed", ("isakmp.notify.msgtype == 36", 0)),)
ALLOWED = ("peer_restarted",)
SILENT = ("ts_unacceptable", "virtual_ip_shared", "identity_contended")
