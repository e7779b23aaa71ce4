"""IKEv1, transport mode through a NAT (L2TP's way)

The client sits behind west's NAT; quick mode carries its original address in NAT-OA."""
from conf import *
from craft import pipes
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw

WEST = "203.0.113.1"
CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    both={"version": 1, "proposals": "aes128-sha1-modp1024"}, gateway={"remote_addrs": "%any"},
    child={"mode": "transport", "esp_proposals": "aes128-sha1"},
    client_child={"local_ts": "dynamic[udp/1701]", "remote_ts": "dynamic[udp/1701]"},
    gateway_child={"local_ts": "dynamic[udp/1701]", "remote_ts": "dynamic[udp]"})))


def before(lab):
    lab.translate("west")


def story(lab):
    lab.client.initiate()
    there, back = pipes(lab, udp=True, mode="transport")
    for number in range(3):
        there.send(IP(src=WEST, dst=GATEWAY) / UDP(sport=1701, dport=1701) / Raw(b"l2tp %d" % number * 9))
        back.send(IP(src=GATEWAY, dst=WEST) / UDP(sport=1701, dport=1701) / Raw(b"l2tp %d" % number * 9))
    lab.client.terminate(ike="net")


TRUTH = (("nat_detected", ("isakmp.typepayload == 20", 1)),)
SILENT = ("mode_mismatch", "inner_source_violation", "outer_source_violation")
ALLOWED = ("weak_dh_group",)
