"""Packets overtake each other inside the window: nothing is wrong"""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    for number in (1, 2, 4, 3, 5, 9, 6, 8, 7, 10):
        there.send(echo(CLIENT_LAN, GATEWAY_LAN, number), seq=number)
        back.send(answer(echo(CLIENT_LAN, GATEWAY_LAN, number)))


SILENT = ("replay", "out_of_window", "sequence_gap")
