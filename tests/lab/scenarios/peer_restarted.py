"""The client has lost its state and begins anew

It crashes without a Delete and negotiates again at once; the gateway still holds the old SA until
it reads INITIAL_CONTACT."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 2)
    lab.client.stop(kill=True)
    lab.client.start()
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 2)


ROOT = ("peer_restarted",)
TRUTH = (("peer_restarted", ("isakmp.exchangetype == 35", 3)),)
SILENT = ("message_id_reused", "spi_unknown")
