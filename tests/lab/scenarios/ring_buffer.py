"""One session in three files, as a ring buffer leaves them

The first file has the negotiation, the second ESP only, the third a rekeying and the end. Read
alone, the second knows no IKE: nobody is to blame."""
import time

from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(child={"esp_proposals": "aes128-sha256-modp2048"})))
PARTS = ("1", "2", "3")


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 5)
    lab.client.rekey(child="net")
    time.sleep(1)
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN, 2)
    lab.client.terminate(ike="net")


def edit(packets):
    return packets[:8], packets[8:14], packets[14:]


class First:
    TRUTH = (("sa_established", ("isakmp.exchangetype == 35", -1)),)


class Second:
    TRUTH = (("esp_without_ike", ("esp", slice(0, 2))),)
    SILENT = ("sequence_not_one", "spi_unknown")


class Third:
    TRUTH = (("sa_established", ("isakmp.exchangetype == 36 && isakmp.flag_r == 1", 0)),)
    SILENT = ("payload_missing", "request_unanswered", "peer_restarted")


PART_TRUTHS = (First, Second, Third)
