"""The network behind the gateway is the client's own

The client's link has addresses of 10.2.0.0/24 too, as many a hotel has 192.168.1.0/24: what the client sends to
10.2.0.1 is looked for there by ARP, and nothing goes into the tunnel."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

CHARON = {"all": {"install_routes": "no"}}
CAPTURE_AT = ("client", "eth0")
CAPTURE_FILTER = "udp port 500 or udp port 4500 or esp or arp"


def before(lab):
    lab.address("client", "10.2.0.77/24", port="eth0")


def story(lab):
    up(lab)
    lab.ping("client", "10.2.0.77", GATEWAY_LAN)


ROOT = ("remote_network_on_link",)
TRUTH = (("remote_network_on_link", "arp.opcode == 1 && arp.dst.proto_ipv4 == 10.2.0.1"),)
ALLOWED = ("esp_never_used", "never_used")
