"""Old algorithms are offered beside good ones

The client still offers 3DES, SHA-1 and 1024-bit MODP; the gateway takes the good suite."""
from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    client={"proposals": ["aes256-sha256-modp2048", "3des-sha1-modp1024"]}, client_child={"esp_proposals": ["aes128-sha256", "3des-md5"]})))


def story(lab):
    lab.client.initiate()
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN, 2)


TRUTH = (("weak_offered", ("isakmp.flag_r == 0", slice(0, 2))),)
