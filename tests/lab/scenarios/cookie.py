"""A cookie challenge

A stranger has left half-open SAs, so that the gateway demands a cookie before it computes
anything. The client comes back with it, and all goes well."""
import time

from conf import *
from craft import ike_packet, pings, pipes, sa_init

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(gateway={"remote_addrs": "%any"})))
CAPTURE_FILTER = "(udp port 500 or udp port 4500 or esp) and not host " + STRANGER
CHARON = {"gateway": {"cookie_threshold": 2, "cookie_threshold_ip": 2}}


def story(lab):
    for port in range(3):
        lab.send(ike_packet(sa_init(source=STRANGER, destination=GATEWAY, sport=500), STRANGER, GATEWAY), "stranger")
    time.sleep(0.5)
    lab.client.initiate()
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN)
    lab.client.terminate(ike="net")


TRUTH = (("cookie_challenge", ("isakmp.notify.msgtype == 16390 && isakmp.flag_r == 1", 0)),)
