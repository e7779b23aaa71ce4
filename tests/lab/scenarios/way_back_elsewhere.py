"""From some moment on the way back is not in the capture

A route changes, and the gateway's packets reach the client by another line. The client's TCP acknowledges more and more
of what nobody sees here: the tunnel works, and only the capture lacks a half."""
import time

from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    sent, got = 1000, 5000
    for number in range(14):
        there.send(IP(src=CLIENT_LAN, dst=GATEWAY_LAN) / TCP(sport=40000, dport=22, flags="PA", seq=sent, ack=got) / Raw(b"k" * 36))
        sent += 36
        reply = IP(src=GATEWAY_LAN, dst=CLIENT_LAN) / TCP(sport=22, dport=40000, flags="PA", seq=got, ack=sent) / Raw(b"r" * 36)
        if number < 8:
            back.send(reply)
        else:
            back.make(reply)
        got += 36
        time.sleep(0.1)
        there.send(IP(src=CLIENT_LAN, dst=GATEWAY_LAN) / TCP(sport=40000, dport=22, flags="A", seq=sent, ack=got))
        time.sleep(0.25)


SILENT = ("stream_stopped", "one_way", "large_esp_lost")
