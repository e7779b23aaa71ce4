"""ESP of a live SA from a third address, and to one

Three packets with the right keys come from 203.0.113.66: injected, or the client's route has
changed without MOBIKE. Two go to 198.51.100.99, which is no end of the SA."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 3)
    for number in range(4, 7):
        there.send(echo(CLIENT_LAN, GATEWAY_LAN, number), sa=there.association(source=STRANGER))
    for number in range(7, 9):
        there.send(echo(CLIENT_LAN, GATEWAY_LAN, number), sa=there.association(destination="198.51.100.99"))


ROOT = ("outer_source_violation", "outer_destination_violation")
TRUTH = (("outer_source_violation", "ip.src == 203.0.113.66"), ("outer_destination_violation", "ip.dst == 198.51.100.99"))
