"""Two Child SAs with the same selectors

The second was not asked for as a rekeying of the first: both live side by side."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
for _box in CONFIGURATIONS:
    CONFIGURATIONS[_box]["connections"]["net"]["children"]["again"] = dict(CONFIGURATIONS[_box]["connections"]["net"]["children"]["net"])


def story(lab):
    one = up(lab)
    pings(*one, CLIENT_LAN, GATEWAY_LAN, 2)
    two = up(lab, "again")
    pings(*two, CLIENT_LAN, GATEWAY_LAN, 2)


TRUTH = (("duplicate_child_sa", ("isakmp.exchangetype == 36 && isakmp.flag_r == 1", 0)),)
