"""Captured on the NAT itself, both sides in one file

Every packet is there twice, before and after translation, with other addresses and ports: no
retransmissions, no replays, no strangers."""
import time

from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(gateway={"remote_addrs": "%any"})))
KERNEL = "libipsec"
INNER = "192.0.2.10"


def before(lab):
    lab.translate("west")


def story(lab):
    lab.listen(("west", "to_client"), lab.tmp / "inside.pcap")
    lab.client.initiate()
    lab.ping("client", CLIENT_LAN, GATEWAY_LAN)
    lab.ping("gateway", GATEWAY_LAN, CLIENT_LAN)
    lab.client.terminate(ike="net")
    time.sleep(1)
    global inside_file
    inside_file = lab.tmp / "inside.pcap"


def edit(packets):
    from scapy.utils import rdpcap
    return sorted([*packets, *rdpcap(str(inside_file))], key=lambda packet: packet.time)


TRUTH = (("nat_detected", ("isakmp", 2)), ("duplicate_frame", ("frame", slice(1, None, 2))))
SILENT = ("replay", "message_id_reused", "outer_source_violation", "outer_destination_violation", "ike_from_new_address", "request_unanswered")
