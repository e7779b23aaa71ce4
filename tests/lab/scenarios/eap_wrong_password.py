"""IKEv2 with EAP-MD5: the password has changed

The gateway accepts the exchange up to the password's proof, then says EAP failure and ends."""
from conf import *

_client, _gateway = roadwarrior(
    client={"local": {"auth": "eap-md5", "eap_id": USER}},
    gateway={"remote": {"auth": "eap-md5", "eap_id": "%any"}},
    secrets={"eap-1": {"id": USER, "secret": '"old-password"'}}, gateway_secrets={"eap-1": {"id": USER, "secret": '"new-password"'}})
CONFIGURATIONS = {"client": _client, "gateway": _gateway}


def story(lab):
    lab.client.initiate()


ROOT = ("auth_failed",)
TRUTH = (("auth_failed", "eap.code == 4"),)
SILENT = ("no_proposal_chosen",)
