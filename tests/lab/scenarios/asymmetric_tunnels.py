"""Out by one tunnel, back by the other

The client has two tunnels into one network, to two addresses of the other side. It sends through the first; the
other side prefers the second. Each SA carries one direction alone, and no rule of IPsec is broken."""
from conf import *
from craft import *

SECOND = "198.51.100.21"
_client, _gateway = tunnel()
_other = tunnel(client={"remote_addrs": SECOND, "local": {"id": "site2.corp.example"}, "remote": {"id": "gw2.corp.example"}},
                gateway={"local_addrs": SECOND, "local": {"id": "gw2.corp.example"}, "remote": {"id": "site2.corp.example"}}, name="second")
for _end, _more in zip((_client, _gateway), _other):
    _end["connections"]["second"] = _more["connections"]["second"]
CONFIGURATIONS = {"client": _client, "gateway": _gateway}


def before(lab):
    lab.address("gateway", SECOND + "/24", "eth0")


def story(lab):
    there, _ = up(lab)
    _, back = up(lab, "second")
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 6)


ROOT = ("asymmetric_tunnels",)
TRUTH = (("asymmetric_tunnels", ("esp", (0, 1))),)
SILENT = ("one_way", "stream_stopped", "duplicate_child_sa")
