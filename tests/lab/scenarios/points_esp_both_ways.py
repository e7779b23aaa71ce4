"""No ESP passes in either direction, seen at both ends

IKE goes well at both ends. Behind it nothing of IP protocol 50 passes the routers, from neither side.
"""
from conf import *
from craft import *
from points import COPIES

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
POINTS = {"client": 0.3, "gateway": 0}
ROOT = ("lost_between", "lost_between")


def before(lab):
    lab.drop("east", "ip protocol esp")


def story(lab):
    there, back = up(lab)
    for number in range(1, 6):
        there.send(echo(CLIENT_LAN, GATEWAY_LAN, number), box="client")
        back.send(echo(GATEWAY_LAN, CLIENT_LAN, number), box="gateway")
    lab.client.terminate(ike="net")


SILENT = COPIES
