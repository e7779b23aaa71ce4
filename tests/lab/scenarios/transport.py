"""ESP in transport mode between two hosts

USE_TRANSPORT_MODE is asked for and granted; the selectors are the hosts themselves."""
from conf import *
from craft import echo, pipes, answer

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    client_child={"mode": "transport", "local_ts": "dynamic", "remote_ts": "dynamic"},
    gateway_child={"mode": "transport", "local_ts": "dynamic", "remote_ts": "dynamic"})))


def story(lab):
    lab.client.initiate()
    there, back = pipes(lab, mode="transport")
    for number in range(1, 5):
        there.send(echo(CLIENT, GATEWAY, number))
        back.send(answer(echo(CLIENT, GATEWAY, number)))
    lab.client.terminate(ike="net")


SILENT = ("mode_mismatch", "inner_source_violation")
