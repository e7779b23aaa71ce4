"""The client does not accept the gateway's certificate and says nothing

The user's client trusts another authority. It falls silent after the answer that holds the gateway's
certificate and asks for her by EAP, begins anew after five seconds, and falls silent again."""
import time

from certs import authority
from conf import *

CAPTURE_FILTER = "udp port 500 or udp port 4500 or icmp"
CONFIGURATIONS = dict(zip(("client", "gateway"), roadwarrior(
    client={"local": {"auth": "eap-mschapv2", "eap_id": USER}, "remote": {"auth": "pubkey"}},
    gateway={"local": {"auth": "pubkey", "certs": "own.pem"}, "remote": {"auth": "eap-mschapv2", "eap_id": "%any"}},
    secrets={"eap-1": {"id": USER, "secret": '"labpassword"'}})))


def certificates(directory):
    other = authority(directory, {"client": CLIENT_ID}, ca="Other CA")
    return {"client": {"x509ca": other["client"]["x509ca"]}, "gateway": authority(directory, {"gateway": GATEWAY_ID})["gateway"]}


def story(lab):
    for _ in range(2):
        lab.client.initiate()
        time.sleep(0.2)
    lab.ping("client", CLIENT, GATEWAY, count=1)


def edit(packets):
    """The client that says why is replaced by one that does not; what follows comes later."""
    kept, tries, later = [], 0, 0
    for packet in packets:
        payload = bytes(packet["UDP"].payload) if "UDP" in packet else b""
        payload = payload[4:] if payload[:4] == bytes(4) else payload
        if payload and payload[18] == 37:
            continue
        if payload and payload[18] == 34 and not payload[19] & 0x20:
            tries += 1
            later = 5 * (tries - 1)
        packet.time += later if payload else 40
        kept.append(packet)
    return kept


ROOT = ("negotiation_abandoned",)
TRUTH = (("negotiation_abandoned", "isakmp.exchangetype == 35 && isakmp.flag_r == 1"),)
SILENT = ("auth_failed", "request_unanswered", "peer_restarted")
