"""The gateway answers from its other line

The gateway has two lines to the Internet. The client asks 198.51.100.20, and the answers leave as 198.51.100.21:
the client's firewall drops them, so the client asks again and again."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))

OTHER_LINE = "198.51.100.21"


def before(lab):
    lab.nft("east", "add table ip line; add chain ip line f { type filter hook forward priority 0; }; "
            "add rule ip line f ip saddr %s udp sport 500 ip saddr set %s" % (GATEWAY, OTHER_LINE))
    lab.drop("west", "ip saddr " + OTHER_LINE)


def story(lab):
    lab.client.initiate(wait=False)
    lab.wait_dropped("west", 3)


ROOT = ("answer_from_other_address",)
TRUTH = (("answer_from_other_address", ("ip.src == " + OTHER_LINE, slice(None))),)
SILENT = ("request_unanswered", "retransmission", "injected_answer")
