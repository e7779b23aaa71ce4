"""IKEv2: the pre-shared keys differ

IKE_SA_INIT goes well; the gateway cannot verify the client's AUTH: AUTHENTICATION_FAILED."""
from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(gateway_secrets={"ike-1": {"secret": '"other"'}})))


def story(lab):
    lab.client.initiate()


ROOT = ("auth_failed",)
TRUTH = (("auth_failed", ("isakmp.notify.msgtype == 24", 0)),)
