"""The client deletes the IKE SA as soon as it is up

Three times it is given its address and leaves before any traffic, as phones do that miss something in the answer."""
import time

from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), roadwarrior()))


def story(lab):
    for _ in range(3):
        lab.client.initiate()
        lab.client.terminate(ike="net")
        time.sleep(1.5)


ROOT = ("closed_at_once",)
TRUTH = (("closed_at_once", ("isakmp.exchangetype == 37 && isakmp.flag_r == 0", slice(0, 3))),)
SILENT = ("flapping", "responder_id_unexpected")
