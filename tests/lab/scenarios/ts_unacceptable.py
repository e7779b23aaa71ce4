"""IKEv2: the selectors do not meet"""
from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(client_child={"remote_ts": "10.3.0.0/24"})))


def story(lab):
    lab.client.initiate()


ROOT = ("ts_unacceptable",)
TRUTH = (("ts_unacceptable", ("isakmp.notify.msgtype == 38", 0)),)
