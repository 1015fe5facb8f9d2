"""Notices: one message to one recipient on one channel, and the states it goes through."""

from enum import StrEnum


class Channel(StrEnum):
    EMAIL = "email"
    WHATSAPP = "whatsapp"
    SMS = "sms"


class NoticeKind(StrEnum):
    ISSUED = "issued"
    REMINDER = "reminder"
    PAID = "paid"
    ARCHIVED = "archived"


class NoticeState(StrEnum):
    """queued -> claimed -> sent -> delivered -> read; see ``invoicing.notices`` for the rules of moving."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    UNKNOWN = "unknown"
    """The provider call ended ambiguously: it may or may not have been accepted."""
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """Not sent on purpose: the invoice was paid or archived first."""
