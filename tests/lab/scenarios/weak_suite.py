"""DES, MD5 and 768-bit MODP are agreed on

Everything works, and nothing of it protects."""
from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(both={"proposals": "3des-md5-modp768"}, child={"esp_proposals": "des-md5"})))


def story(lab):
    lab.client.initiate()
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN, 2)


TRUTH = (("weak_encryption", ("isakmp.exchangetype == 35", -1)), ("weak_dh_group", ("isakmp.exchangetype == 34", 1)),
         ("weak_prf", ("isakmp.exchangetype == 34", 1)), ("weak_integrity", ("isakmp.exchangetype == 34 || isakmp.exchangetype == 35", slice(1, 4, 2))))
