"""Two officers of the local bank: what one proposes about a bank client the other approves, through the API."""

import base64
import hmac
import json
from typing import Any

import urllib3

from infra.local.cloud import Cloud, CloudError
from infra.local.staff import PASSWORD

PROPOSER, APPROVER = "officer1@bank.example", "officer2@bank.example"
REASON = "local set-up"


def decide_by_two(cloud: Cloud, path: str, **members: Any) -> dict[str, Any]:
    """Propose by this route (``/v1/bank/...``), approve, and the answer to that: ``{"change", "hand_over"}``."""
    proposed = call_api(cloud, sign_in(cloud, PROPOSER), "POST", path, {"reason": REASON, **members})
    approval = f"/v1/bank/client-changes/{proposed['change_id']}/approve"
    return call_api(cloud, sign_in(cloud, APPROVER), "POST", approval)


def call_api(cloud: Cloud, token: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """Raises CloudError for a problem."""
    with urllib3.PoolManager(ca_certs=str(cloud.certificate), timeout=60) as http:
        answer = http.request(
            method,
            cloud.outputs["ApiAddress"] + path,
            body=None if body is None else json.dumps(body),
            headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
            retries=False,
        )
    shown: dict[str, Any] = json.loads(answer.data)
    if answer.status >= 400:
        raise CloudError(f"{method} {path}: {answer.status} {shown.get('code', '')} {shown.get('detail', '')}")
    return shown


def sign_in(cloud: Cloud, email: str) -> str:
    """An access token from the user pool itself: this process keeps its own settings, unlike ``staff.sign_in_as``."""
    cognito = cloud.client("cognito-idp")
    pool, app = cloud.outputs["UserPool"], cloud.outputs["DashboardClient"]
    secret = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=app)["UserPoolClient"]["ClientSecret"]
    signature = base64.b64encode(hmac.digest(secret.encode(), f"{email}{app}".encode(), "sha256")).decode()
    answer = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=app,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD, "SECRET_HASH": signature},
    )
    token: str = answer["AuthenticationResult"]["AccessToken"]
    return token
