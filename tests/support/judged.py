"""The one verdict about a subject, whatever the way in which its facts come."""

from __future__ import annotations

from schemas.activity import Activity
from schemas.verdict import Verdict
from tests.support.make import KEY
from tests.support.scenario import every_way


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
