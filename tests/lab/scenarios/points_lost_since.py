"""From a moment on nothing from the gateway arrives

Ten pings go well. Then something between the ends lets no ESP from the gateway through any more; what the client
sends still arrives, and is answered.
"""
from conf import *
from lab import expect
from points import COPIES

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
KERNEL = "libipsec"
POINTS = {"client": 0, "gateway": 0.3}
ROOT = ("lost_between",)


def story(lab):
    expect(lab.client.initiate(), "tunnel is up")
    expect(lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 10) == 10, "pings answered")
    lab.drop("east", "ip saddr %s udp dport 4500 @th,64,32 != 0" % GATEWAY)
    expect(lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 8) == 0, "answers are lost")
    lab.client.terminate(ike="net")


SILENT = COPIES
ALLOWED = ("sequence_gap", "stream_stopped", "one_way")
