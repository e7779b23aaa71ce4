"""What a receiver drops by sequence number: replays, packets left of the window

After some clean packets: numbers 5 and 6 again, byte for byte; then a jump to 200 (194 numbers
never come); then number 30, long out of the window of 64."""
import time

from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    sent = []
    for number in range(1, 7):
        sent.append(there.send(echo(CLIENT_LAN, GATEWAY_LAN, number)))
        back.send(answer(echo(CLIENT_LAN, GATEWAY_LAN, number)))
    time.sleep(0.3)
    lab.send(sent[4])
    lab.send(sent[5])
    there.send(echo(CLIENT_LAN, GATEWAY_LAN, 7), seq=200)
    there.send(echo(CLIENT_LAN, GATEWAY_LAN, 8), seq=201)
    time.sleep(0.1)
    there.send(echo(CLIENT_LAN, GATEWAY_LAN, 9), seq=30)


ROOT = ("replay", "out_of_window", "sequence_gap")
TRUTH = (("replay", ("esp.sequence == 5 && ip.src == 192.0.2.10 || esp.sequence == 6 && ip.src == 192.0.2.10", slice(None))),
         ("out_of_window", "esp.sequence == 30"), ("sequence_gap", "esp.sequence == 200"))
