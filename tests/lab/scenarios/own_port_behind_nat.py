"""The gateway's own port, and a NAT that changes the client's

IKE and ESP go to UDP 24500 of the gateway. The NAT in front of the client forgets the mapping after IKE and gives
another port to the ESP that follows; the gateway answers there."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(both={"local_port": 24500, "remote_port": 24500})))
CHARON = {"all": {"port_nat_t": 24500}}
CAPTURE_FILTER = "udp"


def story(lab):
    lab.client.initiate()
    there, back = pipes(lab, udp=True)
    there.sa, back.sa = there.association(sport=31007, dport=24500), back.association(sport=24500, dport=31007)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN)


TRUTH = (("ike_on_other_port", ("udp.port == 24500", 0)),)
SILENT = ("nat_detected", "one_way", "request_unanswered", "esp_without_ike")
