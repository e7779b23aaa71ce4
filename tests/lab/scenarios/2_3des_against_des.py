"""3DES is offered where DES is wanted

IKEv1 aggressive mode. Bob offers DES, as the gateway wants it: tunnel, two pings, Delete. Lisa
offers 3DES: NO-PROPOSAL-CHOSEN. From Bob's success Espial knows what Lisa's client should offer."""
from conf import *
from lab import expect

ESP = "3des-sha1"


def client(name, here, ike, user, address):
    return {name: connection(here, GATEWAY, version=1, aggressive=True, proposals=ike, local={"auth": "psk", "id": user},
                             remote={"auth": "psk", "id": GATEWAY},
                             children={name: {"local_ts": address + "/32", "remote_ts": GATEWAY_NET, "esp_proposals": ESP}})}


KERNEL = "libipsec"
CONFIGURATIONS = {
    "client": {"connections": {**client("bob", OTHER_CLIENT, "des-md5-modp768", "bob@corp.example", "10.86.152.187"),
                               **client("lisa", CLIENT, "3des-md5-modp768", USER, "10.86.152.186")},
               "secrets": {"ike-1": {"secret": '"%s"' % SECRET}}},
    "gateway": {"connections": {"net": connection(
        GATEWAY, "%any", version=1, aggressive=True, proposals="des-md5-modp768", local={"auth": "psk", "id": GATEWAY}, remote={"auth": "psk"},
        children={"net": {"local_ts": GATEWAY_NET, "remote_ts": "10.86.152.0/24", "esp_proposals": ESP}})},
                "secrets": {"ike-1": {"secret": '"%s"' % SECRET}}}}


def before(lab):
    lab.address("client", OTHER_CLIENT + "/24", "eth0")


def story(lab):
    lab.address("client", "10.86.152.187/32")
    expect(lab.client.initiate("bob"), "DES is agreed")
    expect(lab.ping("client", "10.86.152.187", GATEWAY_LAN, 2) == 2, "pings answered")
    lab.client.terminate(ike="bob")
    expect(not lab.client.initiate("lisa"), "3DES is refused")


COUNTS = (("isakmp", 10), ("esp", 4))
ROOT = ("no_proposal_chosen",)
TRUTH = (("no_proposal_chosen", "isakmp.notify.msgtype == 14"), ("weak_encryption", ("isakmp", (1, 4))),
         ("weak_dh_group", ("isakmp.exchangetype == 4", 1)))
SILENT = ("auth_failed",)
ALLOWED = ("aggressive_mode_psk", "weak_integrity", "weak_prf")
