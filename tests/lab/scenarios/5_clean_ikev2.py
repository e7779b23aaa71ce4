"""Nothing is wrong

IKEv2 with pre-shared keys, three pings each way, Delete and its answer."""
from conf import *
from lab import expect

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
KERNEL = "libipsec"


def story(lab):
    expect(lab.client.initiate(), "tunnel is up")
    expect(lab.ping("client", CLIENT_LAN, GATEWAY_LAN) == 3, "pings answered")
    expect(lab.ping("gateway", GATEWAY_LAN, CLIENT_LAN) == 3, "pings answered")
    lab.client.terminate(ike="net")


COUNTS = (("isakmp", 6), ("esp", 12))
TRUTH = (("sa_established", ("isakmp.exchangetype == 35", -1)), ("sa_deleted", ("isakmp.typepayload == 42", 0)), ("nat_forced", ("isakmp", 1)))
SILENT = ("virtual_ip_violation",)
