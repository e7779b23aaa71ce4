"""libreswan calls strongSwan, IKEv2

Another implementation, other habits: which notifies it sends, how it pads, what it offers."""
import libreswan
from conf import *
from craft import pings, pipes
from lab import expect

CONFIGURATIONS = {"gateway": tunnel()[1]}


def story(lab):
    libreswan.bring(lab, "client", {
        "left": CLIENT, "right": GATEWAY, "leftsubnet": CLIENT_NET, "rightsubnet": GATEWAY_NET, "authby": "secret", "ikev2": "yes",
        "ike": "aes256-sha2_256;dh14", "esp": "aes128-sha2_256", "pfs": "no", "leftid": "@" + CLIENT_ID, "rightid": "@" + GATEWAY_ID,
        "leftupdown": "%disabled", "encapsulation": "no", "mobike": "no"}, SECRET)
    expect(lab.client.initiate(), "libreswan comes up")
    back, there = pipes(lab, daemon="gateway", initiator=False)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN)
    lab.client.terminate()
