"""The initiator sits behind a NAT

West translates 192.0.2.10 to 203.0.113.1, and the capture is outside: the initiator's hash of
its own address fits nothing on the wire. All ESP goes in UDP 4500."""
from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(gateway={"remote_addrs": "%any"})))


def before(lab):
    lab.translate("west")


def story(lab):
    lab.client.initiate()
    there, back = pipes(lab, udp=True)
    there.sa, back.sa = there.association(source="203.0.113.1"), back.association(destination="203.0.113.1")
    pings(there, back, CLIENT_LAN, GATEWAY_LAN)
    pings(back, there, GATEWAY_LAN, CLIENT_LAN)
    lab.client.terminate(ike="net")


TRUTH = (("nat_detected", ("isakmp.exchangetype == 34", 1)),)
SILENT = ("outer_source_violation", "nat_forced")
