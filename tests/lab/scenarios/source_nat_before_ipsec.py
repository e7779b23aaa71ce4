"""Source NAT acts before the IPsec policy

The tunnel is up and answers what comes from the gateway's side. What hosts behind the client send to 10.2.0.1 is
masqueraded first: it leaves in clear as 192.0.2.10, which no policy names."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

CAPTURE_FILTER = "udp port 500 or udp port 4500 or esp or icmp"


def story(lab):
    there, back = up(lab)
    pings(back, there, GATEWAY_LAN, CLIENT_LAN, 2)
    lab.ip("west", "route", "add", GATEWAY_NET, "via", "203.0.113.2")
    lab.ip("east", "route", "add", "blackhole", GATEWAY_NET)
    for number in range(1, 5):
        lab.send(echo(CLIENT, GATEWAY_LAN, number), "west")


ROOT = ("source_nat_before_ipsec",)
TRUTH = (("source_nat_before_ipsec", "icmp.type == 8 && ip.src == 192.0.2.10 && !esp"),)
SILENT = ("cleartext_bypass", "one_way")
