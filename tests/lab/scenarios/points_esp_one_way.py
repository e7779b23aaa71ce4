"""All ESP to the gateway is lost on the way, seen at both ends

IKE passes on UDP 500. A filter between the routers lets nothing of IP protocol 50 from the client through; what the
gateway sends arrives.
"""
from conf import *
from craft import *
from points import COPIES

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
POINTS = {"client": 0, "gateway": 11}
ROOT = ("lost_between",)


def before(lab):
    lab.drop("west", "ip saddr %s ip protocol esp" % CLIENT)


def story(lab):
    there, back = up(lab)
    for number in range(1, 7):
        there.send(echo(CLIENT_LAN, GATEWAY_LAN, number), box="client")
        back.send(echo(GATEWAY_LAN, CLIENT_LAN, number), box="gateway")


SILENT = COPIES
