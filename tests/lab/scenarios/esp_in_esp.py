"""ESP in ESP: a host's own tunnel through the site's tunnel

The site's tunnel (client, gateway) carries a second one between 10.1.0.1 and 10.2.0.1, whose
IKE is not in the capture."""
from conf import *
from craft import echo, answer, pipes
from scapy.layers.inet import IP
from scapy.layers.ipsec import ESP, SecurityAssociation

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    lab.client.initiate()
    there, back = pipes(lab)
    inner = {way: SecurityAssociation(ESP, spi=0x0badcafe + way, crypt_algo="AES-CBC", crypt_key=b"k" * 16, auth_algo="SHA2-256-128",
                                      auth_key=b"a" * 32, tunnel_header=IP(src=ends[0], dst=ends[1]))
             for way, ends in enumerate(((CLIENT_LAN, GATEWAY_LAN), (GATEWAY_LAN, CLIENT_LAN)))}
    for number in range(1, 4):
        request = echo("10.10.0.1", "10.20.0.1", number)
        there.send(inner[0].encrypt(request, seq_num=number))
        back.send(inner[1].encrypt(answer(request), seq_num=number))
    lab.client.terminate(ike="net")


TRUTH = (("esp_without_ike", ("esp.spi == 0x0badcafe || esp.spi == 0x0badcaff", slice(0, 2))),)
SILENT = ("inner_source_violation", "spi_unknown")
ALLOWED = ("keys_unused",)
