"""Two clients behind one NAT

They share 203.0.113.1 outside; the NAT tells them apart by port alone."""
from conf import *
from craft import pings, pipes

WEST = "203.0.113.1"
_first, _gateway = roadwarrior()
_second = roadwarrior(client={"local_addrs": OTHER_CLIENT, "local": {"id": "bob@corp.example"}})[0]
_first["connections"]["bob"] = dict(_second["connections"]["net"], children={"bob": _second["connections"]["net"]["children"]["net"]})
CONFIGURATIONS = {"client": _first, "gateway": _gateway}


def before(lab):
    lab.address("client", OTHER_CLIENT + "/24", "eth0")
    lab.nft("west", "add table ip nat; add chain ip nat post { type nat hook postrouting priority 100; }; "
            "add rule ip nat post oifname mid ip saddr 192.0.2.10 snat to %s; "
            "add rule ip nat post oifname mid ip saddr 192.0.2.11 udp sport 500 snat to %s:1024; "
            "add rule ip nat post oifname mid ip saddr 192.0.2.11 udp sport 4500 snat to %s:1025" % (WEST, WEST, WEST))


def story(lab):
    for child, address, port in (("net", "10.86.152.186", 4500), ("bob", "10.86.152.187", 1025)):
        lab.client.initiate(child)
        there, back = pipes(lab, udp=True)
        there.sa = there.association(source=WEST, sport=port)
        back.sa = back.association(destination=WEST, dport=port)
        pings(there, back, address, GATEWAY_LAN)
    lab.client.terminate(ike="net")
    lab.client.terminate(ike="bob")


TRUTH = (("nat_detected", ("isakmp.exchangetype == 34 && isakmp.flag_r == 1", slice(0, 2))),)
SILENT = ("outer_source_violation", "outer_destination_violation", "virtual_ip_shared")
