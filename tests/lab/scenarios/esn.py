"""Extended sequence numbers

ESN is negotiated; the upper 32 bits are in no packet, yet under the ICV."""
from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(child={"esp_proposals": "aes128-sha256-esn"})))


def story(lab):
    lab.client.initiate()
    there, back = pipes(lab, esn=True)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN)
    lab.client.terminate(ike="net")


SILENT = ("icv_bad", "wrong_key", "esn_mismatch")
