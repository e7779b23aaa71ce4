"""One user on two devices that push each other out

Both connect as lisa, the gateway keeps one IKE SA for each user, and each device begins anew as soon as its own is closed."""
import time

from conf import *

_client, _gateway = roadwarrior(client_child={"close_action": "start"})
_gateway["connections"]["net"]["unique"] = "replace"
_client["connections"]["net"]["unique"] = "never"       # no INITIAL_CONTACT: the gateway would say nothing to the other
CONFIGURATIONS = {"client": _client, "gateway": _gateway,
                  "stranger": merge(_client, {"connections": {"net": {"local_addrs": STRANGER}}})}
LINGER = 0.2


def story(lab):
    lab.client.initiate()
    lab.daemons["stranger"].initiate(wait=False)
    time.sleep(0.6)


ROOT = ("identity_contended",)
TRUTH = (("identity_contended", ("isakmp.exchangetype == 37 && isakmp.flag_r == 0 && ip.src == 198.51.100.20", slice(None))),)
SILENT = ("closed_at_once", "flapping")
