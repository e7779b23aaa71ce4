"""A balancer sends UDP 500 to one machine, UDP 4500 to another

Two gateways share 198.51.100.20. The first answers IKE_SA_INIT; IKE_AUTH goes to the second, which knows nothing of it
and says so: INVALID_IKE_SPI, in clear, as RFC 7296 section 2.21.4 has it. Most gateways say nothing here: then it looks
as udp_4500_blocked."""
from conf import *
from craft import *

CONFIGURATIONS = dict(zip(("client", "gateway"), tunnel()))
CONFIGURATIONS["stranger"] = merge(CONFIGURATIONS["gateway"], {"connections": {"net": {"local_addrs": STRANGER}}})
CAPTURE_AT = ("west", "to_client")


def before(lab):
    lab.nft("west", "add table ip nat; add chain ip nat pre { type nat hook prerouting priority -100; }; add rule ip nat pre "
            "iifname to_client ip daddr %s udp dport 4500 dnat to %s" % (GATEWAY, STRANGER))


def story(lab):
    lab.client.initiate()


def edit(packets):
    """What the second gateway's daemon does not say."""
    result = []
    for packet in packets:
        result.append(packet)
        if packet[UDP].dport == 4500:
            data = bytes(packet[UDP].payload)[4:]
            said = clear_message(data[:8], data[8:16], data[18], 0x20, struct.unpack("!I", data[20:24])[0], [notify(4)])
            head = packets[1].copy()
            head.remove_payload()
            result.append(head / ike_packet(said, GATEWAY, CLIENT, 4500, 4500))
            result[-1].time = packet.time + 0.004
    return result


ROOT = ("udp_4500_blocked",)
TRUTH = (("udp_4500_blocked", ("udp.port == 4500", (0, 1, 2, 4, 6))),
         ("retransmission", ("udp.dstport == 4500 && ip.src == 192.0.2.10", slice(1, None))))
SILENT = ("error_notify", "request_unanswered", "peer_restarted")
