"""IKEv1 aggressive mode with a pre-shared key

Three messages for phase 1; the identity and the hash of the key are in clear."""
from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    both={"version": 1, "aggressive": True, "proposals": "aes128-sha1-modp2048"}, child={"esp_proposals": "aes128-sha1"})))


def story(lab):
    lab.client.initiate()
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN)
    lab.client.terminate(ike="net")


TRUTH = (("aggressive_mode_psk", ("isakmp.exchangetype == 4", 1)),)
