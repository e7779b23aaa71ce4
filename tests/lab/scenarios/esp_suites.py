"""Six Child SAs, six suites

AES-CBC with three kinds of HMAC, AES-GCM, AES-CTR, and NULL encryption, one after another."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

SUITES = ("aes128-sha1", "aes256-sha512", "aes128-sha384", "aes256gcm16", "aes128ctr-sha256", "null-sha256")
for _box, _mine, _yours in (("client", 1, 2), ("gateway", 2, 1)):
    _net = CONFIGURATIONS[_box]["connections"]["net"]
    _net["children"] = {"s%d" % n: {"local_ts": "10.%d.%d.0/24" % (_mine, n), "remote_ts": "10.%d.%d.0/24" % (_yours, n), "esp_proposals": suite}
                        for n, suite in enumerate(SUITES)}


def story(lab):
    for number in range(len(SUITES)):
        there, back = up(lab, "s%d" % number)
        pings(there, back, "10.1.%d.1" % number, "10.2.%d.1" % number, 2)
    lab.client.terminate(ike="net")


TRUTH = (("no_encryption", ("isakmp.exchangetype == 36 && isakmp.flag_r == 1", -1)),)
SILENT = ("icv_bad", "length_impossible", "padding_bad", "cleartext_in_esp")
