"""A childless IKE SA (RFC 6023), its Child SA later

IKE_AUTH carries no SA and no selectors; CREATE_CHILD_SA makes the first Child SA."""
import time

from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(both={"childless": "force"}, child={"esp_proposals": "aes128-sha256-modp2048"})))


def story(lab):
    lab.client.swanctl("--initiate", "--ike", "net", "--timeout", "5")
    time.sleep(0.5)
    lab.client.initiate()
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN)
    lab.client.terminate(ike="net")


SILENT = ("payload_missing", "payload_unexpected")
