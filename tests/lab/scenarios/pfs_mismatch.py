"""PFS on one side only: it shows at the first rekeying

The tunnel comes up, for the Child SA of IKE_AUTH has no key exchange of its own. The rekeying has:
the client asks without PFS, the gateway wants MODP 2048 and refuses."""
import time

from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(gateway_child={"esp_proposals": "aes128-sha256-modp2048"})))


def story(lab):
    lab.client.initiate()
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN, 2)
    lab.client.rekey(child="net")
    time.sleep(1)


ROOT = ("pfs_mismatch",)
TRUTH = (("pfs_mismatch", ("isakmp.exchangetype == 36 && isakmp.flag_r == 1", 0)), ("no_proposal_chosen", ("isakmp.notify.msgtype == 14", 0)))
