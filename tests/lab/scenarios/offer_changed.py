"""The second try has another offer

3DES is refused; the administrator changes the client to AES, and the tunnel comes up."""
from conf import *
from craft import pings, pipes

_good, _gateway = tunnel()
_bad = tunnel(both={"proposals": "3des-sha1-modp1024"})[0]
CONFIGURATIONS = {"client": _bad, "gateway": _gateway}


def story(lab):
    lab.client.initiate()
    lab.client.reload(_good)
    lab.client.initiate()
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN, 2)


ROOT = ("no_proposal_chosen",)
TRUTH = (("no_proposal_chosen", ("isakmp.notify.msgtype == 14", 0)), ("offer_changed", ("isakmp.exchangetype == 34", 2)))
