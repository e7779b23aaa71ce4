"""Liveness checks on a quiet IKEv2 SA

Empty INFORMATIONAL exchanges, each answered; nothing else happens for a while."""
import time

from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(client={"dpd_delay": "1s"})))


def story(lab):
    lab.client.initiate()
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN, 1)
    time.sleep(4)
    lab.client.terminate(ike="net")


SILENT = ("dead_peer", "request_unanswered")
