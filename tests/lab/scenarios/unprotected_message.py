"""CREATE_CHILD_SA in clear, in the name of both ends

Somebody on the path knows the SPIs of the SA and pretends a Child SA for any address, an address for the client and an
identity. Nothing of that is believed: the packet with an inner source outside the selectors is found all the same."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 2)
    quiet(lab)
    ike = Ike2(lab)
    for spi, response in ((back.spi, False), (there.spi, True)):
        parts = create_child(struct.pack("!I", spi), mine="0.0.0.0/0", yours="0.0.0.0/0")
        parts.append((35, struct.pack("!Bxxx", 2) + b"mallory.evil.example"))
        flags = 0x20 if response else 0x08
        message = clear_message(ike.spi_i, ike.spi_r, 36, flags, 2, parts)
        lab.send(ike_packet(message, *((GATEWAY, CLIENT) if response else (CLIENT, GATEWAY)), 4500, 4500))
    there.send(echo("10.9.9.9", GATEWAY_LAN, 3))


MALFORMED = True
ROOT = ("inner_source_violation", "unprotected_message")
TRUTH = (("unprotected_message", "isakmp.exchangetype == 36"), ("inner_source_violation", "esp && ip.src == 10.9.9.9"))
SILENT = ("wrong_child_sa", "sa_rekeyed", "duplicate_child_sa", "message_id_reused")
