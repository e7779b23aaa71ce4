"""The tunnel is up, and packets pass it by in clear

Between 10.1.0.1 and 10.2.0.1 everything should be in ESP; a minute later the client's route changes, and three
pings go by it in clear."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

CAPTURE_FILTER = "udp port 500 or udp port 4500 or esp or icmp"


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 2)
    lab.ip("west", "route", "add", GATEWAY_NET, "via", "203.0.113.2")
    lab.ip("east", "route", "add", GATEWAY_NET, "via", GATEWAY)
    for number in range(3, 6):
        lab.send(echo(CLIENT_LAN, GATEWAY_LAN, number), "west")


def edit(packets):
    """The route changes a minute after the last packet of ESP."""
    return later(packets, len(packets) - 3, 60)


ROOT = ("cleartext_bypass",)
TRUTH = (("cleartext_bypass", "icmp && !esp"),)
