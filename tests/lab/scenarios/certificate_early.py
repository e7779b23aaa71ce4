"""The client's certificate is valid from tomorrow on

Its authority's clock was ahead; the gateway rejects it."""
from certs import authority
from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    client={"local": {"auth": "pubkey", "certs": "own.pem"}, "remote": {"auth": "pubkey"}},
    gateway={"local": {"auth": "pubkey", "certs": "own.pem"}, "remote": {"auth": "pubkey"}})))


def certificates(directory):
    return authority(directory, {"client": CLIENT_ID, "gateway": GATEWAY_ID}, lasts={"client": (1, 400)})


def story(lab):
    lab.client.initiate()


ROOT = ("certificate_not_yet_valid",)
TRUTH = [("certificate_not_yet_valid", ("isakmp.exchangetype == 35 && isakmp.flag_i == 1 && isakmp.messageid == 1", -1)),
         ("auth_failed", "isakmp.notify.msgtype == 24")]
SILENT = ("certificate_expired", "certificate_name_mismatch")
