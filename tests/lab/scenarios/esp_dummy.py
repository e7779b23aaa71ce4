"""Dummy packets and traffic flow confidentiality

The client hides how much it sends: dummy packets (next header 59, to be dropped unseen) and inner
packets followed by padding up to 600 octets (RFC 4303 sections 2.6 and 2.7)."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    for number in range(1, 4):
        request = echo(CLIENT_LAN, GATEWAY_LAN, number)
        there.send(request, change=lambda packet: there.seal(packet, bytes(request) + bytes(600 - len(request)), 4))
        there.send(request, change=lambda packet: there.seal(packet, os.urandom(100), 59))
        back.send(answer(request))
    lab.client.terminate(ike="net")


MALFORMED = True        # Wireshark knows no TFC padding
SILENT = ("padding_bad", "inner_source_violation", "inner_selector_violation", "cleartext_in_esp", "mode_mismatch")
