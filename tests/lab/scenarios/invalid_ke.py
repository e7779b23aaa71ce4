"""The first guess of the group is wrong

The client's KE is of curve25519, the gateway wants MODP 2048: INVALID_KE_PAYLOAD, and the client
comes again with what is wanted. It costs one round trip, no more."""
from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(client={"proposals": "aes256-sha256-x25519-modp2048"})))


def story(lab):
    lab.client.initiate()
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN, 2)


TRUTH = (("invalid_ke_payload", ("isakmp.notify.msgtype == 17", 0)),)
