"""Three Child SAs under one IKE SA, each with its own selectors and suite"""
from conf import *
from craft import pings, pipes

_more = {"web": ("10.1.1.0/24", "10.2.1.0/24", "aes256gcm16"), "voice": ("10.1.2.0/24", "10.2.2.0/24", "aes256-sha512")}
CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
for _name, (_mine, _yours, _esp) in _more.items():
    CONFIGURATIONS["client"]["connections"]["net"]["children"][_name] = {
        "local_ts": _mine, "remote_ts": _yours, "esp_proposals": _esp}
    CONFIGURATIONS["gateway"]["connections"]["net"]["children"][_name] = {
        "local_ts": _yours, "remote_ts": _mine, "esp_proposals": _esp}


def story(lab):
    pairs = []
    for number, name in enumerate(("net", "web", "voice")):
        lab.client.initiate(name)
        pairs.append(pipes(lab))
        pings(*pairs[-1], "10.1.%d.1" % number, "10.2.%d.1" % number, 2)
    pings(*pairs[1], "10.1.1.1", "10.2.1.1", 1)
    lab.client.terminate(child="web")
    pings(*pairs[2], "10.1.2.1", "10.2.2.1", 1)
    lab.client.terminate(ike="net")


SILENT = ("wrong_child_sa", "duplicate_child_sa", "inner_source_violation")
