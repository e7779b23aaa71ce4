"""Large packets are lost on the way, seen at both ends

The router drops packets of more than 1400 octets and says nothing: pings pass, long ones leave the client and never
arrive.
"""
from conf import *
from lab import expect
from points import COPIES

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
KERNEL = "libipsec"
POINTS = {"client": 0, "gateway": 11}
ROOT = ("large_esp_lost",)


def before(lab):
    lab.drop("west", "ip saddr %s meta length > 1400" % CLIENT)


def story(lab):
    expect(lab.client.initiate(), "tunnel is up")
    expect(lab.ping("client", CLIENT_LAN, GATEWAY_LAN) == 3, "pings answered")
    expect(lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 5, 1330) == 0, "long pings are lost")
    expect(lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 4, 400) == 4, "pings answered")
    lab.client.terminate(ike="net")


SILENT = COPIES
ALLOWED = ("sequence_gap", "large_esp_lost")
