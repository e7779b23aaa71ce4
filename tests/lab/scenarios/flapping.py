"""The two ends take the tunnel down in turn, and set it up again

Client and gateway each delete an IKE SA that works; three come and go within some seconds."""
import time

from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
KERNEL = "libipsec"


def story(lab):
    for end in (lab.client, lab.gateway, lab.client):
        lab.client.initiate()
        lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 2)
        end.terminate(ike="net")
        time.sleep(1)


ROOT = ("flapping",)
TRUTH = (("flapping", ("isakmp.exchangetype == 37 && isakmp.flag_r == 0", slice(0, 3))),)
SILENT = ("closed_at_once",)
