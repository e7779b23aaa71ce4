"""ChaCha20 and CCM: suites that not every tool can decipher

Two Child SAs, one with each. Wireshark 4.0 has no decryption
for them; Espial still follows the SAs."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(both={"proposals": "aes128-sha256-modp2048"})))
SUITES = ("chacha20poly1305", "aes128ccm16")
for _box, _mine, _yours in (("client", 1, 2), ("gateway", 2, 1)):
    CONFIGURATIONS[_box]["connections"]["net"]["children"] = {
        "s%d" % n: {"local_ts": "10.%d.%d.0/24" % (_mine, n), "remote_ts": "10.%d.%d.0/24" % (_yours, n), "esp_proposals": suite}
        for n, suite in enumerate(SUITES)}


def story(lab):
    for number in range(len(SUITES)):
        there, back = up(lab, "s%d" % number)
        pings(there, back, "10.1.%d.1" % number, "10.2.%d.1" % number, 2)
    lab.client.terminate(ike="net")


UNDECRYPTED = "esp"
SILENT = ("length_impossible", "icv_bad", "cleartext_in_esp", "sequence_gap")
