"""A changed password

IKEv1 aggressive mode with XAUTH. Lisa's password has been changed on the gateway, her client still
has the old one: phase 1 is agreed, she is asked for her password, sends it, and gets XAUTH status
FAIL. No quick mode follows."""
from conf import *
from lab import expect

CONFIGURATIONS = dict(zip(("client", "gateway"), xauth_pair("old-password", "new-password")))
KERNEL = "libipsec"


def story(lab):
    expect(not lab.client.initiate(), "XAUTH must fail")


COUNTS = (("isakmp", 7), ("esp", 0))
ROOT = ("auth_failed",)
TRUTH = (("auth_failed", ("isakmp.exchangetype == 6", 2)),)
SILENT = ("no_proposal_chosen",)
ALLOWED = ("aggressive_mode_psk", "weak_dh_group")
