"""IKEv2 re-authentication, make before break

A second IKE SA with its own Child SA comes up before the first is deleted."""
import time

from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
CHARON = {"all": {"make_before_break": True}}
KERNEL = "libipsec"


def story(lab):
    lab.client.initiate()
    lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 2)
    lab.client.swanctl("--rekey", "--ike", "net", "--reauth")
    time.sleep(3)
    lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 2)
    lab.client.terminate(ike="net")
