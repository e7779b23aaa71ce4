"""Keys for a whole group: one SPI that nobody has negotiated

Three sites got their keys from a key server (GDOI, RFC 6407) that is not in the capture. All use one SPI, each with a
counter of its own, between any two of them and to the group 239.1.1.1."""
from conf import *
from craft import *

CONFIGURATIONS = {}


def before(lab):
    lab.ip("west", "route", "add", "239.1.1.1", "dev", "mid")


def story(lab):
    sites, numbers = (CLIENT, OTHER_CLIENT, GATEWAY), {}

    def send(inner):
        source, target = inner[IP].src, inner[IP].dst
        numbers[source] = numbers.get(source, 0) + 1
        one = SecurityAssociation(ESP, spi=0x6d0f6407, crypt_algo="AES-CBC", crypt_key=b"k" * 16, auth_algo="SHA2-256-128",
                                  auth_key=b"a" * 32, tunnel_header=IP(src=source, dst=target))
        lab.send(one.encrypt(inner, seq_num=numbers[source]))

    for number in range(1, 7):
        source, target = sites[number % 2], sites[2]
        send(echo(source, target, number))
        send(answer(echo(source, target, number)))
        send(IP(src=sites[0], dst="239.1.1.1") / UDP(sport=5004, dport=5004) / Raw(bytes(160)))


UNDECRYPTED = "esp"
TRUTH = (("group_sa", ("esp.spi == 0x6d0f6407", (0, 1, 2, 3, 4))),)
SILENT = ("esp_without_ike", "replay", "out_of_window", "sequence_gap", "two_senders", "one_way", "stream_stopped")
