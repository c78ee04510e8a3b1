"""The one verdict about a subject, whatever the way in which its facts come."""

from __future__ import annotations

from schemas.activity import Activity
from schemas.fact import Tick
from schemas.verdict import Clock, Verdict
from tests.support.make import KEY
from tests.support.scenario import World, every_way, run


def verdict_of(
    activities: list[Activity], subject: str = KEY, control: str = "revoked_credential_used"
) -> Verdict | None:
    """The verdict of a control about a subject; None where it has none. All ways must agree on it."""
    world = every_way(activities)
    found = [
        r.verdict
        for r in world.last.values()
        if r.verdict and r.verdict.control == control and r.verdict.subject == subject
    ]
    assert len(found) <= 1
    return found[0] if found else None


def must(activities: list[Activity], subject: str = KEY, control: str = "revoked_credential_used") -> Verdict:
    """As ``verdict_of``, where there must be one."""
    verdict = verdict_of(activities, subject, control)
    assert verdict is not None
    return verdict


def as_time_passes(
    activities: list[Activity], at: int, control: str, subject: str = KEY
) -> tuple[Verdict, Verdict]:
    """The verdict of a control about a subject just before ``at`` (µs) and then, nothing having come but the
    time."""
    seen = {a.source: at - 1 for a in activities}
    world = run(activities, Clock(at - 1, seen))
    before = _of(world, control, subject)
    world.tick(Tick(at))
    world.settle_now()
    return before, _of(world, control, subject)


def _of(world: World, control: str, subject: str) -> Verdict:
    verdicts = (report.verdict for report in world.last.values())
    (found,) = (v for v in verdicts if v and (v.control, v.subject) == (control, subject))
    return found
