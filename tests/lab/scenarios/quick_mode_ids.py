"""IKEv1 quick mode: the networks do not meet

The client asks for 10.3.0.0/24, the gateway's policy has 10.2.0.0/24: INVALID-ID-INFORMATION."""
from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(both={"version": 1}, client_child={"remote_ts": "10.3.0.0/24"})))


def story(lab):
    lab.client.initiate()


ROOT = ("ts_unacceptable",)
TRUTH = (("ts_unacceptable", ("isakmp.notify.msgtype == 18", 0)),)
