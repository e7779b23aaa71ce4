"""Later fragments in an SA with ports

Only TCP to port 443 may use the SA. A datagram that was fragmented before the tunnel goes into it: its second part
shows no port, and whoever receives it cannot know whether it belongs there."""
from conf import *
from craft import pipes
from scapy.layers.inet import IP, TCP, fragment
from scapy.packet import Raw

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    client_child={"local_ts": CLIENT_NET + "[tcp]", "remote_ts": GATEWAY_NET + "[tcp/443]"},
    gateway_child={"local_ts": GATEWAY_NET + "[tcp/443]", "remote_ts": CLIENT_NET + "[tcp]"})))


def story(lab):
    lab.client.initiate()
    there, back = pipes(lab)
    there.send(IP(src=CLIENT_LAN, dst=GATEWAY_LAN) / TCP(sport=40000, dport=443, flags="S"))
    back.send(IP(src=GATEWAY_LAN, dst=CLIENT_LAN) / TCP(sport=443, dport=40000, flags="SA", ack=1))
    whole = IP(src=CLIENT_LAN, dst=GATEWAY_LAN, id=77) / TCP(sport=40000, dport=443, flags="PA", seq=1, ack=1) / Raw(bytes(600))
    for part in fragment(whole, 400):
        there.send(part)
    back.send(IP(src=GATEWAY_LAN, dst=CLIENT_LAN) / TCP(sport=443, dport=40000, flags="A", seq=1, ack=601))


TRUTH = (("inner_fragment_unmatched", "ip.frag_offset > 0"),)
SILENT = ("inner_selector_violation", "inner_source_violation", "stream_stopped")
