"""What keeps a dossier small, and what it costs."""

from __future__ import annotations

import pytest

from correlators.kernel.caps import DOSSIER_BYTES_MAX
from correlators.kernel.catalogue import controls
from correlators.kernel.correlator import Correlator
from correlators.kernel.knowledge.weight import CREDENTIALS_MARK, SPARE_MARK
from correlators.kernel.routes.apart import APART_MARK
from schemas import frozen
from schemas.activity import Issued
from schemas.evidence import SECOND
from schemas.fact import facts_of
from schemas.stored import decode
from schemas.verdict import Clock
from tests.support.make import KEY, ROLE, T0, USER, change, issue, kill, use

DAY = 86_400 * SECOND


def session(n: int, at: float, arrived: int) -> list[object]:
    name = f"aws:key/ASIA{n:06}"
    born = issue(f"i{n}", at, name, ROLE, KEY, USER, expires=T0 + int((at + 3600) * SECOND))
    born = frozen.changed(born, arrived=arrived, processed=arrived)
    uses = [use(f"u{n}-{k}", at + k * 60, ROLE, name, arrived=arrived) for k in (1, 59)]
    return [fact for activity in (born, *uses) for fact in facts_of(activity)]


@pytest.mark.slow
def test_a_role_with_a_session_an_hour_stays_small_for_years_and_says_nothing_false() -> None:
    correlator = Correlator(controls())
    largest, reports = 0, []
    for hour in range(0, 24 * 400, 1):
        now = T0 + hour * 3600 * SECOND
        correlator.take(session(hour, hour * 3600.0, now))  # type: ignore[arg-type]
        if hour % 24 == 0:
            settled = correlator.settle(Clock(now, {"cloudtrail": now}))
            reports += settled.reports
            largest = max(largest, *(len(body) for body in settled.dossiers.values() if body))
    assert largest < DOSSIER_BYTES_MAX
    assert [r for r in reports if r.finding] == []
    assert CREDENTIALS_MARK not in correlator.dossier(ROLE).marks


def test_what_is_over_the_cap_goes_with_a_mark_and_withdraws_nothing() -> None:
    correlator = Correlator(controls())
    clock = Clock(T0 + DAY, {"cloudtrail": T0 + DAY})
    for n in range(3_000):
        name = f"aws:key/AKIA{n:06}"
        many = [
            change(f"i{n}", n, Issued(name, USER, "access_key")),
            kill(f"k{n}", n + 100, name),
            use(f"u{n}", n + 200, USER, name),
        ]
        correlator.take([fact for activity in many for fact in facts_of(activity)])
    first = correlator.settle(clock)
    correlator.take(facts_of(use("once more", 4000)))
    second = correlator.settle(clock)
    body = second.dossiers[USER]
    assert body and len(body) <= DOSSIER_BYTES_MAX and APART_MARK in decode(body).marks
    assert [r for r in (*first.reports, *second.reports) if r.detail == "withdrawn"] == []


def test_what_has_long_expired_goes_before_what_lives() -> None:
    """Sessions of a rotated key are claimed (their origin died), and yet the first to go once they are
    over."""
    dead, alive = "aws:key/AKIAOLD", "aws:key/AKIANEW"
    activities = [kill("k", 200 * 3_600.0, dead)]
    for n in range(250):
        at, origin = n * 3_600.0, dead if n < 200 else alive
        name = f"aws:key/ASIA{n:06}"
        activities.append(
            issue(f"i{n}", at, name, USER, origin, USER, expires=T0 + int((at + 3_600) * SECOND))
        )
        activities += [use(f"u{n}-{k}", at + k * 60, USER, name) for k in range(1, 17)]
    correlator, clock = Correlator(controls()), Clock(T0 + 40 * DAY, {"cloudtrail": T0 + 40 * DAY})
    correlator.take([fact for activity in activities for fact in facts_of(activity)])
    correlator.settle(clock)
    dossier = correlator.dossier(USER)
    assert SPARE_MARK in dossier.marks
    assert "aws:key/ASIA000249" in dossier.credentials and "aws:key/ASIA000000" not in dossier.credentials


def test_without_a_cap_nothing_goes() -> None:
    correlator = Correlator(controls(), bytes_max=1 << 62)
    for n in range(3_000):
        correlator.take(facts_of(use(f"u{n}", n, USER, f"aws:key/AKIA{n:06}")))
    correlator.settle(Clock(T0 + DAY, {"cloudtrail": T0 + DAY}))
    assert len(correlator.dossier(USER).credentials) == 3_000
