"""MOBIKE from IPv4 to IPv6

The client's IPv4 address goes away; UPDATE_SA_ADDRESSES comes from its IPv6 address, and the
tunnel goes on between the IPv6 addresses."""
import time

from conf import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    client={"local_addrs": None}, gateway={"remote_addrs": "%any", "local_addrs": None})))
KERNEL = "libipsec"


def story(lab):
    lab.client.initiate()
    lab.ping("client", CLIENT_LAN, GATEWAY_LAN)
    time.sleep(1)
    lab.address("client", CLIENT + "/24", "eth0", "del")
    time.sleep(6)
    lab.ping("client", CLIENT_LAN, GATEWAY_LAN)
    lab.client.terminate(ike="net")


TRUTH = (("address_updated", ("isakmp.notify.msgtype == 16400", 0)),)
