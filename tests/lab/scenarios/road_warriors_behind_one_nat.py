"""Two road warriors behind one NAT, each with an address of its own

Tunnel mode and keepalives: nothing is wrong, though both have one address outside."""
from conf import *
from craft import *
from scapy.packet import Raw

WEST, PORTS = "203.0.113.1", {"lisa": 4500, "bob": 47772}
_client, _gateway = roadwarrior()
CONFIGURATIONS = {"client": two_users(_client), "gateway": _gateway}


def before(lab):
    behind_one_nat(lab, WEST, PORTS)


def story(lab):
    both = {}
    for name in PORTS:
        there, back = up(lab, name, udp=True)
        there.sa = there.association(source=WEST, sport=PORTS[name])
        back.sa = back.association(destination=WEST, dport=PORTS[name])
        both[name] = there, back
    for _ in range(3):
        for name, address in (("lisa", "10.86.152.186"), ("bob", "10.86.152.187")):
            pings(*both[name], address, GATEWAY_LAN, 2)
            lab.send(IP(src=WEST, dst=GATEWAY, id=7 * len(name)) / UDP(sport=PORTS[name], dport=4500) / Raw(b"\xff"))
    lab.client.terminate(ike="lisa")
    lab.client.terminate(ike="bob")


def edit(packets):
    """A question each second, as people have them, in place of fifty."""
    for number, packet in enumerate(packets):
        if len(packet) > 100 and packet[IP].dst == GATEWAY and packet[UDP].sport != 500 and bytes(packet[UDP].payload)[:4] != bytes(4):
            later(packets, number, 1)
    return packets


TRUTH = (("nat_detected", ("isakmp.exchangetype == 34 && isakmp.flag_r == 1", slice(0, 2))),)
SILENT = ("nat_mapping_changed", "keepalive_gap", "duplicate_child_sa", "stream_stopped", "outer_source_violation", "virtual_ip_shared")
