"""AH in tunnel mode, IKEv2

Authenticated and in clear: the inner packets are readable without keys."""
from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(child={"esp_proposals": None, "ah_proposals": "sha256"})))


def story(lab):
    lab.client.initiate()
    there, back = pipes(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN)
    lab.client.terminate(ike="net")


TRUTH = (("no_encryption", ("isakmp.exchangetype == 35", -1)),)
SILENT = ("cleartext_bypass", "inner_source_violation")
