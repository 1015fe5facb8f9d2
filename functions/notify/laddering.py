"""The next channel at once where a notice failed, and by the sweeper where that did not work."""

from aws_lambda_powertools import Logger

from invoicing import defects, fallbacks
from invoicing.notices import NoticeRef

logger = Logger()


def move_on_at_once(ref: NoticeRef) -> None:
    """Never raises: the notice says when it is to move on, and the sweeper looks."""
    try:
        fallbacks.move_on(ref)
    except Exception as error:
        logger.error("fallback_left_to_sweeper", extra={"notice_id": ref.notice_id, **defects.describe(error)})
