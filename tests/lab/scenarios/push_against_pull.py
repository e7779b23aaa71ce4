"""IKEv1 after XAUTH: the client waits for a push, the gateway for a pull

The user is accepted. Then each side waits for the other to begin Mode Config, and no quick mode ever comes."""
from conf import *

CAPTURE_FILTER = "udp port 500 or udp port 4500 or icmp"
CONFIGURATIONS = dict(zip(("client", "gateway"), roadwarrior(
    both={"version": 1, "proposals": "aes128-sha256-modp2048"},
    client={"pull": "no", "local-1": {"auth": "psk", "id": USER}, "local-2": {"auth": "xauth", "xauth_id": USER}},
    gateway={"remote-1": {"auth": "psk", "id": "%any"}, "remote-2": {"auth": "xauth"}},
    secrets={"xauth-1": {"id": USER, "secret": '"labpassword"'}})))


def story(lab):
    lab.client.initiate(wait=False)
    import time
    time.sleep(1)
    lab.ping("client", CLIENT, GATEWAY, count=1)


def edit(packets):
    """Nobody has to wait for half a minute."""
    for packet in packets:
        packet.time += 30 if "ICMP" in packet else 0
    return packets


ROOT = ("negotiation_abandoned",)
TRUTH = (("negotiation_abandoned", ("isakmp.exchangetype == 6", -1)),)
SILENT = ("request_unanswered", "auth_failed")
