"""IKE is agreed, the ESP proposals do not meet

The client offers AES-256 with SHA-512, the gateway wants AES-128 with SHA-256: IKE_AUTH is answered
by NO_PROPOSAL_CHOSEN, and an IKE SA without a Child SA remains."""
from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(client_child={"esp_proposals": "aes256-sha512"})))


def story(lab):
    lab.client.initiate()


ROOT = ("no_proposal_chosen",)
TRUTH = (("no_proposal_chosen", ("isakmp.notify.msgtype == 14", 0)),)
