"""IKEv1: two quick modes for the same networks, both sides at once

Client and gateway start quick mode in the same moment; two pairs of SAs live, and the newer wins."""
import threading
import time

from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(both={"version": 1}, child={"esp_proposals": "aes128-sha256-modp2048"})))
KERNEL = "libipsec"


def story(lab):
    lab.client.initiate()
    lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 2)
    both = [threading.Thread(target=daemon.rekey, kwargs={"child": "net"}) for daemon in (lab.client, lab.gateway)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    time.sleep(2)
    lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 2)
    lab.client.terminate(ike="net")
