"""Traffic stops between the old SA and the new one

The client pings five times a second; the rekeying goes well, but the gateway's first packet on
the new SA comes three seconds late."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 8)
    lab.client.rekey(child="net")
    import time
    time.sleep(0.5)
    there, back = pipes(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 6)


def edit(packets):
    """Steady traffic before, and three seconds of silence after the rekeying."""
    start = packets[3].time
    for number, packet in enumerate(packets):
        packet.time = start + 0.1 * number + (3 if number > 23 else 0)
    return packets


TRUTH = (("rekey_gap", ("esp", (-14, -13, -12, -11))),)
