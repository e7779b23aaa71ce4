"""IKEv1 seen at both ends, one clock 400 seconds ahead

Main mode, quick mode, pings and a Delete: the far copies are no retransmissions.
"""
from conf import *
from lab import expect
from points import COPIES

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(both={"version": 1, "proposals": "aes128-sha256-modp2048"})))
KERNEL = "libipsec"
POINTS = {"client": 0, "gateway": 400}
MALFORMED = True        # Wireshark chains the IVs of both sightings


def story(lab):
    expect(lab.client.initiate(), "tunnel is up")
    expect(lab.ping("client", CLIENT_LAN, GATEWAY_LAN) == 3, "pings answered")
    expect(lab.ping("gateway", GATEWAY_LAN, CLIENT_LAN, 2) == 2, "pings answered")
    lab.client.terminate(ike="net")


SILENT = (*COPIES, "retransmission", "message_id_reused")
