"""IKEv1 main mode and quick mode with PFS, native ESP

Six messages, quick mode of three, pings, Delete of both SAs."""
from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    both={"version": 1, "proposals": "aes128-sha256-modp2048"}, child={"esp_proposals": "aes128-sha256-modp2048"})))


def story(lab):
    lab.client.initiate()
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN)
    lab.client.terminate(ike="net")


TRUTH = (("ikev1_in_use", ("isakmp", 0)),)
