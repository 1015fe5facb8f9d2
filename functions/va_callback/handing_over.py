"""What a bank is told when it is connected, or gets a new secret."""

from typing import Any

from invoicing.bank_clients import describe_client
from invoicing.connecting_banks import Connection
from invoicing.settings import get_settings


def build_hand_over(connection: Connection) -> dict[str, Any]:
    """The client and what its bank has to be told; the secret is in it."""
    settings, client = get_settings(), connection.client
    start = f"{settings.snap_base_url}{settings.snap_path_prefix}/{settings.snap_versions[0]}"
    return {
        "client": describe_client(client),
        "hand_over": {
            "X-CLIENT-KEY": client.client_id,
            "X-PARTNER-ID": client.partner_id,
            "client_secret": connection.secret or None,
            "access_token": f"{start}/access-token/b2b" if connection.secret else None,
            "inquiry": f"{start}/transfer-va/inquiry",
            "payment": f"{start}/transfer-va/payment",
            "status": f"{start}/transfer-va/status",
            "signature": "HMAC-SHA512" if connection.secret else "SHA256withRSA",
            "clock_tolerance_seconds": client.timestamp_tolerance_seconds,
        },
    }
