"""Answers that are no choice among what was offered

Four IKE_SA_INIT exchanges, made by hand: AES-128 is answered to AES-256; two proposals are
answered instead of one; the KE is of another group than the chosen one; the KE is too short."""
from conf import *
from craft import *

CONFIGURATIONS = {}
I, R = bytes.fromhex("1111222233334444"), bytes.fromhex("5555666677778888")

AES128 = ((1, 12, 128), (3, 12), (2, 5), (4, 14))


def story(lab):
    def exchange(number, **answer):
        spi_i, spi_r = I[:7] + bytes([number]), R[:7] + bytes([number])
        lab.send(ike_packet(sa_init(spi_i, source=CLIENT, destination=GATEWAY), CLIENT, GATEWAY))
        lab.send(ike_packet(sa_init(spi_i, spi_r, source=GATEWAY, destination=CLIENT, response=True, **answer), GATEWAY, CLIENT))

    exchange(1, transforms=AES128)
    exchange(2, proposals=proposal2(AES256_SHA256_2048, more=True) + proposal2(AES128, 2))
    exchange(3, group=19)
    exchange(4, ke=os.urandom(100))


ROOT = ("proposal_not_offered", "ke_group_mismatch", "ke_length_wrong", "several_chosen")
TRUTH = (("proposal_not_offered", ("isakmp.flag_r == 1", 0)), ("several_chosen", ("isakmp.flag_r == 1", 1)),
         ("ke_group_mismatch", ("isakmp.flag_r == 1", 2)), ("ke_length_wrong", ("isakmp.flag_r == 1", 3)))
