"""Aggressive mode against a gateway that wants main mode

The gateway's configuration has main mode for this peer; it refuses."""
from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(both={"version": 1}, client={"aggressive": True})))


def story(lab):
    lab.client.initiate()


ROOT = ("exchange_mode_mismatch",)
TRUTH = (("exchange_mode_mismatch", ("isakmp", 1)),)
