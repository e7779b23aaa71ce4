"""IKEv2 with EAP-MSCHAPv2 and an address by CP

Six IKE_AUTH exchanges; the gateway shows its pre-shared key, the user her password."""
from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), roadwarrior(
    client={"local": {"auth": "eap-mschapv2", "eap_id": USER}},
    gateway={"remote": {"auth": "eap-mschapv2", "eap_id": "%any"}},
    secrets={"eap-1": {"id": USER, "secret": '"labpassword"'}})))


def story(lab):
    lab.client.initiate()
    pings(*pipes(lab), "10.86.152.186", GATEWAY_LAN)
    lab.client.terminate(ike="net")
