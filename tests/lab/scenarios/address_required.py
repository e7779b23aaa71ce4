"""The client asks for no address, and the gateway wants it to

The gateway gives tunnels only from its pool: FAILED_CP_REQUIRED. What is to be changed is the client."""
from conf import *

_client, _gateway = roadwarrior()
_client["connections"]["net"].pop("vips")
CONFIGURATIONS = {"client": _client, "gateway": _gateway}


def story(lab):
    lab.client.initiate()


ROOT = ("address_assignment_failed",)
TRUTH = (("address_assignment_failed", ("isakmp.notify.msgtype == 37", 0)),)
SILENT = ("ts_unacceptable", "error_notify")
