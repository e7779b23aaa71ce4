"""The IKE SA is rekeyed, first by the initiator, then by the responder

Its Child SA is inherited each time and carries traffic on."""
import time

from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
KERNEL = "libipsec"


def story(lab):
    lab.client.initiate()
    for daemon in (lab.client, lab.gateway):
        lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 2)
        daemon.rekey(ike="net")
        time.sleep(1.5)
    lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 2)
    lab.client.terminate(ike="net")
