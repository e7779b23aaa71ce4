"""The gateway has no address left for the client"""
from conf import *

_client, _gateway = roadwarrior()
_gateway["connections"]["net"].pop("pools")
CONFIGURATIONS = {"client": _client, "gateway": _gateway}


def story(lab):
    lab.client.initiate()


ROOT = ("address_assignment_failed",)
TRUTH = (("address_assignment_failed", ("isakmp.notify.msgtype == 36", 0)),)
