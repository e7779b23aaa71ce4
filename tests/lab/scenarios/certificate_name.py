"""The gateway's certificate names another host

It is valid and of the right authority, but the identity that the gateway gives stands not in it."""
from certs import authority
from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    client={"local": {"auth": "pubkey", "certs": "own.pem"}, "remote": {"auth": "pubkey"}},
    gateway={"local": {"auth": "pubkey", "certs": "own.pem"}, "remote": {"auth": "pubkey"}})))


def certificates(directory):
    return authority(directory, {"client": CLIENT_ID, "gateway": GATEWAY_ID}, named={"gateway": "old-gw.lab.example"})


def story(lab):
    lab.client.initiate()


ROOT = ("certificate_name_mismatch",)
TRUTH = [("certificate_name_mismatch", ("isakmp.exchangetype == 35 && isakmp.flag_r == 1", -1)),
         ("auth_failed", "isakmp.notify.msgtype == 24")]
SILENT = ("certificate_expired", "certificate_not_yet_valid")
