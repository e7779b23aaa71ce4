"""IKEv2 re-authentication, break before make

The client deletes the IKE SA and negotiates another at once."""
import time

from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(child={"dpd_action": "none"})))
KERNEL = "libipsec"


def story(lab):
    lab.client.initiate()
    lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 2)
    lab.client.swanctl("--rekey", "--ike", "net", "--reauth")
    time.sleep(2)
    lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 2)
    lab.client.terminate(ike="net")
