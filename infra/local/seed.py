"""Registers one biller per module, and one with a ladder of channels: ``python -m infra.local.seed``, run by ``start``.

It goes through the product's own store, in a process of its own: the store keeps its settings and its clients for the
life of a process.
"""

from invoicing.billers import Biller, BillerState, Module
from invoicing.notice_policy import FallbackLadder, NoticePolicy
from invoicing.notices import Channel
from invoicing.store.billers import register_biller

BILLERS = (
    Biller(
        biller_id="toko-sinar",
        name="Toko Sinar",
        module=Module.E_INVOICE,
        state=BillerState.ACTIVE,
        company_code="88001",
        giro_account="0280011223344",
        channels=tuple(Channel),
        help_contact="WhatsApp 0811-0000-0001",
    ),
    Biller(
        biller_id="sekolah-harapan",
        name="Sekolah Harapan",
        module=Module.PINTU_KELAS,
        state=BillerState.ACTIVE,
        company_code="88002",
        giro_account="0280055667788",
        channels=tuple(Channel),
        help_contact="Tata usaha, 021-0000-0002",
    ),
    Biller(
        biller_id="klinik-sehat",
        name="Klinik Sehat",
        module=Module.E_INVOICE,
        state=BillerState.ACTIVE,
        company_code="88003",
        giro_account="0280099887766",
        channels=tuple(Channel),
        # WhatsApp, then SMS, then e-mail, instead of all at once.
        policy=NoticePolicy(fallback=FallbackLadder(is_on=True)),
        help_contact="WhatsApp 0811-0000-0003",
    ),
)

if __name__ == "__main__":
    for biller in BILLERS:
        register_biller(biller)
