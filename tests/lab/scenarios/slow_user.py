"""A user who looks for the password

Between the gateway's question and the answer lie 40 seconds, in which nobody says anything. Then all goes well."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), roadwarrior(
    client={"local": None, "local-1": {"auth": "eap-mschapv2", "id": USER, "eap_id": USER}, "remote-1": {"auth": "psk", "id": GATEWAY_ID}},
    gateway={"remote": None, "local-1": {"auth": "psk", "id": GATEWAY_ID}, "remote-1": {"auth": "eap-mschapv2", "id": "%any", "eap_id": "%any"}},
    secrets={"eap-1": {"id": USER, "secret": '"labpassword"'}})))


def story(lab):
    pings(*up(lab), "10.86.152.186", GATEWAY_LAN)


def edit(packets):
    return later(packets, 6, 40)


SILENT = ("negotiation_abandoned", "request_unanswered", "auth_failure_suspected")
