"""Keys of AWS: of users, roles and roots by account and name or by arn, of access keys and console passwords.

CloudTrail names them, and so do others that speak of AWS: OCSF, Kubernetes, reports of leaks.
"""

from __future__ import annotations

from schemas.remembering import remembered


def key_of(access_key: str) -> str:
    """Returns the key of an access key by its id; "" without one."""
    return f"aws:key/{access_key}" if access_key else ""


def password_of(account: str, user: str) -> str:
    """Returns the key of a user's console password; "" where account or user is unknown."""
    return f"aws:{account}:password/{user}" if account and user else ""


def console_of(account: str, session: str, began: str) -> str:
    """Returns the key of a console session by the session's name and beginning, for records of a sign-in that
    show no key; "" where one of these is unknown."""
    return f"aws:{account}:console/{session}/{began}" if account and session and began else ""


def user_of(account: str, name: str) -> str:
    """Returns the key of an IAM user; "" where account or name is unknown."""
    return f"aws:{account}:user/{name}" if account and name else ""


def role_of(account: str, name: str) -> str:
    """Returns the key of a role; "" where account or name is unknown."""
    return f"aws:{account}:role/{name}" if account and name else ""


@remembered(65_536)
def of_arn(arn: str) -> str:
    """Returns the identity that an IAM or STS arn names: a user, a (session's) role, a root; "" for any other
    arn."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] not in ("iam", "sts"):
        return ""
    account, (kind, _, path) = parts[4], parts[5].partition("/")
    if kind == "root":
        return f"aws:{account}:root"
    if not account or not path:
        return ""
    match kind:
        case "user" | "role":
            return f"aws:{account}:{kind}/{path.rpartition('/')[2]}"
        case "assumed-role":
            return f"aws:{account}:role/{path.partition('/')[0]}"
        case "federated-user":
            return f"aws:{account}:federated-user/{path}"
        case _:
            return ""
