"""The capture's order is not the wire's

A capture with two queues: answers stand before their requests, ESP before the answer that made its
SA. The times are right."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))


def story(lab):
    there, back = up(lab)
    pings(there, back, CLIENT_LAN, GATEWAY_LAN, 3)
    lab.client.terminate(ike="net")


def edit(packets):
    order = [1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10]
    return [packets[n] for n in order if n < len(packets)]


SILENT = ("replay", "request_unanswered", "esp_after_delete", "spi_unknown", "malformed_message")
