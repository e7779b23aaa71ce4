"""Two L2TP clients behind one NAT

Transport mode, IKEv1: outside they share one address, and the selectors are the same. Once the second is up, the gateway
sends the first one's packets in the second one's SA."""
from conf import *
from craft import *
from lab import expect
from scapy.packet import Raw

WEST, PORTS = "203.0.113.1", {"lisa": 4500, "bob": 47772}
_client, _gateway = tunnel(
    both={"version": 1, "proposals": "aes128-sha1-modp2048"}, gateway={"remote_addrs": "%any", "remote": {"id": "%any"}, "unique": "never"},
    child={"mode": "transport", "esp_proposals": "aes128-sha1"},
    client_child={"local_ts": "dynamic[udp/1701]", "remote_ts": "dynamic[udp/1701]"},
    gateway_child={"local_ts": "dynamic[udp/1701]", "remote_ts": "dynamic[udp]"})
CONFIGURATIONS = {"client": two_users(_client), "gateway": _gateway}


def before(lab):
    behind_one_nat(lab, WEST, PORTS)


def l2tp(lab, name, asks, answers, whose):
    """One packet from a client, and the gateway's to the client whose SA that is."""
    for pipe, source, destination, of in ((asks, WEST, GATEWAY, name), (answers, GATEWAY, WEST, whose)):
        packet = pipe.make(IP(src=source, dst=destination) / UDP(sport=1701, dport=1701) / Raw(b"l2tp " * 9))
        if source == WEST:
            packet[UDP].sport = PORTS[of]
        else:
            packet[UDP].dport = PORTS[of]
        lab.send(packet)


def story(lab):
    expect(lab.client.initiate("lisa"), "lisa comes up")
    lisa = pipes(lab, udp=True, mode="transport")
    for _ in range(4):
        l2tp(lab, "lisa", *lisa, "lisa")
    expect(lab.client.initiate("bob"), "bob comes up")
    bob = pipes(lab, udp=True, mode="transport")
    for _ in range(4):
        l2tp(lab, "bob", *bob, "bob")
        l2tp(lab, "lisa", lisa[0], bob[1], "bob")


def edit(packets):
    """A question each second, as people have them, in place of fifty."""
    for number, packet in enumerate(packets):
        if len(packet) > 100 and packet[IP].dst == GATEWAY and packet[UDP].sport != 500 and bytes(packet[UDP].payload)[:4] != bytes(4):
            later(packets, number, 1)
    return packets


ROOT = ("duplicate_child_sa",)
TRUTH = (("duplicate_child_sa", ("isakmp.exchangetype == 32 && ip.src == 198.51.100.20", slice(0, 2))),
         ("nat_detected", ("isakmp.exchangetype == 2 && ip.src == 198.51.100.20", slice(1, 6, 3))))
SILENT = ("nat_mapping_changed", "sa_rekeyed", "outer_source_violation", "outer_destination_violation", "esp_to_wrong_port")
