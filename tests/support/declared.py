"""Inventory records for scenarios, and verdicts at a chosen time."""

from __future__ import annotations

from typing import Any

from schemas.activity import Activity, Approved, Stated
from schemas.declaration import Declaration
from schemas.evidence import SECOND
from schemas.verdict import Clock, Verdict
from tests.support.make import T0
from tests.support.scenario import every_way

DAY = 86_400


def at(seconds: float) -> int:
    return T0 + int(seconds * SECOND)


def declared(identity: str, recorded: float = 0, uid: str = "", **result: Any) -> Activity:
    """The inventory declares this identity."""
    uid = uid or f"record of {identity}"
    body = Declaration(at(recorded), uid, **result)
    return Activity(uid, at(recorded), "inventory", effects=(Stated(identity, body),))


def approved(
    identity: str, start: float, end: float, grant: str = "root", uid: str = "approval", ticket: str = "T-1"
) -> Activity:
    effect = Approved(identity, grant, at(start), at(end), "ada", ticket)
    return Activity(uid, at(start), "inventory", effects=(effect,))


def verdicts(
    control: str, many: list[Activity], now: float | None = None, since: float | None = None
) -> list[Verdict]:
    """Of one control, in order of subject, the same in every way. ``since``: all sources are watched since
    then."""
    time = at(now) if now is not None else max(a.time for a in many) + 3600 * SECOND
    sources = {a.source for a in many if a.source != "inventory"}
    watched = {} if since is None else dict.fromkeys(sources, at(since))
    world = every_way(many, Clock(time, dict.fromkeys(sources, time), watched))
    found = [r.verdict for r in world.last.values() if r.verdict and r.verdict.control == control]
    return sorted(found, key=lambda v: v.subject)
