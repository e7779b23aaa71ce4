"""A user behind a NAT, all day: keepalives, a rekeying of the Child SA and of the IKE SA

EAP, an assigned address, UDP encapsulation with genuine hashes, keepalives every 20 seconds."""
import time

from conf import *
from craft import *

WEST = "203.0.113.1"
CONFIGURATIONS = dict(zip(("client", "gateway"), roadwarrior(
    client={"local": {"auth": "eap-md5", "eap_id": USER}}, gateway={"remote": {"auth": "eap-md5", "eap_id": "%any"}},
    child={"esp_proposals": "aes128gcm16-x25519"}, secrets={"eap-1": {"id": USER, "secret": '"labpassword"'}})))


def before(lab):
    lab.translate("west")


def translated(lab):
    there, back = pipes(lab, udp=True)
    there.sa, back.sa = there.association(source=WEST), back.association(destination=WEST)
    return there, back


def story(lab):
    lab.client.initiate()
    pings(*translated(lab), "10.86.152.186", GATEWAY_LAN, 2)
    for _ in range(3):
        lab.send(IP(src=WEST, dst=GATEWAY) / UDP(sport=4500, dport=4500) / Raw(b"\xff"))
    lab.client.rekey(child="net")
    time.sleep(1)
    pings(*translated(lab), "10.86.152.186", GATEWAY_LAN, 2)
    lab.gateway.rekey(ike="net")
    time.sleep(1)
    lab.client.terminate(ike="net")


def edit(packets):
    alive = [n for n, packet in enumerate(packets) if UDP in packet and bytes(packet[UDP].payload)[:2] == b"\xff"]
    for number in alive:
        later(packets, number, 20)
    return packets


TRUTH = (("nat_detected", ("isakmp.exchangetype == 34", 1)), ("sa_rekeyed", ("isakmp.exchangetype == 36 && isakmp.flag_r == 1", slice(0, 2))))
SILENT = ("keepalive_gap", "nat_mapping_changed", "outer_source_violation", "rekey_gap")
