"""A Child SA is rekeyed, first by the initiator, then by the responder

New SA, traffic moves, Delete of the old one; nothing is lost."""
import time

from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(child={"esp_proposals": "aes128-sha256-modp2048"})))
KERNEL = "libipsec"


def story(lab):
    lab.client.initiate()
    for daemon in (lab.client, lab.gateway):
        lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 2)
        daemon.rekey(child="net")
        time.sleep(1.5)
    lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 2)
    lab.client.terminate(ike="net")


TRUTH = (("sa_rekeyed", ("isakmp.exchangetype == 36 && isakmp.flag_r == 1", slice(0, 2))),)
