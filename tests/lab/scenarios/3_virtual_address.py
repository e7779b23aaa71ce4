"""An inner source that is not the assigned address

IKEv1 aggressive mode, XAUTH, Mode Config: lisa@corp.example is assigned 10.86.152.186. Three pings
from there are answered; then three packets come through the same SA with the inner source
10.86.152.188, and the gateway drops them. These three were made with scapy and the SA's real keys,
since the client's own IPsec would not send them."""
from conf import *
from craft import *
from lab import expect

CONFIGURATIONS = dict(zip(("client", "gateway"), xauth_pair("labpassword", "labpassword")))
KERNEL = "libipsec"


def story(lab):
    there, _ = up(lab, udp=True)
    expect(lab.ping("client", "10.86.152.186", GATEWAY_LAN) == 3, "pings answered")
    there.seq = 3
    for number in range(1, 4):
        there.send(echo("10.86.152.188", GATEWAY_LAN, number, 48))


COUNTS = (("isakmp", 12), ("esp", 9))
ROOT = ("virtual_ip_violation",)
TRUTH = (("inner_source_violation", "esp && ip.src == 10.86.152.188"), ("virtual_ip_violation", "esp && ip.src == 10.86.152.188"))
SILENT = ("inner_destination_violation",)
ALLOWED = ("aggressive_mode_psk", "weak_dh_group")
