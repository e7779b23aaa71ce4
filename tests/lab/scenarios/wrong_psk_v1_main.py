"""IKEv1 main mode: the pre-shared keys differ

In main mode the key goes into the encryption: the gateway cannot make sense of message 5."""
import time

from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(both={"version": 1}, gateway_secrets={"ike-1": {"secret": '"other"'}})))
KEYS = False


def story(lab):
    lab.client.initiate()
    time.sleep(3)


ROOT = ("auth_failure_suspected",)
TRUTH = (("auth_failure_suspected", "isakmp.exchangetype == 5"),)
ALLOWED = ("retransmission",)
