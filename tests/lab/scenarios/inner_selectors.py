"""Inner packets that their SA does not admit

Only TCP between 10.1.0.0/24 and port 443 of 10.2.0.0/24 may pass. One packet has another
destination net, one another port, one another protocol, one another source."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    client_child={"local_ts": CLIENT_NET + "[tcp]", "remote_ts": GATEWAY_NET + "[tcp/443]"},
    gateway_child={"local_ts": GATEWAY_NET + "[tcp/443]", "remote_ts": CLIENT_NET + "[tcp]"})))


def story(lab):
    there, back = up(lab)
    for source, target, port in ((CLIENT_LAN, GATEWAY_LAN, 443), (CLIENT_LAN, "10.99.0.1", 443), (CLIENT_LAN, GATEWAY_LAN, 80),
                                 ("10.7.0.1", GATEWAY_LAN, 443)):
        there.send(IP(src=source, dst=target) / TCP(sport=40000, dport=port, flags="S"))
        back.send(IP(src=GATEWAY_LAN, dst=CLIENT_LAN) / TCP(sport=443, dport=40000, flags="SA", ack=1))
    there.send(IP(src=CLIENT_LAN, dst=GATEWAY_LAN) / UDP(sport=40000, dport=443) / Raw(b"quic"))


ROOT = ("inner_destination_violation", "inner_selector_violation", "inner_source_violation")
TRUTH = (("inner_destination_violation", "esp && ip.dst == 10.99.0.1"), ("inner_selector_violation", "esp && (tcp.dstport == 80 || udp.dstport == 443)"),
         ("inner_source_violation", "esp && ip.src == 10.7.0.1"))
