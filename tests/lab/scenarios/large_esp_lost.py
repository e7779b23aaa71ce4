"""Ping passes, downloads hang

A router on the way drops packets of more than 1400 octets and says nothing. The gateway sends a page through the
tunnel: its short last segment arrives, the long ones never do, and are sent again after doubled pauses."""
import time

from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
SYN, ACK, PUSH = 2, 16, 8


def before(lab):
    lab.nft("west", "add table ip lost; add chain ip lost way { type filter hook forward priority 0; }; "
            "add rule ip lost way ip protocol esp meta length > 1400 drop")


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 3)

    def ask(flags, seq, ack, data=b""):
        there.send(IP(src=CLIENT_LAN, dst=GATEWAY_LAN) / TCP(sport=40000, dport=80, flags=flags, seq=seq, ack=ack) / Raw(data))

    def page(flags, seq, ack, data=b""):
        back.send(IP(src=GATEWAY_LAN, dst=CLIENT_LAN) / TCP(sport=80, dport=40000, flags=flags, seq=seq, ack=ack) / Raw(data))

    ask(SYN, 100, 0)
    page(SYN | ACK, 500, 101)
    ask(ACK, 101, 501)
    ask(ACK | PUSH, 101, 501, b"GET / HTTP/1.0\r\n\r\n")
    page(ACK, 501, 119)
    for number in range(3):
        page(ACK, 501 + 1348 * number, 119, b"x" * 1348)
    page(ACK | PUSH, 501 + 1348 * 3, 119, b"end")
    ask(ACK, 119, 501)
    for number in range(4):
        time.sleep(0.3 * 2 ** number)
        page(ACK, 501, 119, b"x" * 1348)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 2)


ROOT = ("large_esp_lost",)
TRUTH = (("large_esp_lost", ("tcp.len == 1348", (0, -1))),)
SILENT = ("stream_stopped", "one_way", "sequence_gap")
