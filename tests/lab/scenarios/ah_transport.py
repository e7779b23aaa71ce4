"""AH in transport mode, IKEv1"""
from conf import *
from craft import answer, echo, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    both={"version": 1}, child={"esp_proposals": None, "ah_proposals": "sha256", "mode": "transport",
                                "local_ts": "dynamic", "remote_ts": "dynamic"})))


def story(lab):
    lab.client.initiate()
    there, back = pipes(lab, mode="transport")
    for number in range(1, 4):
        there.send(echo(CLIENT, GATEWAY, number))
        back.send(answer(echo(CLIENT, GATEWAY, number)))
    lab.client.terminate(ike="net")


TRUTH = (("no_encryption", ("isakmp.exchangetype == 32", 1)),)
SILENT = ("cleartext_bypass", "inner_source_violation")
