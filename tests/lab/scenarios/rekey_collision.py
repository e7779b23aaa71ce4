"""Both sides rekey the same Child SA at once

The key exchange of group 18 takes them long enough that neither has seen the other's request
when its own goes out. Two CREATE_CHILD_SA requests cross; the one with the lowest nonce loses and its SA is deleted."""
import threading
import time

from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    child={"esp_proposals": "aes128-sha256-modp8192"})))
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


TRUTH = (("rekey_collision", ("isakmp.exchangetype == 36 && isakmp.flag_r == 0", slice(0, 2))),)
