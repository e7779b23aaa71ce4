"""Transport mode is asked for, tunnel mode is answered

The gateway leaves USE_TRANSPORT_MODE out of its answer; the client wanted nothing else."""
from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(child={"local_ts": "dynamic", "remote_ts": "dynamic"}, client_child={"mode": "transport"})))


def story(lab):
    lab.client.initiate()


ROOT = ("mode_mismatch",)
TRUTH = (("mode_mismatch", ("isakmp.exchangetype == 35", 1)),)
