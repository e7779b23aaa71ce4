"""An answer is lost; request and answer come again

The gateway's first IKE_SA_INIT answer is dropped after the capture point."""
import threading

from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def before(lab):
    lab.drop("west", "iifname mid udp sport 500")


def story(lab):
    one = threading.Thread(target=lab.client.initiate)
    one.start()
    lab.wait_dropped("west")
    lab.allow("west")
    one.join()
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN, 2)


TRUTH = (("retransmission", ("isakmp.exchangetype == 34", slice(2, 4))),)
SILENT = ("request_unanswered", "replay")
