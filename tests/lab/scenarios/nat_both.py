"""Both peers sit behind NATs

West translates the client, east forwards UDP 500 and 4500 to the gateway. Captured between the two, each side's hash
of its own address fits nothing: that is also how encapsulation is forced. The client's identity is its address, and its
hash is made of it: a NAT."""
from conf import *
from craft import answer, echo, pipes

WEST, EAST = "203.0.113.1", "203.0.113.2"
CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel(
    client={"remote_addrs": EAST, "local": {"id": CLIENT}}, gateway={"remote_addrs": "%any", "remote": {"id": CLIENT}})))


def before(lab):
    lab.translate("west", "east")


def story(lab):
    lab.client.initiate()
    there, back = pipes(lab, udp=True)
    there.sa, back.sa = there.association(source=WEST), back.association(source=EAST, destination=WEST)
    for number in range(1, 4):
        there.send(echo(CLIENT_LAN, GATEWAY_LAN, number), box="west")
        back.send(answer(echo(CLIENT_LAN, GATEWAY_LAN, number)), box="east")
    lab.client.terminate(ike="net")


TRUTH = (("nat_detected", ("isakmp.exchangetype == 35", 0)), ("nat_forced", ("isakmp.exchangetype == 34", 1)))
SILENT = ("outer_source_violation",)
