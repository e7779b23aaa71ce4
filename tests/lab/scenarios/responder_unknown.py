"""The client asks for a gateway of another name

Key and certificates are right, but the client's request names vpn.corp.example as the responder that it wants, and the
gateway has no connection of that name: it refuses as it refuses a wrong key."""
from certs import authority
from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    client={"local": {"auth": "pubkey", "certs": "own.pem"}, "remote": {"auth": "pubkey", "id": "vpn.corp.example"}},
    gateway={"local": {"auth": "pubkey", "certs": "own.pem"}, "remote": {"auth": "pubkey"}})))


def certificates(directory):
    return authority(directory, {"client": CLIENT_ID, "gateway": GATEWAY_ID})


def story(lab):
    lab.client.initiate()


ROOT = ("auth_failed",)
TRUTH = (("auth_failed", "isakmp.notify.msgtype == 24"),)
SILENT = ("responder_id_unexpected", "certificate_expired", "certificate_name_mismatch")
