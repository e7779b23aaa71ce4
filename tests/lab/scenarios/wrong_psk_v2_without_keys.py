"""The same refusal, seen without keys

Nobody can read the answer; its length fits a lone notify and nothing else."""
from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(gateway_secrets={"ike-1": {"secret": '"other"'}})))
KEYS = False


def story(lab):
    lab.client.initiate()


ROOT = ("auth_failure_suspected",)
TRUTH = (("auth_failure_suspected", ("isakmp.exchangetype == 35", -1)),)
