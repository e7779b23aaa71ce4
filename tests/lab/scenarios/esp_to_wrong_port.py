"""The gateway sends ESP to the mapping of UDP 500

The client's NAT has a mapping for UDP 500 and another one for UDP 4500. The gateway keeps the first and
sends its ESP there, where the NAT takes none: the tunnel is up and no answer arrives."""
from conf import *
from craft import *

WEST = "203.0.113.1"
CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(gateway={"remote_addrs": "%any"})))


def before(lab):
    lab.translate("west")


def story(lab):
    there, back = up(lab, udp=True)
    there.sa, back.sa = there.association(source=WEST), back.association(destination=WEST, dport=1025)
    for number in range(1, 5):
        there.send(echo(CLIENT_LAN, GATEWAY_LAN, number))
        back.send(answer(echo(CLIENT_LAN, GATEWAY_LAN, number)))


ROOT = ("esp_to_wrong_port",)
TRUTH = (("esp_to_wrong_port", "esp && udp.dstport == 1025"), ("nat_detected", ("isakmp.exchangetype == 34", 1)))
SILENT = ("nat_mapping_changed", "one_way", "outer_destination_violation")
