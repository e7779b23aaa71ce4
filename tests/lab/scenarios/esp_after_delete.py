"""ESP goes on after its SA was deleted

The client deletes the Child SA; two seconds later three more packets come on it."""
import time

from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 2)
    lab.client.terminate(child="net")
    time.sleep(2)
    pings(there, None, CLIENT_LAN, GATEWAY_LAN, 3)


ROOT = ("esp_after_delete",)
TRUTH = (("esp_after_delete", ("esp", slice(-3, None))),)
