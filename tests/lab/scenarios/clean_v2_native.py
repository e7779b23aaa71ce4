"""IKEv2 with a pre-shared key, native ESP

Site to site, AES-CBC with SHA-256, nothing between the peers. Pings from both sides, then the
initiator deletes the IKE SA."""
from conf import *
from craft import pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    lab.client.initiate()
    there, back = pipes(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN)
    pings(back, there, GATEWAY_LAN, CLIENT_LAN)
    lab.client.terminate(ike="net")


TRUTH = (("sa_established", ("isakmp.exchangetype == 35", -1)), ("sa_deleted", ("isakmp.typepayload == 42", 0)))
