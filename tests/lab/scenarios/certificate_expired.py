"""The gateway's certificate has expired two days ago

Names, keys and suites are right; the client looks at the date and leaves."""
from certs import authority
from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    client={"local": {"auth": "pubkey", "certs": "own.pem"}, "remote": {"auth": "pubkey"}},
    gateway={"local": {"auth": "pubkey", "certs": "own.pem"}, "remote": {"auth": "pubkey"}})))


def certificates(directory):
    return authority(directory, {"client": CLIENT_ID, "gateway": GATEWAY_ID}, lasts={"gateway": (-400, -2)})


def story(lab):
    lab.client.initiate()


ROOT = ("certificate_expired",)
TRUTH = [("certificate_expired", ("isakmp.exchangetype == 35 && isakmp.flag_r == 1", -1)),
         ("auth_failed", "isakmp.notify.msgtype == 24")]
SILENT = ("certificate_not_yet_valid", "certificate_name_mismatch")
