"""IPv6 inside, IPv4 outside, and both families in one Child SA"""
from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    client_child={"local_ts": [CLIENT_NET, "2001:db8:a::/64"], "remote_ts": [GATEWAY_NET, "2001:db8:b::/64"]},
    gateway_child={"local_ts": [GATEWAY_NET, "2001:db8:b::/64"], "remote_ts": [CLIENT_NET, "2001:db8:a::/64"]})))


def story(lab):
    lab.client.initiate()
    there, back = pipes(lab)
    pings(there, back, CLIENT_LAN6, GATEWAY_LAN6)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN)
    lab.client.terminate(ike="net")
