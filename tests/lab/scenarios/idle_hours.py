"""Nobody uses the tunnel for hours

Three pings, then nothing but liveness checks, then three pings again. An idle SA is as good as a busy one."""
from conf import *
from craft import *
import time

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(client={"dpd_delay": "1s"})))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN)
    time.sleep(4)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN)


def edit(packets):
    """A liveness check every 20 minutes."""
    result, hours = [], 0
    for packet in packets:
        asks = UDP in packet and packet[IP].src == CLIENT and bytes(packet[UDP].payload)[22:23] == bytes([37])
        hours += 1200 if asks else 0
        packet.time += hours
        result.append(packet)
    return result


COUNTS = (("isakmp.exchangetype == 37", range(4, 20)),)
SILENT = ("never_used", "stream_stopped", "dead_peer", "keepalive_gap", "esp_after_lifetime")
