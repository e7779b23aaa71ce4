"""IKEv2 with RSA certificates: IKE_AUTH in fragments

Certificates make IKE_AUTH larger than the path's MTU; both sides cut it into encrypted
fragments (RFC 7383), so that no IP fragment is needed."""
from certs import authority
from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    client={"local": {"auth": "pubkey", "certs": "own.pem"}, "remote": {"auth": "pubkey"}},
    gateway={"local": {"auth": "pubkey", "certs": "own.pem"}, "remote": {"auth": "pubkey"}})))
CHARON = {"all": {"fragment_size": 1280}}


def certificates(directory):
    return authority(directory, {"client": CLIENT_ID, "gateway": GATEWAY_ID})


def story(lab):
    lab.client.initiate()
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN)
    lab.client.terminate(ike="net")
