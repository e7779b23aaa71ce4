"""The true captures that are attacked: of each kind of negotiation and of traffic one or two, small.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import made
from scene import Keys, Scene

PCAPS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "pcaps")


def scene(name, folder):
    """That capture with its keys; folder: where one that is made may lie."""
    if name == made.NAME:
        path, log, *spis = made.make(folder)
        return Scene(path, Keys.of(log, *spis))
    return Scene(os.path.join(PCAPS, name + ".pcapng"))


CAPTURES = [
    # No key of ESP is given: all follow
    made.NAME,
    # IKEv2: shared key, EAP, assigned address, both ends' violations
    "5_clean_ikev2", "clean_v2_native", "clean_v2_eap_mschapv2", "inner_selectors", "wrong_child_sa", "esp_in_esp", "selectors_ports", "narrowed",
    # ... refused
    "wrong_psk_v2", "wrong_psk_v2_without_keys", "eap_wrong_password", "child_mismatch", "ts_unacceptable", "no_address", "impossible_choice",
    "offer_changed", "error_notifies", "pfs_mismatch", "no_common_proposal",
    # ... detours
    "cookie", "invalid_ke", "redirect", "retransmission", "cert_v2_fragments",
    # ... rekeyed, moved, closed, alive
    "rekey_child", "rekey_ike", "ike_gcm", "suite_downgraded", "mobike_v4", "nat_initiator", "nat_both", "nat_mapping_changed", "keepalives",
    "nat_roadwarrior", "two_hosts_behind_nat", "dpd", "dead_peer", "half_closed", "children", "duplicate_child", "peer_restarted", "childless",
    "reauth_v2", "ike_bad_icv", "udp_4500_blocked", "virtual_ip_shared",
    # IKEv1
    "1_wrong_password", "2_3des_against_des", "3_virtual_address", "4_virtual_address_planned", "clean_v1_aggressive", "clean_v1_main",
    "clean_v1_xauth", "wrong_psk_v1_main", "quick_mode_ids", "v1_dpd", "crossed_quick_modes", "aggressive_refused", "transport_v1_nat",
    "cert_v1_fragments", "esp_after_lifetime", "v1_changed_attribute", "identity_rejected", "libreswan_v1",
    # ESP and AH
    "esp_sequence", "esp_reordered", "esp_bad_icv", "esp_iv_reused", "esp_one_way", "esp_wrong_key", "esp_first_number", "esp_unknown_spi",
    "esp_after_delete", "esn", "transport", "ah_tunnel", "ah_transport", "ipv6", "outer_addresses", "esp_without_ike", "cleartext_bypass",
    "weak_suite", "path_mtu", "no_daemon",
]
