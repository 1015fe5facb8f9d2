"""What a biller chooses for itself: channels, language, when notices go out, what becomes of bad rows."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from invoicing import clock
from invoicing.billers import Biller, OnErrors, OutsidePayments, ReleaseMode
from invoicing.errors import ChangeValueError, SettingsChangedError
from invoicing.notice_policy import NoticePolicy
from invoicing.notices import PAYER_CHANNELS, Channel
from invoicing.store import billers
from invoicing.store.audit import build_audit_write


@dataclass(frozen=True, slots=True)
class BillerSettings:
    channels: Sequence[Channel]
    """In the order in which a payer is tried."""
    language: str
    policy: NoticePolicy
    on_errors: OnErrors
    release: ReleaseMode
    help_contact: str
    outside_payments: OutsidePayments


def change_settings(biller: Biller, wanted: BillerSettings, *, version: int, by: str) -> Biller:
    """Replace the settings that were seen as ``version``. Raises SettingsChangedError, ChangeValueError.

    Approval, of uploads and of payments outside the VA, is turned on here at once; turning it off takes two people
    (``two_people``).
    """
    if biller.version != version:
        raise SettingsChangedError(str(biller.version))
    if wanted.release is not biller.release and wanted.release is ReleaseMode.AUTOMATIC:
        raise ChangeValueError("release")
    if wanted.outside_payments is not biller.outside_payments and wanted.outside_payments is OutsidePayments.BY_ONE:
        raise ChangeValueError("outside_payments")
    chosen = set(wanted.channels)
    if not chosen or len(chosen) != len(wanted.channels) or not chosen <= set(PAYER_CHANNELS):
        raise ChangeValueError("channels")
    before, after = _write(read_settings(biller)), _write(wanted)
    changed = [name for name in after if after[name] != before[name]]
    if not changed:
        return biller
    entry = build_audit_write(
        biller.biller_id,
        user_id=by,
        action="change_settings",
        subject=biller.biller_id,
        at=clock.to_text(clock.now()),
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )
    if not billers.change_settings(biller, {name: after[name] for name in changed}, [entry]):
        raise SettingsChangedError(str(biller.version))
    return billers.load_biller(biller.biller_id)


def read_settings(biller: Biller) -> BillerSettings:
    return BillerSettings(
        channels=biller.channels,
        language=biller.language,
        policy=biller.policy,
        on_errors=biller.on_errors,
        release=biller.release,
        help_contact=biller.help_contact,
        outside_payments=biller.outside_payments,
    )


def _write(settings: BillerSettings) -> dict[str, Any]:
    return {
        "channels": list(settings.channels),
        "language": settings.language,
        "policy": {**asdict(settings.policy), "reminder_offsets": list(settings.policy.reminder_offsets)},
        "on_errors": settings.on_errors,
        "release": settings.release,
        "help_contact": settings.help_contact,
        "outside_payments": settings.outside_payments,
    }
