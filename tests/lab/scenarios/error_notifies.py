"""Errors that IKE tells of live SAs

TEMPORARY_FAILURE answers a rekeying; INVALID_SELECTORS quotes an ESP packet whose inner source its
receiver did not admit; INVALID_SPI tells of an SPI that the gateway no longer knows."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 2)
    bad = there.send(echo("10.9.9.9", GATEWAY_LAN, 3))
    quiet(lab)
    ike, spi = Ike2(lab), struct.pack("!I", there.spi)
    ike.exchange(37, 0, [notify(39, bytes(bad)[:100], 3, spi)], [], initiator=False)
    ike.exchange(36, 2, create_child(b"\xc1\x00\x00\x01", rekeys=struct.pack("!I", back.spi)), [notify(43)])
    ike.exchange(37, 1, [notify(11, b"\xde\xad\xbe\xef")], [], initiator=False)


ROOT = ("inner_source_violation", "invalid_spi", "error_notify")
TRUTH = (("invalid_selectors", "isakmp.notify.msgtype == 39 || (esp && ip.src == 10.9.9.9)"), ("error_notify", ("isakmp.notify.msgtype == 43", 0)),
         ("invalid_spi", ("isakmp.notify.msgtype == 11", 0)), ("inner_source_violation", "esp && ip.src == 10.9.9.9"))
