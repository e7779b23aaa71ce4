"""A rekeying chooses a weaker suite than before

AES-128 with SHA-256 becomes 3DES with MD5 at the first rekeying."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 2)
    quiet(lab)
    weak = ((1, 3), (3, 1), (5, 0))
    Ike2(lab).exchange(36, 2, create_child(b"\xc1\x00\x00\x01", weak, rekeys=struct.pack("!I", back.spi)), create_child(b"\xc2\x00\x00\x02", weak))


ROOT = ("suite_downgraded",)
TRUTH = (("suite_downgraded", ("isakmp.exchangetype == 36 && isakmp.flag_r == 1", 0)),)
ALLOWED = ("weak_encryption", "weak_integrity")
