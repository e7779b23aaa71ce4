"""libreswan calls strongSwan, IKEv1 main mode

Quick mode with PFS, as libreswan likes it; it announces NAT-T, DPD and fragmentation in its vendor IDs."""
import time

import libreswan
from conf import *
from craft import pings, pipes
from lab import expect

CONFIGURATIONS = {"gateway": tunnel(both={"version": 1}, child={"esp_proposals": "aes128-sha1-modp2048"})[1]}


def story(lab):
    libreswan.bring(lab, "client", {
        "left": CLIENT, "right": GATEWAY, "leftsubnet": CLIENT_NET, "rightsubnet": GATEWAY_NET, "authby": "secret", "ikev2": "no",
        "ike": "aes256-sha2_256;dh14", "esp": "aes128-sha1;dh14", "pfs": "yes", "leftid": "@" + CLIENT_ID, "rightid": "@" + GATEWAY_ID,
        "leftupdown": "%disabled", "encapsulation": "no"}, SECRET)
    expect(lab.client.initiate(), "libreswan comes up")
    time.sleep(0.5)         # the third message of quick mode
    back, there = pipes(lab, daemon="gateway", initiator=False)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN)
    lab.client.terminate()
