"""Small activities for scenarios."""

from __future__ import annotations

from typing import Any

from schemas.activity import Activity, Ended, Issued, Parent, Restored
from schemas.evidence import SECOND

T0 = 1_790_000_000 * SECOND
ROLE = "aws:111122223333:role/payments"
USER = "aws:111122223333:user/ci"
KEY = "aws:key/AKIAEXAMPLE0000000A1"
SESSION = "aws:key/ASIAEXAMPLE0000000S1"


def use(uid: str, at: float, identity: str = USER, credential: str = KEY, **more: Any) -> Activity:
    """A use ``at`` seconds after the start of the scenario."""
    base: dict[str, Any] = {
        "uid": uid,
        "time": T0 + int(at * SECOND),
        "source": "cloudtrail",
        "identity": identity,
        "credential": credential,
        "operation": "s3:GetObject",
        "outcome": "succeeded",
        "place": "198.51.100.7",
        "client": "aws-cli/2",
    }
    return Activity(**(base | more))


def change(uid: str, at: float, *effects: Any, **more: Any) -> Activity:
    """An administrator's act with effects."""
    return use(
        uid,
        at,
        **(
            {
                "identity": "aws:111122223333:user/admin",
                "credential": "aws:key/AKIAADMIN",
                "effects": tuple(effects),
                "action": "identity_write",
            }
            | more
        ),
    )


def kill(uid: str, at: float, credential: str = KEY, identity: str = USER, **more: Any) -> Activity:
    return change(
        uid,
        at,
        Ended(
            **(
                {"how": "DeleteAccessKey", "kind": "deleted", "credential": credential, "identity": identity}
                | more
            )
        ),
    )


def restore(uid: str, at: float, credential: str = KEY, identity: str = USER) -> Activity:
    return change(uid, at, Restored(how="UpdateAccessKey Active", credential=credential, identity=identity))


def issue(
    uid: str,
    at: float,
    credential: str,
    identity: str,
    parent: str = "",
    home: str = "",
    edge: Any = "came_from",
    **more: Any,
) -> Activity:
    parents = {parent: Parent(edge, home)} if parent else {}
    issued = Issued(
        **({"credential": credential, "identity": identity, "kind": "session", "parents": parents} | more)
    )
    return use(uid, at, home or USER, parent or KEY, operation="sts:AssumeRole", effects=(issued,))
