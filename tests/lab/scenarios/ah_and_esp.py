"""AH around ESP: two Child SAs, one packet

The old bundle of RFC 2401: a transport mode AH SA of the hosts protects what their ESP tunnel sends."""
from conf import *
from craft import answer, echo, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
for _box, _there in (("client", GATEWAY), ("gateway", CLIENT)):
    CONFIGURATIONS[_box]["connections"]["net"]["children"]["ah"] = {
        "mode": "transport", "local_ts": "dynamic[50]", "remote_ts": "dynamic[50]", "ah_proposals": "sha256"}


def story(lab):
    lab.client.initiate()
    esp = pipes(lab)
    lab.client.initiate("ah")
    ah = pipes(lab, mode="transport")
    for number in range(1, 4):
        request = echo(CLIENT_LAN, GATEWAY_LAN, number)
        ah[0].send(esp[0].make(request))
        ah[1].send(esp[1].make(answer(request)))
    lab.client.terminate(ike="net")


SILENT = ("protocol_mismatch", "spi_unknown", "inner_source_violation")
ALLOWED = ("no_encryption",)
