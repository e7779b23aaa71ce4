"""Two rounds of authentication (RFC 4739): a certificate, then EAP"""
from certs import authority
from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    client={"local-1": {"auth": "pubkey", "certs": "own.pem", "id": CLIENT_ID}, "local-2": {"auth": "eap-md5", "eap_id": USER, "id": USER},
            "remote": {"auth": "pubkey"}},
    gateway={"local": {"auth": "pubkey", "certs": "own.pem"}, "remote-1": {"auth": "pubkey", "id": CLIENT_ID},
             "remote-2": {"auth": "eap-md5", "id": USER, "eap_id": "%any"}},
    secrets={"eap-1": {"id": USER, "secret": '"labpassword"'}})))


def certificates(directory):
    return authority(directory, {"client": CLIENT_ID, "gateway": GATEWAY_ID})


def story(lab):
    lab.client.initiate()
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN)
    lab.client.terminate(ike="net")
