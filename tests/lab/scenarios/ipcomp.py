"""IPComp inside ESP

IPCOMP_SUPPORTED in both directions; what is short goes uncompressed."""
from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(child={"ipcomp": True})))


def story(lab):
    lab.client.initiate()
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN)
    lab.client.terminate(ike="net")
