"""What Meta's error codes mean for a notice, whether a call answers with one or a later event tells it.

Built on the code alone: Meta declares titles and subcodes as going away.
"""

from datetime import timedelta

from notify.channels.calling import SOON
from notify.outcomes import (
    ChannelStoppedError,
    NotSentError,
    PairRateError,
    ProviderError,
    RefusedError,
    WrongMessageError,
)

PAIR_RATE = timedelta(seconds=6)
"""One message per six seconds to one recipient; each further attempt waits four times as long."""

_BUSY = {1, 2, 4, 80007, 130429, 131000, 131016, 131057}
_PAIR_RATE = {131056}
_STOPPED = {0, 10, 190, 368, 131005, 131031, 131042, 131048, 132015, 132016, *range(200, 300)}
"""Token, permission, account locked, payment, spam limit; a template paused or disabled by Meta."""
_REFUSED = {100, 130472, 131008, 131009, 131021, 131026, 131047, 131049, 131050, 131051}
_WRONG = {132000, 132001, 132005, 132007, 132012, 132068, 132069}


def class_meta_code(code: int) -> ProviderError | None:
    """None for a code that is not known here."""
    reason = f"meta_{code}"
    if code in _BUSY:
        return NotSentError(reason, SOON)
    if code in _PAIR_RATE:
        return PairRateError(reason, PAIR_RATE)
    if code in _STOPPED:
        return ChannelStoppedError(reason)
    if code in _WRONG:
        return WrongMessageError(reason)
    return RefusedError(reason) if code in _REFUSED else None
