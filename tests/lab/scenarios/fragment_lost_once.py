"""One IKE fragment is lost, and the message comes again

IKE_AUTH with certificates goes in fragments (RFC 7383); the first try loses one of them, the
second comes through."""
import threading

from certs import authority
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    client={"local": {"auth": "pubkey", "certs": "own.pem"}, "remote": {"auth": "pubkey"}},
    gateway={"local": {"auth": "pubkey", "certs": "own.pem"}, "remote": {"auth": "pubkey"}})))
CHARON = {"all": {"fragment_size": 1000}}


def certificates(directory):
    return authority(directory, {"client": CLIENT_ID, "gateway": GATEWAY_ID})


def before(lab):
    lab.drop("east", "iifname mid udp dport 4500 ip length < 900")


def story(lab):
    one = threading.Thread(target=lab.client.initiate)
    one.start()
    lab.wait_dropped("east")
    lab.allow("east")
    one.join()
    pings(*pipes(lab), CLIENT_LAN, GATEWAY_LAN, 2)
    lab.client.terminate(ike="net")


ALLOWED = ("retransmission",)
SILENT = ("large_message_lost", "request_unanswered", "udp_4500_blocked", "message_id_reused")
