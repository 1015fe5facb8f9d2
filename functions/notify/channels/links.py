"""The link of a notice's recipient, and what it means for the notice when the key of links cannot be read."""

from botocore.exceptions import BotoCoreError, ClientError

from invoicing.notices import Notice
from invoicing.payer_links import build_payer_link
from notify.channels.calling import SOON
from notify.outcomes import ChannelStoppedError, NotSentError

_BUSY = {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"}


def build_link(notice: Notice) -> str:
    """Empty where there is no payer's page. Raises NotSentError: no message goes out without the link it promises."""
    try:
        return build_payer_link(notice.ref.bank_code, notice.ref.va_number, notice.recipient)
    except BotoCoreError as error:
        raise NotSentError("link_key_unreachable", SOON) from error
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _BUSY or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
            raise NotSentError("link_key_busy", SOON) from error
        # Not permitted, or the secret is gone: the same for every message until somebody mends it.
        raise ChannelStoppedError(f"link_key_{code}") from error
