"""One provider call, never repeated by the SDK: no provider here has an idempotency token."""

from collections.abc import Callable
from datetime import timedelta

from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)

from notify.outcomes import AmbiguousError, NotSentError, ProviderError

SOON = timedelta(seconds=30)


def build_config() -> Config:
    """For a sender's client: one attempt, over well within the lease of the notice (``notify.sending``)."""
    return Config(retries={"total_max_attempts": 1, "mode": "standard"}, connect_timeout=2, read_timeout=10)


def call_once(call: Callable[[], str], class_error: Callable[[ClientError], ProviderError | None]) -> str:
    """The provider's id of the message that ``call`` sends. Raises the errors of ``notify.outcomes``.

    ``class_error`` says what an error answer means, and None for one that it does not know: a server's fault is then
    ambiguous, anything else a defect of ours that surely sent nothing, raised as it is.
    """
    try:
        return call()
    except ClientError as error:
        known = class_error(error)
        if known is None and error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
            known = AmbiguousError(error.response["Error"]["Code"])
        if known is None:
            raise
        raise known from error
    except (ParamValidationError, NoCredentialsError):
        raise
    except (ConnectTimeoutError, EndpointConnectionError) as error:
        raise NotSentError("provider_unreachable", SOON) from error
    except Exception as error:
        if _is_handshake_time_out(error):
            raise NotSentError("provider_unreachable", SOON) from error
        # Read time-out, broken connection, unreadable answer: the provider may have accepted it.
        raise AmbiguousError(type(error).__name__) from error


def _is_handshake_time_out(error: BaseException | None) -> bool:
    """botocore calls it a read time-out, but before TLS stands nothing of the request has left."""
    while error is not None:
        if isinstance(error, TimeoutError) and "handshake operation timed out" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
