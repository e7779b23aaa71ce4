"""IKEv1 main mode, XAUTH and an address by Mode Config

The user's password is right; she is given 10.86.152.186 and uses it."""
from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), roadwarrior(
    both={"version": 1, "proposals": "aes128-sha256-modp2048"},
    client={"local-1": {"auth": "psk", "id": USER}, "local-2": {"auth": "xauth", "xauth_id": USER}},
    gateway={"remote-1": {"auth": "psk", "id": "%any"}, "remote-2": {"auth": "xauth"}},
    secrets={"xauth-1": {"id": USER, "secret": '"labpassword"'}})))


def story(lab):
    lab.client.initiate()
    pings(*pipes(lab), "10.86.152.186", GATEWAY_LAN)
    lab.client.terminate(ike="net")
