"""Two Child SAs with the same selectors

The second was not asked for as a rekeying of the first: both live side by side."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    one = up(lab)
    pings(*one, CLIENT_LAN, GATEWAY_LAN, 2)
    quiet(lab)
    Ike2(lab).exchange(36, 2, create_child(b"\xc1\x00\x00\x01"), create_child(b"\xc2\x00\x00\x02"))


TRUTH = (("duplicate_child_sa", ("isakmp.exchangetype == 36 && isakmp.flag_r == 1", 0)),)
