"""IKEv2, transport mode through a NAT

Each side puts its own view of the addresses into the selectors (RFC 7296 section 2.23.1)."""
from conf import *
from craft import pipes
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw

WEST = "203.0.113.1"
CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    gateway={"remote_addrs": "%any"}, child={"mode": "transport", "local_ts": "dynamic", "remote_ts": "dynamic"})))


def before(lab):
    lab.translate("west")


def story(lab):
    lab.client.initiate()
    there, back = pipes(lab, udp=True, mode="transport")
    for number in range(3):
        there.send(IP(src=WEST, dst=GATEWAY) / UDP(sport=5001, dport=5001) / Raw(b"data %d" % number * 9))
        back.send(IP(src=GATEWAY, dst=WEST) / UDP(sport=5001, dport=5001) / Raw(b"data %d" % number * 9))
    lab.client.terminate(ike="net")


TRUTH = (("nat_detected", ("isakmp.exchangetype == 34", 1)),)
SILENT = ("mode_mismatch", "inner_source_violation", "outer_source_violation")
