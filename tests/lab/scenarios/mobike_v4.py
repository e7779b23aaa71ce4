"""MOBIKE: the client moves to another address

192.0.2.10 goes away, 192.0.2.77 comes; UPDATE_SA_ADDRESSES moves the SA, and ESP follows."""
import time

from conf import *
from lab import inside

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(client={"local_addrs": None}, gateway={"remote_addrs": "%any"})))
KERNEL = "libipsec"


def story(lab):
    lab.client.initiate()
    lab.ping("client", CLIENT_LAN, GATEWAY_LAN)
    inside("client", "sysctl", "-qw", "net.ipv4.conf.all.promote_secondaries=1")
    lab.address("client", MOVED_CLIENT + "/24", "eth0")
    time.sleep(0.3)
    lab.address("client", CLIENT + "/24", "eth0", "del")
    lab.ip("client", "route", "replace", "default", "via", "192.0.2.1")
    time.sleep(3)
    lab.ping("client", CLIENT_LAN, GATEWAY_LAN)
    lab.client.terminate(ike="net")


TRUTH = (("address_updated", ("isakmp.notify.msgtype == 16400", 0)),)
SILENT = ("outer_source_violation", "outer_destination_violation", "ike_from_new_address")
