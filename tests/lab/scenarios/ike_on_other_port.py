"""IKE and ESP on ports of their own

Both ends use UDP 24500 in place of 4500, from the first message on; ESP goes between the same ports."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(both={"local_port": 24500, "remote_port": 24500})))
CHARON = {"all": {"port_nat_t": 24500}}
CAPTURE_FILTER = "udp"


def story(lab):
    lab.client.initiate()
    there, back = pipes(lab, udp=True)
    there.sa, back.sa = (pipe.association(sport=24500, dport=24500) for pipe in (there, back))
    pings(there, back, CLIENT_LAN, GATEWAY_LAN)


TRUTH = (("ike_on_other_port", ("udp.port == 24500", 0)),)
SILENT = ("nat_detected", "one_way", "request_unanswered")
