"""Extended sequence numbers are negotiated, and the client forgets them

After three packets its traffic goes through an offload that leaves the upper half of the number out of
the ICV. The gateway drops these packets, and both ends look configured alike."""
from conf import *
from craft import echo, pings, pipes

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(child={"esp_proposals": "aes128-sha256-esn"})))


def story(lab):
    lab.client.initiate()
    there, back = pipes(lab, esn=True)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN)
    offload, _ = pipes(lab)
    offload.seq = there.seq
    for number in range(4, 8):
        offload.send(echo(CLIENT_LAN, GATEWAY_LAN, number, 56))


ROOT = ("esn_mismatch",)
TRUTH = (("esn_mismatch", "esp.sequence > 3 && ip.src == 192.0.2.10"),)
SILENT = ("icv_bad", "wrong_key", "replay", "out_of_window")
