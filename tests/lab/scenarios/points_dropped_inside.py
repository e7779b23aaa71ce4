"""The gateway receives packets and drops what they carry

Captured at the client, at the gateway and at the device of its tunnel. The packets of 10.86.0.5 arrive and are
genuine; the selectors do not have that source, and nothing of it comes out of the tunnel. Those of 10.1.0.1 do.
"""
from conf import *
from craft import *
from lab import expect
from points import COPIES

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
KERNEL = "libipsec"
POINTS = {"client": 0, "gateway": 11, "tunnel": 11}
ROOT = ("inner_source_violation",)


def story(lab):
    expect(lab.client.initiate(), "tunnel is up")
    expect(lab.ping("client", CLIENT_LAN, GATEWAY_LAN, 4) == 4, "pings answered")
    there, _ = pipes(lab, udp=True)
    for number in range(5, 9):
        there.send(echo("10.86.0.5", GATEWAY_LAN, number), seq=number, box="client")


SILENT = COPIES
ALLOWED = ("inner_source_violation", "one_way", "stream_stopped")
