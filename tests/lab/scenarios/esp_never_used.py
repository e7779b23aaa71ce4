"""An SA is installed and never used

The tunnel is up for a minute; no packet comes through."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 1)
    lab.client.initiate("other")
    lab.client.swanctl("--rekey", "--ike", "net")


for _box, _mine, _yours in (("client", "10.1.9.0/24", "10.2.9.0/24"), ("gateway", "10.2.9.0/24", "10.1.9.0/24")):
    CONFIGURATIONS[_box]["connections"]["net"]["children"]["other"] = {
        "local_ts": _mine, "remote_ts": _yours, "esp_proposals": "aes128-sha256"}


def edit(packets):
    """The IKE SA's rekeying two minutes later."""
    for packet in packets[-4:]:
        packet.time += 120
    return packets


TRUTH = (("never_used", ("isakmp.exchangetype == 36 && isakmp.flag_r == 1", 0)),)
