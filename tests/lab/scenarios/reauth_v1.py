"""IKEv1: phase 1 is negotiated anew, the phase 2 SA lives on

IKEv1 has no rekeying of phase 1; a second main mode replaces the first."""
import time

from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(both={"version": 1})))
KERNEL = "libipsec"


def story(lab):
    lab.client.initiate()
    lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 2)
    lab.client.rekey(ike="net")
    time.sleep(2)
    lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 2)
    lab.client.rekey(child="net")
    time.sleep(2)
    lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 2)
    lab.client.terminate(ike="net")
