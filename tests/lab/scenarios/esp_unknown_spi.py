"""ESP with an SPI that nobody negotiated

The gateway's IKE is readable and holds no such SPI: an old SA of a restarted peer, or noise."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 2)
    for number in range(1, 4):
        there.send(echo(CLIENT_LAN, GATEWAY_LAN, number), seq=number, sa=there.association(spi=0x0badcafe))


UNDECRYPTED = "esp.spi == 0x0badcafe"
ROOT = ("spi_unknown",)
TRUTH = (("spi_unknown", "esp.spi == 0x0badcafe"),)
