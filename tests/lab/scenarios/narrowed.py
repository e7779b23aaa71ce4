"""The responder narrows the selectors

The client asks for 10.2.0.0/16, the gateway gives 10.2.0.0/24."""
from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(client_child={"remote_ts": "10.2.0.0/16"})))


def story(lab):
    lab.client.initiate()
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN)
    lab.client.terminate(ike="net")


TRUTH = (("ts_narrowed", ("isakmp.exchangetype == 35", -1)),)
