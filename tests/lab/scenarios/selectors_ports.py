"""Selectors with protocol and ports

Only TCP to port 443 of the gateway's net may use the SA, and does."""
from conf import *
from craft import pipes
from scapy.layers.inet import IP, TCP

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    client_child={"local_ts": CLIENT_NET + "[tcp]", "remote_ts": GATEWAY_NET + "[tcp/443]"},
    gateway_child={"local_ts": GATEWAY_NET + "[tcp/443]", "remote_ts": CLIENT_NET + "[tcp]"})))


def story(lab):
    lab.client.initiate()
    there, back = pipes(lab)
    there.send(IP(src=CLIENT_LAN, dst=GATEWAY_LAN) / TCP(sport=40000, dport=443, flags="S"))
    back.send(IP(src=GATEWAY_LAN, dst=CLIENT_LAN) / TCP(sport=443, dport=40000, flags="SA", ack=1))
    there.send(IP(src=CLIENT_LAN, dst=GATEWAY_LAN) / TCP(sport=40000, dport=443, flags="A", seq=1, ack=1))
    lab.client.terminate(ike="net")


SILENT = ("inner_selector_violation", "inner_source_violation")
