"""The client's certificate is of an authority that the gateway does not ask for

IKEv1: the gateway asks for certificates of its own authority by name (main mode, message 4). The client has one of another, sends
it alone, and is refused."""
from certs import authority
from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(both={"version": 1},
    client={"local": {"auth": "pubkey", "certs": "own.pem"}, "remote": {"auth": "pubkey"}},
    gateway={"local": {"auth": "pubkey", "certs": "own.pem"}, "remote": {"auth": "pubkey"}})))


def certificates(directory):
    ours = authority(directory, {"gateway": GATEWAY_ID})["gateway"]
    other = authority(directory, {"client": CLIENT_ID}, ca="Other CA")["client"]
    return {"client": {**other, "x509ca": {**ours["x509ca"], "other.pem": other["x509ca"]["ca.pem"]}}, "gateway": ours}


def story(lab):
    lab.client.initiate()


ROOT = ("auth_failed",)
TRUTH = [("auth_failed", "isakmp.notify.msgtype == 24 && isakmp.exchangetype == 5")]
SILENT = ("certificate_expired", "certificate_name_mismatch", "weak_certificate")
