"""Ordinary life around controls: what well-known software does on a working day, and beside each such
behaviour the smallest change that makes it real. One module a control, found from the folder."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any, NamedTuple

from schemas.activity import Activity
from schemas.evidence import SECOND, iso
from schemas.verdict import Clock, Severity, Verdict
from tests.support import cloudtrail, kubernetes
from tests.support.kubernetes import account, ref
from tests.support.make import T0
from tests.support.scenario import run

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0

Said = Callable[[], list[Verdict]]


class Life(NamedTuple):
    """``happens``: what is ordinary; ``real``: what is not, in its place. ``quiet`` and ``loud``: the logs of
    both (of a source's own rhythm, what is said of it). ``now``: when they are looked at (seconds after the
    start; 0: an hour after the last record), ``since``: from when on their sources were watched."""

    happens: str
    real: str
    quiet: list[Activity] | Said
    loud: list[Activity] | Said
    now: float = 0
    since: float | None = None


def lives() -> dict[str, list[Life]]:
    """The ordinary life around each control that has a module here."""
    modules = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    return {name: importlib.import_module(f"{__name__}.{name}").LIVES for name in modules}


HEADING = "## Ordinary life around access, agents, deployment and telemetry"
ABOUT = """Each row is held by a test (`tests/correlators/test_ordinary_life.py`): nothing is told of what
happens, and something of what is real beside it. `python -m tests.support.life` writes this part again;
agents' servers and windows stand in their controls' own tests.
"""


def section() -> str:
    """The part of docs/noise.md, from its heading on; it is the last."""
    rows = [
        f"| `{control}` | {life.happens} | {life.real} |"
        for control, many in lives().items()
        for life in many
    ]
    head = ("| control | what happens: nothing is said | what is real beside it |", "|---|---|---|")
    return "\n".join((HEADING, "", ABOUT, *head, *rows)) + "\n"


def verdicts_of(life: Life, many: list[Activity] | Said) -> list[Verdict]:
    """Everything that is said of one of the two logs, by any control."""
    if not isinstance(many, list):
        return many()
    time = at(life.now) if life.now else max(a.time for a in many) + int(HOUR) * SECOND
    sources = {a.source for a in many if a.source != "inventory"}
    watched = {} if life.since is None else dict.fromkeys(sources, at(life.since))
    world = run(many, Clock(time, dict.fromkeys(sources, time), watched))
    return [r.verdict for r in world.last.values() if r.verdict]


def loud(many: list[Verdict], control: str = "", least: Severity = Severity.INFORMATIONAL) -> list[Verdict]:
    """What is said at a severity or above, of one control or of all."""
    return [v for v in many if v.severity is not None and v.severity >= least and control in ("", v.control)]


def at(seconds: float) -> int:
    """A time so many seconds after the start (µs)."""
    return T0 + int(seconds * SECOND)


def stamp(seconds: float) -> str:
    """The same as logs write it."""
    return iso(at(seconds))


def cluster(
    when: float, verb: str = "list", resource: str = "configmaps", name: str = "", by: str = "",
    wide: bool = False, code: int = 200, **more: Any,
) -> Activity:  # fmt: skip
    """One request to a cluster. ``by``: the binding that allowed it."""
    kind, place = ("ClusterRoleBinding", "") if wide else ("RoleBinding", "/shop")
    reason = f'RBAC: allowed by {kind} "{by}{place}" of ClusterRole "x" to ServiceAccount "mailer/shop"'
    decision = "forbid" if code == 403 else "allow"
    notes = {"authorization.k8s.io/decision": decision, "authorization.k8s.io/reason": reason if by else ""}
    took = more.pop("took", 0.002)
    base: dict[str, Any] = {
        "verb": verb, "objectRef": ref(resource, name), "annotations": notes,
        "auditID": f"{verb} {resource} {name} {when} {by}",
        "requestReceivedTimestamp": stamp(when), "stageTimestamp": stamp(when + took),
    }  # fmt: skip
    one: Activity = kubernetes.activity(kubernetes.event(0, code, **(base | more)))
    return one


RBAC = "rbac.authorization.k8s.io"


def bound(
    when: float, name: str, role: str, by: Any = kubernetes.ADMIN, to: tuple[str, ...] = ("mailer",),
    wide: bool = False, verb: str = "create", **more: Any,
) -> Activity:  # fmt: skip
    """A binding of a role to accounts of the namespace ``shop``."""
    kind = "ClusterRoleBinding" if wide else "RoleBinding"
    body = {
        "kind": kind, "metadata": {"name": name}, "roleRef": {"kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": one, "namespace": "shop"} for one in to],
    }  # fmt: skip
    return cluster(
        when, verb, user=by, objectRef=_binding(name, wide), requestObject=body, responseObject=body,
        code=201, auditID=f"{verb} {name} {when}", **more,
    )  # fmt: skip


def unbound(when: float, name: str, by: Any = kubernetes.ADMIN, wide: bool = False) -> Activity:
    """The delete of a binding."""
    return cluster(when, "delete", user=by, objectRef=_binding(name, wide), auditID=f"delete {name} {when}")


def _binding(name: str, wide: bool) -> dict[str, str]:
    resource = "clusterrolebindings" if wide else "rolebindings"
    return ref(resource, name, "" if wide else "shop", apiGroup=RBAC)


def trail(
    when: float, operation: str, service: str = "iam", who: dict[str, Any] | None = None,
    denied: bool = False, answer: Any = None, place: str = "198.51.100.7", **request: Any,
) -> Activity:  # fmt: skip
    """One call in CloudTrail, by the user ``deployer`` unless told."""
    more: dict[str, Any] = {"errorCode": "AccessDenied"} if denied else {}
    record = cloudtrail.event(
        operation, service, eventTime=stamp(when), eventID=f"{operation} {when} {sorted(request)}",
        requestParameters=request or None, responseElements=answer, sourceIPAddress=place,
        **({"userIdentity": who} if who else {}), **more,
    )  # fmt: skip
    return cloudtrail.reading(record).activities[0]


def user(name: str, key: str = "") -> dict[str, Any]:
    """Another user of the account, with a key of its own."""
    named = {"userName": name, "arn": f"arn:aws:iam::{cloudtrail.ACCOUNT}:user/{name}"}
    return cloudtrail.USER | named | {"accessKeyId": key or f"AKIA{name.upper():0<16.16}"}


def role(name: str, session: str = "one", key: str = "") -> dict[str, Any]:
    """A session of a role."""
    arn = f"arn:aws:iam::{cloudtrail.ACCOUNT}:role/{name}"
    issuer = cloudtrail.ROLE["sessionContext"]["sessionIssuer"] | {"arn": arn, "userName": name}
    context = cloudtrail.ROLE["sessionContext"] | {"sessionIssuer": issuer}
    return cloudtrail.ROLE | {
        "arn": f"arn:aws:sts::{cloudtrail.ACCOUNT}:assumed-role/{name}/{session}",
        "accessKeyId": key or f"ASIA{name.upper():0<16.16}", "sessionContext": context,
    }  # fmt: skip


__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "Life",
    "account",
    "at",
    "bound",
    "cluster",
    "lives",
    "loud",
    "ref",
    "role",
    "section",
    "stamp",
    "trail",
    "unbound",
    "user",
    "verdicts_of",
]  # fmt: skip
