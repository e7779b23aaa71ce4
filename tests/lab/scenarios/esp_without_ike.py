"""ESP between two hosts whose IKE is not in the capture, and a reserved SPI"""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

SA = {way: SecurityAssociation(ESP, spi=0x0badcafe + way, crypt_algo="AES-CBC", crypt_key=b"k" * 16, auth_algo="SHA2-256-128",
                               auth_key=b"a" * 32, tunnel_header=IP(src=ends[0], dst=ends[1]))
      for way, ends in enumerate(((CLIENT, GATEWAY), (GATEWAY, CLIENT)))}
CONFIGURATIONS = {}


def story(lab):
    for number in range(1, 4):
        request = echo(CLIENT_LAN, GATEWAY_LAN, number)
        lab.send(SA[0].encrypt(request, seq_num=number))
        lab.send(SA[1].encrypt(answer(request), seq_num=number))
    SA[0].spi = 200
    lab.send(SA[0].encrypt(request, seq_num=number))


UNDECRYPTED = "esp"
ROOT = ("reserved_spi",)
TRUTH = (("esp_without_ike", ("esp.spi", (0, 1, 6))), ("reserved_spi", "esp.spi == 200"))
