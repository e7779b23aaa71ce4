"""IKE itself with AES-GCM, curve 25519, rekeyed once

No separate integrity algorithm: the PRF is negotiated by itself."""
import time

from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    both={"proposals": "aes256gcm16-prfsha384-ecp384"}, child={"esp_proposals": "aes128gcm16-ecp256"})))


def story(lab):
    pings(*up(lab), CLIENT_LAN, GATEWAY_LAN, 2)
    lab.client.rekey(ike="net")
    time.sleep(1)
    lab.client.rekey(child="net")
    time.sleep(1)
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN, 2)
    lab.client.terminate(ike="net")


TRUTH = (("sa_rekeyed", ("isakmp.exchangetype == 36 && isakmp.flag_r == 1", slice(0, 2))),)
