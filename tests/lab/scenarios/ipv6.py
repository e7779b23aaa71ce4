"""IPv6 outside and inside, AES-GCM

Native ESP between 2001:db8:1::10 and 2001:db8:2::20."""
from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    both={"proposals": "aes256gcm16-prfsha384-x25519"}, child={"esp_proposals": "aes256gcm16"}, six="inner")))


def story(lab):
    lab.client.initiate()
    there, back = pipes(lab)
    pings(there, back, CLIENT_LAN6, GATEWAY_LAN6)
    pings(back, there, GATEWAY_LAN6, CLIENT_LAN6)
    lab.client.terminate(ike="net")
