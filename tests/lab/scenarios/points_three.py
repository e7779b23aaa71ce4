"""Three places: the second half of the way loses packets

At the client, behind the translating router, and at the gateway, each with a clock of its own. All packets reach the
router's outer side; four of ten do not reach the gateway.
"""
from conf import *
from lab import expect
from points import COPIES

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(gateway={"remote_addrs": "%any"})))
KERNEL = "libipsec"
POINTS = {"client": 0, "router-out": 3, "gateway": -400}
ROOT = ("lost_between",)


def before(lab):
    lab.translate("west")


def story(lab):
    expect(lab.client.initiate(), "tunnel is up")
    expect(lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 3) == 3, "pings answered")
    lab.drop("east", "ip daddr %s udp dport 4500 @th,64,32 != 0" % GATEWAY)
    expect(lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 4) == 0, "pings are lost")
    lab.allow("east")
    expect(lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 3) == 3, "pings answered")
    lab.client.terminate(ike="net")


SILENT = COPIES
ALLOWED = ("nat_detected", "sequence_gap")
