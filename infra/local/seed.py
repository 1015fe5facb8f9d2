"""Registers a biller per module, one with a ladder, and the users: ``python -m infra.local.seed``, run by ``start``.

It goes through the product's own store, in a process of its own: the store keeps its settings and its clients for the
life of a process.
"""

from infra.local.staff import invite_staff
from invoicing.billers import Biller, BillerState, Module
from invoicing.notice_policy import FallbackLadder, NoticePolicy
from invoicing.notices import PAYER_CHANNELS
from invoicing.store.billers import register_biller

BILLERS = (
    Biller(
        biller_id="toko-sinar",
        name="Toko Sinar",
        module=Module.E_INVOICE,
        state=BillerState.ACTIVE,
        company_code="88001",
        giro_account="0280011223344",
        channels=PAYER_CHANNELS,
        help_contact="WhatsApp 0811-0000-0001",
    ),
    Biller(
        biller_id="sekolah-harapan",
        name="Sekolah Harapan",
        module=Module.PINTU_KELAS,
        state=BillerState.ACTIVE,
        company_code="88002",
        giro_account="0280055667788",
        channels=PAYER_CHANNELS,
        help_contact="Tata usaha, 021-0000-0002",
    ),
    Biller(
        biller_id="klinik-sehat",
        name="Klinik Sehat",
        module=Module.E_INVOICE,
        state=BillerState.ACTIVE,
        company_code="88003",
        giro_account="0280099887766",
        channels=PAYER_CHANNELS,
        # WhatsApp, then SMS, then e-mail, instead of all at once.
        policy=NoticePolicy(fallback=FallbackLadder(is_on=True)),
        help_contact="WhatsApp 0811-0000-0003",
    ),
)

if __name__ == "__main__":
    for biller in BILLERS:
        register_biller(biller)
    invite_staff()
