"""One IKE message fails its integrity check, one number serves two requests

The keys are right, as the messages around show: frame by frame the fault is the sender's or the path's."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    quiet(lab)
    ike = Ike2(lab)
    lab.send(ike_packet(ike.message(37, 2, [], bad_icv=True), CLIENT, GATEWAY, 4500, 4500))
    ike.exchange(37, 2, [], [])
    ike.exchange(37, 3, [delete2(struct.pack("!I", back.spi))], [delete2(struct.pack("!I", there.spi))])
    lab.send(ike_packet(ike.message(37, 3, [notify(16384)]), CLIENT, GATEWAY, 4500, 4500))


UNDECRYPTED = "isakmp"
MALFORMED = True
ROOT = ("ike_icv_bad",)
TRUTH = (("ike_icv_bad", ("isakmp.exchangetype == 37", 0)), ("message_id_reused", ("isakmp.exchangetype == 37 && isakmp.messageid == 3", -1)))
