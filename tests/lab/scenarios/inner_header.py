"""One end uses transport mode in a tunnel

The daemons agreed on tunnel mode. The kernel of the client sends its own pings in transport mode: every packet
verifies, and the gateway finds no IP packet inside."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 2)
    wrong, _ = pipes(lab, mode="transport")
    for number in range(3, 6):
        wrong.send(IP(src=CLIENT, dst=GATEWAY) / ICMP(id=4711, seq=number) / Raw(bytes(56)), seq=number)


ROOT = ("inner_header_unlikely",)
TRUTH = (("inner_header_unlikely", ("esp", (-3, -2, -1))),)
SILENT = ("icv_bad", "inner_source_violation", "stream_stopped")
