"""An inner source that is not the planned address

IKEv1 aggressive mode, no Mode Config: lisa@corp.example brings 10.86.152.188 herself, in quick mode
(IDci), and IKE agrees. The gateway's packet filter lets only 10.86.152.186 through, the address
bound to her: four pings, no answer. That binding is in no packet; it is in the plan."""
from conf import *
from lab import expect


def half(here, there, mine, other, ts):
    return {"connections": {"net": connection(
        here, there, version=1, aggressive=True, proposals="des-md5-modp768", local={"auth": "psk", "id": mine}, remote={"auth": "psk", "id": other},
        children={"net": merge(ts, {"esp_proposals": "3des-sha1"})})}, "secrets": {"ike-1": {"secret": '"%s"' % SECRET}}}


CONFIGURATIONS = {"client": half(CLIENT, GATEWAY, USER, GATEWAY, {"local_ts": "10.86.152.188/32", "remote_ts": GATEWAY_NET}),
                  "gateway": half(GATEWAY, "%any", GATEWAY, USER, {"local_ts": GATEWAY_NET, "remote_ts": "10.86.152.0/24"})}
KERNEL = "libipsec"
PLAN = """# The gateway's planning sheet: which address is bound to which user.
[peer %s]
virtual_ip = 10.86.152.186
""" % USER


def story(lab):
    lab.nft("gateway", "add table ip bound; add chain ip bound input { type filter hook input priority 0; }; "
            "add rule ip bound input ip saddr 10.86.152.0/24 ip saddr != 10.86.152.186 drop")
    lab.address("client", "10.86.152.188/32")
    expect(lab.client.initiate(), "tunnel is up")
    expect(lab.ping("client", "10.86.152.188", GATEWAY_LAN, 4) == 0, "pings dropped")


COUNTS = (("isakmp", 6), ("esp", 4))
ROOT = ("virtual_ip_violation",)
TRUTH = (("virtual_ip_violation", "esp"), ("plan_mismatch", ("isakmp.exchangetype == 32", 1)))
SILENT = ("inner_source_violation",)
ALLOWED = ("aggressive_mode_psk", "weak_encryption", "weak_dh_group", "weak_integrity", "weak_prf", "one_way")
