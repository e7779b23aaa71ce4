"""A Delete that gets no Delete back

The client deletes its inbound SPI; the gateway's answer does not name its own, and it goes on sending."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 2)
    quiet(lab)
    Ike2(lab).exchange(37, 2, [delete2(struct.pack("!I", back.spi))], [])
    pings(there, None, CLIENT_LAN, GATEWAY_LAN, 2)


ROOT = ("half_closed",)
TRUTH = (("half_closed", ("isakmp.exchangetype == 37", slice(0, 2))),)
