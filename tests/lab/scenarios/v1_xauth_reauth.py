"""IKEv1: XAUTH again, the same address again

After a while phase 1 is negotiated anew: aggressive mode, the password, Mode Config gives the same
address, and the old SAs go."""
import time

from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), xauth_pair("labpassword", "labpassword")))


def story(lab):
    pings(*up(lab), "10.86.152.186", GATEWAY_LAN, 2)
    lab.client.rekey(ike="net")
    time.sleep(2.5)
    lab.client.rekey(child="net")
    time.sleep(1)
    pings(*pipes(lab), "10.86.152.186", GATEWAY_LAN, 2)
    lab.client.terminate(ike="net")


ALLOWED = ("aggressive_mode_psk", "weak_dh_group")
SILENT = ("virtual_ip_shared", "peer_restarted", "virtual_ip_violation", "auth_failed")
