"""A packet takes the other Child SA

Two Child SAs live between the same peers, 10.1.0.0/24 to 10.2.0.0/24 and 10.1.1.0/24 to
10.2.1.0/24. Two packets of the second pair travel in the first."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

for _box, _mine, _yours in (("client", "10.1.1.0/24", "10.2.1.0/24"), ("gateway", "10.2.1.0/24", "10.1.1.0/24")):
    CONFIGURATIONS[_box]["connections"]["net"]["children"]["web"] = {
        "local_ts": _mine, "remote_ts": _yours, "esp_proposals": "aes128-sha256"}


def story(lab):
    one = up(lab)
    two = up(lab, "web")
    pings(*one, CLIENT_LAN, GATEWAY_LAN, 2)
    pings(*two, "10.1.1.1", "10.2.1.1", 2)
    pings(one[0], two[1], "10.1.1.1", "10.2.1.1", 2)


WRONG = ("esp && ip.src == 10.1.1.1 && ip.dst == 10.2.1.1", slice(-2, None))
ROOT = ("wrong_child_sa",)
TRUTH = (("wrong_child_sa", WRONG), ("inner_source_violation", WRONG), ("inner_destination_violation", WRONG))
