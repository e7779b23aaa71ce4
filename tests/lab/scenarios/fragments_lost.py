"""Certificates in IP fragments, and a firewall that drops fragments

Without IKE fragmentation IKE_AUTH is cut by IP; small messages pass, this one never does."""
from certs import authority
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(both={"fragmentation": False},
    client={"local": {"auth": "pubkey", "certs": "own.pem"}, "remote": {"auth": "pubkey"}},
    gateway={"local": {"auth": "pubkey", "certs": "own.pem"}, "remote": {"auth": "pubkey"}})))


def certificates(directory):
    return authority(directory, {"client": CLIENT_ID, "gateway": GATEWAY_ID}, size="4096")


def before(lab):
    lab.drop("east", "ip length > 1400")


def story(lab):
    lab.client.initiate()


ROOT = ("large_message_lost",)
TRUTH = (("large_message_lost", ("isakmp.exchangetype == 35", slice(None))),)
ALLOWED = ("outer_fragment", "retransmission")
