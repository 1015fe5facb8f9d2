"""The Cognito user pool: who can sign in. What they may do is not kept there (``store/users.py``).

Every function here may be repeated: the second call finds what the first has done.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from invoicing.settings import get_settings

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

_TOKEN_MINUTES = 15


@lru_cache(maxsize=1)
def client() -> "CognitoIdentityProviderClient":
    config = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=2, read_timeout=8)
    return boto3.client("cognito-idp", config=config)


def create_person(email: str, name: str) -> str:
    """Let somebody sign in, with an invitation by e-mail; the ``sub``. One who is there gets no second invitation."""
    pool_id = get_settings().user_pool_id
    try:
        answer = client().admin_create_user(
            UserPoolId=pool_id,
            Username=email,
            UserAttributes=[
                {"Name": "email", "Value": email},
                {"Name": "email_verified", "Value": "true"},
                {"Name": "name", "Value": name},
            ],
            DesiredDeliveryMediums=["EMAIL"],
        )
        attributes = answer["User"].get("Attributes", [])
    except client().exceptions.UsernameExistsException:
        attributes = client().admin_get_user(UserPoolId=pool_id, Username=email)["UserAttributes"]
    return next(given["Value"] for given in attributes if given["Name"] == "sub")


def invite_again(user_id: str) -> bool:
    """Send the invitation anew, with a new temporary password; False for one who has signed in before."""
    pool_id = get_settings().user_pool_id
    found = client().admin_get_user(UserPoolId=pool_id, Username=user_id)
    if found["UserStatus"] != "FORCE_CHANGE_PASSWORD":
        return False
    email = next(given["Value"] for given in found["UserAttributes"] if given["Name"] == "email")
    client().admin_create_user(
        UserPoolId=pool_id, Username=email, MessageAction="RESEND", DesiredDeliveryMediums=["EMAIL"]
    )
    return True


def lock_out(user_id: str) -> None:
    """End every session of a person and let no new one begin."""
    pool_id = get_settings().user_pool_id
    client().admin_disable_user(UserPoolId=pool_id, Username=user_id)
    client().admin_user_global_sign_out(UserPoolId=pool_id, Username=user_id)


def let_in(user_id: str) -> None:
    client().admin_enable_user(UserPoolId=get_settings().user_pool_id, Username=user_id)


def forget_authenticator(user_id: str) -> None:
    """Ask a person for no code of an authenticator app any more, and end every session."""
    pool_id = get_settings().user_pool_id
    client().admin_set_user_mfa_preference(
        UserPoolId=pool_id, Username=user_id, SoftwareTokenMfaSettings={"Enabled": False, "PreferredMfa": False}
    )
    client().admin_user_global_sign_out(UserPoolId=pool_id, Username=user_id)


def create_program_client(name: str, scopes: list[str]) -> tuple[str, str]:
    """Credentials for a program: client id and secret. The secret cannot be read again by anybody here."""
    answer = client().create_user_pool_client(
        UserPoolId=get_settings().user_pool_id,
        ClientName=name,
        GenerateSecret=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=scopes,
        AccessTokenValidity=_TOKEN_MINUTES,
        TokenValidityUnits={"AccessToken": "minutes"},
        EnableTokenRevocation=True,
    )
    found = answer["UserPoolClient"]
    return found["ClientId"], found["ClientSecret"]


def delete_program_client(client_id: str) -> None:
    """No token is given for these credentials any more; safe to repeat."""
    try:
        client().delete_user_pool_client(UserPoolId=get_settings().user_pool_id, ClientId=client_id)
    except client().exceptions.ResourceNotFoundException:
        return
