"""strongSwan calls libreswan, and the Child SA is rekeyed

libreswan answers IKE_AUTH and the CREATE_CHILD_SA exchange with PFS."""
import time

import libreswan
from conf import *
from craft import pings, pipes, up

CONFIGURATIONS = {"client": tunnel(both={"mobike": False}, child={"esp_proposals": "aes128gcm16-modp2048"})[0]}


def story(lab):
    libreswan.bring(lab, "gateway", {
        "left": GATEWAY, "right": CLIENT, "leftsubnet": GATEWAY_NET, "rightsubnet": CLIENT_NET, "authby": "secret", "ikev2": "yes",
        "ike": "aes256-sha2_256;dh14", "esp": "aes_gcm128-null;dh14", "pfs": "yes", "leftid": "@" + GATEWAY_ID, "rightid": "@" + CLIENT_ID,
        "leftupdown": "%disabled", "encapsulation": "no", "mobike": "no"}, SECRET)
    pings(*up(lab), CLIENT_LAN, GATEWAY_LAN, 2)
    lab.client.rekey(child="net")
    time.sleep(1)
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN, 2)
    lab.client.terminate(ike="net")


TRUTH = (("sa_rekeyed", ("isakmp.exchangetype == 36 && isakmp.flag_r == 1", 0)),)
