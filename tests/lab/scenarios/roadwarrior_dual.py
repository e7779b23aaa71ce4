"""A user with an IPv4 and an IPv6 address, everything through the tunnel

The selectors of the gateway's side are 0.0.0.0/0 and ::/0; DNS servers come with the addresses."""
from conf import *
from craft import *

_client, _gateway = roadwarrior(client={"vips": ["0.0.0.0", "::"]}, gateway={"pools": ["vpn", "vpn6"]},
                                client_child={"remote_ts": ["0.0.0.0/0", "::/0"]}, gateway_child={"local_ts": ["0.0.0.0/0", "::/0"]},
                                gateway_top={"pools": {"vpn": {"dns": "10.2.0.53"}, "vpn6": {"addrs": "2001:db8:86::10/124", "dns": "2001:db8:b::53"}}})
CONFIGURATIONS = {"client": _client, "gateway": _gateway}


def story(lab):
    there, back = up(lab)
    pings(there, back, "10.86.152.186", GATEWAY_LAN, 2)
    pings(there, back, "10.86.152.186", "192.0.2.200", 1)
    vip = next(word for word in lab.client.log().split() if word.startswith("2001:db8:86::"))
    pings(there, back, vip, GATEWAY_LAN6, 2)
    lab.client.terminate(ike="net")


SILENT = ("inner_source_violation", "virtual_ip_violation", "cleartext_bypass")
