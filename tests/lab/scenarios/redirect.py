"""The gateway redirects the client (RFC 5685)

During the session the gateway sends REDIRECT to itself by name of its other address; the
client deletes the SA and comes to the new one."""
import time

from conf import *
from craft import pings, pipes

OTHER_GATEWAY = "198.51.100.21"
CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(gateway={"local_addrs": "%any", "remote_addrs": "%any"})))


def before(lab):
    lab.address("gateway", OTHER_GATEWAY + "/24", "eth0")


def story(lab):
    lab.client.initiate()
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN, 2)
    lab.gateway.swanctl("--redirect", "--ike", "net", "--gateway", OTHER_GATEWAY)
    time.sleep(2)
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN, 2)
    lab.client.terminate(ike="net")


TRUTH = (("redirected", ("isakmp.notify.msgtype == 16407", 0)),)
