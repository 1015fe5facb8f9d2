"""The people of the local cloud: one of each role at each biller, two officers and one of the support at the bank."""

import os
from dataclasses import dataclass

from infra.local.cloud import Cloud, CloudError
from invoicing.roles import Role

PASSWORD = "Percobaan-2026"  # noqa: S105 - of invented people on an emulator that forgets them
BILLER_IDS = ("toko-sinar", "sekolah-harapan")


@dataclass(frozen=True)
class Person:
    email: str
    biller_id: str | None
    roles: tuple[Role, ...]


STAFF = (
    *(
        Person(f"{role.removeprefix('biller_')}@{biller_id}.example", biller_id, (role,))
        for biller_id in BILLER_IDS
        for role in (Role.BILLER_ADMIN, Role.MAKER, Role.CHECKER, Role.VIEWER)
    ),
    Person("officer1@bank.example", None, (Role.BANK_OFFICER,)),
    Person("officer2@bank.example", None, (Role.BANK_OFFICER,)),
    Person("support@bank.example", None, (Role.BANK_SUPPORT,)),
)


def invite_staff() -> None:
    """As an admin would; then the password that each would choose. Needs the settings of the users' functions."""
    from invoicing import user_pool, users
    from invoicing.settings import get_settings

    for person in STAFF:
        user = users.invite_user(
            person.biller_id, email=person.email, name=person.email, roles=person.roles, invited_by="seed"
        )
        user_pool.client().admin_set_user_password(
            UserPoolId=get_settings().user_pool_id, Username=user.user_id, Password=PASSWORD, Permanent=True
        )


def build_settings(cloud: Cloud) -> dict[str, str]:
    """What signing in asks the environment for."""
    return {
        "USERS_TABLE": cloud.outputs["UsersTable"],
        "AUDIT_TABLE": cloud.outputs["AuditTable"],
        "SIGN_IN_ATTEMPTS_TABLE": cloud.outputs["SignInAttemptsTable"],
        "USER_POOL_ID": cloud.outputs["UserPool"],
        "DASHBOARD_CLIENT_ID": cloud.outputs["DashboardClient"],
    }


def sign_in_as(cloud: Cloud, email: str) -> str:
    """An access token, by the product's own sign-in. This process is a client of this cloud from now on."""
    from invoicing.sign_in import SignedIn, sign_in

    os.environ.update(cloud.build_environment() | build_settings(cloud))
    answer = sign_in(email, PASSWORD, "127.0.0.1")
    if not isinstance(answer, SignedIn):
        raise CloudError(f"{email} has not chosen a password yet")
    return answer.access_token
