"""A post-quantum preshared key (RFC 8784)

Both sides hold the PPK; IKE_AUTH names it and mixes it into the keys."""
from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    both={"ppk_required": True}, client={"ppk_id": "lab-ppk"}, secrets={"ppk-1": {"id": "lab-ppk", "secret": '"0x%s"' % ("17" * 32)}})))


def story(lab):
    lab.client.initiate()
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN)
    lab.client.terminate(ike="net")


TRUTH = (("post_quantum", ("isakmp.exchangetype == 35", -1)),)
