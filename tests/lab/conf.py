# conf.py - configurations of strongSwan as nested dicts.
# SPDX-License-Identifier: GPL-2.0-or-later
"""tunnel() gives the two swanctl configurations of a plain tunnel; a scenario states only
in what it differs.  A dict is a section, a list a comma-separated value, None removes a key."""
import copy

CLIENT, GATEWAY, STRANGER = "192.0.2.10", "198.51.100.20", "203.0.113.66"
CLIENT6, GATEWAY6 = "2001:db8:1::10", "2001:db8:2::20"
OTHER_CLIENT, MOVED_CLIENT = "192.0.2.11", "192.0.2.77"
CLIENT_LAN, GATEWAY_LAN = "10.1.0.1", "10.2.0.1"
CLIENT_LAN6, GATEWAY_LAN6 = "2001:db8:a::1", "2001:db8:b::1"
CLIENT_NET, GATEWAY_NET = "10.1.0.0/24", "10.2.0.0/24"
CLIENT_ID, GATEWAY_ID, USER = "site.corp.example", "gw.corp.example", "lisa@corp.example"
SECRET = "labsecret"

PLUGINS = ("random nonce openssl drbg kdf aes sha1 sha2 md5 hmac xcbc cmac gcm ctr ccm chapoly curve25519 pem "
           "pkcs1 pkcs8 x509 pubkey constraints revocation {kernel} kernel-netlink socket-default vici "
           "xauth-generic eap-identity eap-md5 eap-mschapv2")


def text(section, depth=0):
    """A nested dict in the syntax of strongswan.conf and swanctl.conf."""
    pad, lines = "  " * depth, []
    for key, value in section.items():
        if isinstance(value, dict):
            lines += ["%s%s {" % (pad, key), text(value, depth + 1), pad + "}"]
        else:
            if isinstance(value, bool):
                value = "yes" if value else "no"
            if isinstance(value, (list, tuple)):
                value = ", ".join(map(str, value))
            lines.append("%s%s = %s" % (pad, key, value))
    return "\n".join(lines)


def merge(base, *others):
    """A copy of base with others on top, section by section."""
    result = copy.deepcopy(base)
    for other in others:
        for key, value in (other or {}).items():
            if value is None:
                result.pop(key, None)
            elif isinstance(value, dict):
                result[key] = merge(result[key] if isinstance(result.get(key), dict) else {}, value)
            else:
                result[key] = value
    return result


def daemon(directory, kernel, more=None):
    """strongswan.conf of one daemon."""
    return text({"charon-systemd": merge({
        "load": PLUGINS.format(kernel="kernel-libipsec" if kernel == "libipsec" else ""),
        "filelog": {"log": {"path": "%s/log" % directory, "flush_line": True, "ike_name": True, "default": 1,
                            "ike": 4, "chd": 4, "mgr": 2}},
        "journal": {"default": -1}, "install_virtual_ip": True, "install_routes": True,
        "retransmit_tries": 3, "retransmit_timeout": 1.0, "retransmit_base": 1.5,
        "i_dont_care_about_security_and_use_aggressive_mode_psk": True,
        "plugins": {"vici": {"socket": "unix://%s/vici" % directory}}}, more)})


def connection(here, there, **more):
    return merge({"version": 2, "local_addrs": here, "remote_addrs": there, "proposals": "aes256-sha256-modp2048"}, more)


def tunnel(both=None, client=None, gateway=None, child=None, client_child=None, gateway_child=None,
           secrets=None, gateway_secrets=None, client_top=None, gateway_top=None, name="net", six=False):
    """(client, gateway) of a site-to-site tunnel with a pre-shared key."""
    here, there = (CLIENT6, GATEWAY6) if six else (CLIENT, GATEWAY)
    nets = ("2001:db8:a::/64", "2001:db8:b::/64") if six == "inner" else (CLIENT_NET, GATEWAY_NET)
    psk = {"ike-1": {"secret": '"%s"' % SECRET}}
    ends = []
    for mine, yours, my_id, your_id, my_net, your_net, own, own_child, own_secrets, top in (
            (here, there, CLIENT_ID, GATEWAY_ID, nets[0], nets[1], client, client_child, secrets, client_top),
            (there, here, GATEWAY_ID, CLIENT_ID, nets[1], nets[0], gateway, gateway_child,
             gateway_secrets or secrets, gateway_top)):
        one = connection(mine, yours, local={"auth": "psk", "id": my_id}, remote={"auth": "psk", "id": your_id})
        first = {"local_ts": my_net, "remote_ts": your_net, "esp_proposals": "aes128-sha256"}
        one["children"] = {name: merge(first, child, own_child)}
        one = merge(one, both, own)
        for side in ("local", "remote"):        # several rounds replace the one
            if side + "-1" in one:
                del one[side]
        ends.append(merge({"connections": {name: one}, "secrets": merge(psk, own_secrets)}, top))
    return tuple(ends)


def roadwarrior(client=None, gateway=None, both=None, pool="10.86.152.186-10.86.152.190", **more):
    """(client, gateway): a user who is given an address from the gateway's pool."""
    user = merge({"vips": "0.0.0.0", "local": {"id": USER}}, client)
    server = merge({"pools": "vpn", "remote_addrs": "%any", "remote": {"id": "%any"}}, gateway)
    return tunnel(both=both, client=user, gateway=server,
                  client_child=merge({"local_ts": "dynamic"}, more.pop("client_child", None)),
                  gateway_child=merge({"remote_ts": "dynamic"}, more.pop("gateway_child", None)),
                  gateway_top=merge({"pools": {"vpn": {"addrs": pool}}}, more.pop("gateway_top", None)), **more)


def two_users(client):
    """The client's connection "net" as one for lisa and one for bob, each from an address of its own."""
    net = client["connections"].pop("net")
    for name, address in (("lisa", CLIENT), ("bob", OTHER_CLIENT)):
        client["connections"][name] = merge(net, {"local_addrs": address, "local": {"id": name + "@corp.example"},
                                                  "children": {"net": None, name: net["children"]["net"]}})
    return client


def behind_one_nat(lab, outside, ports):
    """Translates both: lisa's ports stay, bob's IKE goes out by 1024, and by his port of the ports once it has moved."""
    lab.address("client", OTHER_CLIENT + "/24", "eth0")
    lab.nft("west", "add table ip nat; add chain ip nat post { type nat hook postrouting priority 100; }; "
            "add rule ip nat post oifname mid ip saddr %s snat to %s; "
            "add rule ip nat post oifname mid ip saddr %s udp sport 500 snat to %s:1024; "
            "add rule ip nat post oifname mid ip saddr %s udp sport 4500 snat to %s:%u"
            % (CLIENT, outside, OTHER_CLIENT, outside, OTHER_CLIENT, outside, ports["bob"]))


def xauth_pair(client_password, gateway_password):
    """(client, gateway): IKEv1 aggressive mode, XAUTH, address by Mode Config."""
    return roadwarrior(
        both={"version": 1, "aggressive": True, "proposals": "aes128-sha1-modp1536"}, child={"esp_proposals": "aes128-sha1"},
        client={"local-1": {"auth": "psk", "id": USER}, "local-2": {"auth": "xauth", "xauth_id": USER}},
        gateway={"remote-1": {"auth": "psk", "id": USER}, "remote-2": {"auth": "xauth"}},
        secrets={"xauth-1": {"id": USER, "secret": '"%s"' % client_password}},
        gateway_secrets={"xauth-1": {"id": USER, "secret": '"%s"' % gateway_password}}, pool="10.86.152.186-10.86.152.186")
