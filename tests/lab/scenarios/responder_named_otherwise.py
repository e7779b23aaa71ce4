"""The gateway behind a NAT calls itself by its private address

The client expects the public address that it reached. Both know the key, and yet the client deletes the IKE SA immediately."""
from conf import *

PUBLIC = "203.0.113.2"
CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    both={"version": 1, "proposals": "aes128-sha1-modp2048"},
    client={"remote_addrs": PUBLIC, "remote": {"id": PUBLIC}}, gateway={"remote_addrs": "%any", "local": {"id": None}})))


def before(lab):
    lab.translate("east")


def story(lab):
    lab.client.initiate()


ROOT = ("responder_id_unexpected",)
TRUTH = (("responder_id_unexpected", ("isakmp", slice(5, 7))), ("nat_detected", ("isakmp", 3)))
SILENT = ("closed_at_once", "auth_failed", "identity_rejected")
