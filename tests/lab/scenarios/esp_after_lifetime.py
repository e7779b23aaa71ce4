"""IKEv1: an SA is used beyond its lifetime

Quick mode agrees on one hour; the capture holds packets of the SA 70 minutes later."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(both={"version": 1}, child={"life_time": "3600s", "rekey_time": "3600s", "rand_time": "0s"})))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 2)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 2)


def edit(packets):
    return later(packets, len(packets) - 4, 4200)


ROOT = ("esp_after_lifetime",)
TRUTH = (("esp_after_lifetime", ("esp", slice(-4, None))),)
