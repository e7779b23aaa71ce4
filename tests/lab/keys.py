# keys.py - keys from strongSwan's logs, proved on real packets, as Wireshark's tables.
# SPDX-License-Identifier: GPL-2.0-or-later
"""A log tells keys in the order in which threads print them.  Here each packet of the capture
says itself which keys are its own: by its ICV, or, where there is none (IKEv1, NULL
authentication), by what comes out of decryption."""
import hmac
import re
import socket

from cryptography.hazmat.backends import default_backend
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from scapy.layers.inet import defrag
from scapy.plist import PacketList

HASHES = {"HMAC_MD5_96": ("md5", 12), "HMAC_SHA1_96": ("sha1", 12), "HMAC_SHA2_256_128": ("sha256", 16),
          "HMAC_SHA2_384_192": ("sha384", 24), "HMAC_SHA2_512_256": ("sha512", 32)}
IKE2_CRYPT = {"AES_CBC_128": "AES-CBC-128 [RFC3602]", "AES_CBC_192": "AES-CBC-192 [RFC3602]",
              "AES_CBC_256": "AES-CBC-256 [RFC3602]", "3DES_CBC": "3DES [RFC2451]",
              "AES_GCM_16_128": "AES-GCM-128 with 16 octet ICV [RFC5282]",
              "AES_GCM_16_256": "AES-GCM-256 with 16 octet ICV [RFC5282]"}
IKE2_AUTH = {"HMAC_MD5_96": "HMAC_MD5_96 [RFC2403]", "HMAC_SHA1_96": "HMAC_SHA1_96 [RFC2404]",
             "HMAC_SHA2_256_128": "HMAC_SHA2_256_128 [RFC4868]", "HMAC_SHA2_384_192": "HMAC_SHA2_384_192 [RFC4868]",
             "HMAC_SHA2_512_256": "HMAC_SHA2_512_256 [RFC4868]", None: "NONE [RFC4306]"}
ESP_CRYPT = {"AES_CBC": "AES-CBC [RFC3602]", "3DES_CBC": "TripleDES-CBC [RFC2451]", "DES_CBC": "DES-CBC [RFC2405]",
             "AES_CTR": "AES-CTR [RFC3686]", "AES_GCM_16": "AES-GCM with 16 octet ICV [RFC4106]", "NULL": "NULL"}
ESP_AUTH = {"HMAC_SHA1_96": "HMAC-SHA-1-96 [RFC2404]", "HMAC_MD5_96": "HMAC-MD5-96 [RFC2403]",
            "HMAC_SHA2_256_128": "HMAC-SHA-256-128 [RFC4868]", "HMAC_SHA2_384_192": "HMAC-SHA-384-192 [RFC4868]",
            "HMAC_SHA2_512_256": "HMAC-SHA-512-256 [RFC4868]", "AES_GCM_16": "ANY 128 bit authentication [no checking]",
            None: "NULL"}


def dumps(log):
    """Log lines as (thread, text, bytes of the hex dump below, or None)."""
    line_of = re.compile(r"(?:\S+ )?(\d+)\[\w+\] (?:<[^>]*> )?(.*)")
    result, last = [], {}
    for line in log.splitlines():
        found = line_of.match(line)
        if not found:
            continue
        thread, text = found.groups()
        row = re.match(r" *\d+: ((?:[0-9A-F]{2} )+) ", text + " ")
        if row and last.get(thread) is not None:
            last[thread].extend(bytes.fromhex(row.group(1)))
            continue
        head = re.match(r"(.*) => \d+ bytes @", text)
        data = bytearray() if head else None
        last[thread] = data
        result.append((thread, head.group(1) if head else text, data))
    return result


def parse(log):
    """-> (IKE key sets, Child key sets), each a dict, in the order of the log."""
    ike, children, now, child, suites, spis = [], [], {}, {}, set(), {}
    for thread, text, data in dumps(log):
        if data is not None:
            if text == "Sk_d secret" or text == "SKEYID":
                now[thread] = {"spis": spis.get(thread)}
                ike.append(now[thread])
            if text.startswith(("Sk_", "SKEYID", "encryption key Ka", "initial IV")) and thread in now:
                now[thread][text] = data        # still growing
            elif m := re.match(r"(?:encryption|integrity) (?:initiator|responder) key", text):
                child.setdefault(thread, {})[m.group(0)] = data
        elif m := re.match(r"check(?:out|in) IKEv. SA .*with SPIs (\w+)_i (\w+)_r", text):
            spis[thread] = m.groups()
        elif m := re.match(r"selected proposal: IKE:(\S+)", text):
            suites.add(m.group(1))
        elif m := re.match(r"selected proposal: (ESP|AH|IPCOMP):(\S+)", text):
            child[thread] = {"protocol": m.group(1), "suite": m.group(2)}
            children.append(child[thread])
        elif m := re.match(r"  using (\w+) for (encryption|integrity)", text):
            if thread not in child or any(" key" in word for word in child[thread]):
                child[thread] = {"protocol": "ESP" if m.group(2) == "encryption" else "AH"}     # IKEv1: chosen in another thread
                children.append(child[thread])
            child[thread][m.group(2)] = m.group(1)
        elif (m := re.match(r"  SPI 0x(\w+), src (\S+) dst (\S+)", text)) and thread in child:
            child[thread].setdefault("sas", []).append(m.groups())
    for keys in ike:
        keys["suites"] = sorted(suites)
    return ike, [c for c in children if "integrity initiator key" in c or "encryption initiator key" in c]


def children(log):
    """The Child SAs for craft.py: suite, keys, and (SPI, source, destination) of each direction."""
    return [c for c in parse(log)[1] if c.get("sas")]


# ---------------------------------------------------------------- proof

def layers(packet):
    """An IP packet of scapy -> (kind, source, destination, bytes), kind "ike", "esp" or None.  Looks
    through GRE, IP in IP and AH."""
    from scapy.layers.inet import IP
    from scapy.layers.inet6 import IPv6
    outer = packet.getlayer(IP) or packet.getlayer(IPv6)
    data, number = bytes(outer) if outer else b"", 4
    source = destination = None
    while data:
        if number in (4, 41):
            four, family = data[0] >> 4 == 4, socket.AF_INET if data[0] >> 4 == 4 else socket.AF_INET6
            at, size = (12, 4) if four else (8, 16)
            if four and int.from_bytes(data[6:8], "big") & 0x3fff:
                break
            source, destination = (socket.inet_ntop(family, data[x:x + size]) for x in (at, at + size))
            number, head = (data[9], (data[0] & 15) * 4) if four else (data[6], 40)
            data = data[head:int.from_bytes(data[2:4], "big")] if four else data[40:40 + int.from_bytes(data[4:6], "big")]
        elif number == 47 and data[:4] == bytes.fromhex("00000800"):
            number, data = 4, data[4:]
        elif number == 51:
            number, data = data[0], data[(data[1] + 2) * 4:]
        elif number == 50:
            return "esp", source, destination, data
        elif number == 17:
            ports, body = {int.from_bytes(data[0:2], "big"), int.from_bytes(data[2:4], "big")}, data[8:]
            if len(body) < 28:
                break
            if 4500 in ports:
                return ("ike", source, destination, body[4:]) if body[:4] == bytes(4) else ("esp", source, destination, body)
            return ("ike" if 500 in ports else None), source, destination, body
        else:
            break
    return None, None, None, b""


def crypt_name(suite):
    return suite.split("/")[0]


def auth_name(suite):
    return next((word for word in suite.split("/") if word in HASHES), None)


def gcm_opens(key, aad, iv, data):
    try:
        AESGCM(key[:-4]).decrypt(key[-4:] + iv, data, aad)
        return True
    except Exception:           # whatever it is, the key is not this packet's
        return False


def ike2_is_from(keys, message):
    """The suite under which these keys prove the message of IKEv2, and the direction, or None."""
    if message[16] not in (46, 53):     # SK or SKF first
        return None
    head = 28 + (4 if message[16] == 46 else 8)
    length = int.from_bytes(message[24:28], "big")
    for suite in keys["suites"]:
        for way in "ir":
            secret = keys.get("Sk_e%s secret" % way)
            if crypt_name(suite).startswith("AES_GCM_16"):
                if secret and len(secret) * 8 == int(crypt_name(suite)[11:]) + 32 and "Sk_ai secret" not in keys and gcm_opens(
                        bytes(secret), message[:head], message[head:head + 8], message[head + 8:length]):
                    return suite
            elif auth_name(suite) and keys.get("Sk_a%s secret" % way):
                name, size = HASHES[auth_name(suite)]
                icv = hmac.new(bytes(keys["Sk_a%s secret" % way]), message[:length - size], name).digest()[:size]
                bits = re.match(r"AES_CBC_(\d+)", suite)
                if icv == message[length - size:length] and (not bits or int(bits.group(1)) == 8 * len(secret)):
                    return suite
    return None


def ike1_decrypts(keys, message):
    """Does the first encrypted message of phase 1 become a chain of payloads?"""
    iv, key = bytes(keys.get("initial IV", b"")), bytes(keys.get("encryption key Ka", b""))
    body = message[28:int.from_bytes(message[24:28], "big")]
    if not iv or len(body) % len(iv):
        return False
    cipher = algorithms.AES(key) if len(iv) == 16 else algorithms.TripleDES(key if len(key) > 8 else key * 3)
    one = Cipher(cipher, modes.CBC(iv), default_backend()).decryptor()
    clear, at, kind = one.update(body) + one.finalize(), 0, message[16]
    while kind and at + 4 <= len(clear):
        size = int.from_bytes(clear[at + 2:at + 4], "big")
        if clear[at + 1] or size < 4 or kind > 130:
            return False
        kind, at = clear[at], at + size
    return kind == 0 and at <= len(clear)


def esp_is_from(child, way, packet):
    """Do this direction's keys prove the packet?  None where nothing can be proved."""
    name, key = child.get("encryption"), bytes(child.get("encryption %s key" % way, b""))
    if name and name.startswith("AES_GCM_16"):
        return gcm_opens(key, packet[:8], packet[8:16], packet[16:]) or \
            gcm_opens(key, packet[:4] + bytes(4) + packet[4:8], packet[8:16], packet[16:])
    if child.get("integrity") not in HASHES:
        return None
    hash_, size = HASHES[child["integrity"]]
    secret = bytes(child["integrity %s key" % way])
    return packet[-size:] in [hmac.new(secret, packet[:-size] + high, hash_).digest()[:size] for high in (b"", bytes(4))]


class Proved:
    """The keys that a capture's packets themselves own up to."""

    def __init__(self, packets, logs, believe=False):
        """believe: where no packet of an SPI owns up to its keys, take the log's word for them."""
        self.ike1, self.ike2, self.esp, self.unproved = {}, {}, {}, set()
        parsed = [parse(log) for log in logs]
        self.ike_sets = [keys for ike, _ in parsed for keys in ike]
        self.child_sets = [child for _, some in parsed for child in some]
        whole, joined, _ = defrag(PacketList(list(packets)))
        for packet in [*whole, *joined]:
            kind, source, destination, data = layers(packet)
            if kind == "ike":
                self.ike(data)
            elif kind == "esp":
                self.esp_packet(source, destination, data)
        for spi, stream in self.esp.items():
            if believe and not stream["keys"]:
                stream["keys"] = self.by_word(spi)
        self.unproved -= set(self.ike2) | set(self.ike1)

    def ike(self, message):
        spis = message[:8].hex(), message[8:16].hex()
        if message[17] >> 4 == 2:
            if spis in self.ike2 or message[16] not in (46, 53):
                return
            self.unproved.add(spis)
            for keys in self.ike_sets:
                suite = ike2_is_from(keys, message) if "Sk_ei secret" in keys else None
                if suite:
                    self.ike2[spis] = (keys, suite)
                    return
        elif message[19] & 1 and spis not in self.ike1:
            self.unproved.add(spis)
            for keys in self.ike_sets:
                if message[20:24] == bytes(4) and ike1_decrypts(keys, message):
                    self.ike1[spis] = keys
                    return
            for keys in self.ike_sets:      # no encrypted phase 1 message in the capture
                if "encryption key Ka" in keys and (keys["spis"] or (0,))[0] == spis[0]:
                    self.ike1[spis] = keys

    def esp_packet(self, source, destination, data):
        spi = data[:4].hex()
        flow = self.esp.setdefault(spi, {"flows": set(), "keys": None})
        flow["flows"].add((source, destination))
        if flow["keys"]:
            return
        for child in self.child_sets:
            for way in ("initiator", "responder"):
                if esp_is_from(child, way, data):
                    flow["keys"] = (child, way)
                    return

    def by_word(self, spi):
        """The log's own line says which SPI; one log tells of it as the initiator's, one as the responder's."""
        for child in self.child_sets:
            for number, (its, source, _) in enumerate(child.get("sas", [])):
                if its == spi and child.get("encryption"):
                    return child, "initiator" if (number == 1) == (child is self.child_sets[0]) else "responder"
        return None

    def write(self, directory, plan=None):
        """Wireshark's three tables; what it cannot decrypt is left out."""
        directory.mkdir(parents=True, exist_ok=True)
        one = ["%s,%s\n" % (spi_i, bytes(keys["encryption key Ka"]).hex()) for (spi_i, _), keys in self.ike1.items()]
        two = []
        for (spi_i, spi_r), (keys, suite) in self.ike2.items():
            if crypt_name(suite) in IKE2_CRYPT and (auth_name(suite) or "GCM" in suite):
                secrets = [bytes(keys.get("Sk_%s secret" % which, b"")).hex() for which in ("ei", "er", "ai", "ar")]
                two.append('%s,%s,%s,%s,"%s",%s,%s,"%s"\n' % (spi_i, spi_r, secrets[0], secrets[1], IKE2_CRYPT[crypt_name(suite)],
                                                           secrets[2], secrets[3], IKE2_AUTH[auth_name(suite)]))
        three = []
        for spi, stream in self.esp.items():
            if not stream["keys"]:
                continue
            child, way = stream["keys"]
            name = child.get("encryption")
            auth = child.get("integrity")
            name = "AES_GCM_16" if name.startswith("AES_GCM_16") else name
            if name not in ESP_CRYPT or auth not in ESP_AUTH:
                continue
            flows = sorted(stream["flows"])
            six = ":" in flows[0][0]
            source, destination = flows[0] if len(flows) == 1 else ("*", "*")
            three.append('"%s","%s","%s","0x%s","%s","0x%s","%s","%s"\n' % (
                "IPv6" if six else "IPv4", source, destination, spi, ESP_CRYPT[name],
                bytes(child.get("encryption %s key" % way, b"")).hex(), ESP_AUTH[auth],
                "0x" + bytes(child["integrity %s key" % way]).hex() if auth else ""))
        note = "# made by tests/lab: each key has been proved on packets of the capture\n"
        for name, lines in (("ikev1_decryption_table", one), ("ikev2_decryption_table", two), ("esp_sa", three)):
            (directory / name).write_text(note + "".join(lines))
        (directory / "preferences").write_text("esp.enable_encryption_decode: TRUE\nesp.enable_authentication_check: TRUE\n")
        if plan:
            (directory / "plan").write_text(plan)


def spis(log):
    """(initiator's, responder's) SPI of each IKE SA of the log, in the order in which they were complete."""
    found = []
    for pair in re.findall(r"check(?:out|in) IKEv. SA .*with SPIs (\w+)_i (\w+)_r", log):
        if pair not in found and pair[1] != "0" * 16:
            found.append(pair)
    return found
