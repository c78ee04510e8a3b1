"""What keeps a dossier small, and what it costs."""

from __future__ import annotations

from correlators.kernel.caps import CREDENTIALS_MARK, DOSSIER_BYTES_MAX
from correlators.kernel.catalogue import controls
from correlators.kernel.desk import Desk
from correlators.kernel.memory import CHILDREN_MARK, CHILDREN_MAX
from schemas import struct
from schemas.activity import Issued
from schemas.dossier import decode
from schemas.evidence import SECOND
from schemas.fact import facts_of
from schemas.verdict import Clock
from tests.support.make import KEY, ROLE, T0, USER, change, issue, kill, use

DAY = 86_400 * SECOND


def session(n: int, at: float, arrived: int) -> list[object]:
    name = f"aws:key/ASIA{n:06}"
    born = issue(f"i{n}", at, name, ROLE, KEY, USER, expires=T0 + int((at + 3600) * SECOND))
    born = struct.changed(born, arrived=arrived, processed=arrived)
    uses = [use(f"u{n}-{k}", at + k * 60, ROLE, name, arrived=arrived) for k in range(1, 6)]
    return [fact for activity in (born, *uses) for fact in facts_of(activity)]


def test_a_role_with_a_session_an_hour_stays_small_for_years_and_says_nothing_false() -> None:
    desk = Desk(controls())
    largest, reports = 0, []
    for hour in range(0, 24 * 400, 1):
        now = T0 + hour * 3600 * SECOND
        desk.take(session(hour, hour * 3600.0, now))  # type: ignore[arg-type]
        if hour % 24 == 0:
            settled = desk.settle(Clock(now, {"cloudtrail": now}))
            reports += settled.reports
            largest = max(largest, *(len(body) for body in settled.dossiers.values() if body))
    assert largest < DOSSIER_BYTES_MAX
    assert [r for r in reports if r.finding] == []
    assert CREDENTIALS_MARK not in desk.dossier(ROLE).marks


def test_what_is_over_the_cap_goes_with_a_mark_and_withdraws_nothing() -> None:
    desk = Desk(controls())
    clock = Clock(T0 + DAY, {"cloudtrail": T0 + DAY})
    for n in range(3_000):
        name = f"aws:key/AKIA{n:06}"
        many = [
            change(f"i{n}", n, Issued(name, USER, "access_key")),
            kill(f"k{n}", n + 100, name),
            use(f"u{n}", n + 200, USER, name),
        ]
        desk.take([fact for activity in many for fact in facts_of(activity)])
    first = desk.settle(clock)
    desk.take(facts_of(use("once more", 4000)))
    second = desk.settle(clock)
    body = second.dossiers[USER]
    assert body and len(body) <= DOSSIER_BYTES_MAX and CREDENTIALS_MARK in decode(body).marks
    assert [r for r in (*first.reports, *second.reports) if r.detail == "withdrawn"] == []


def test_of_many_children_the_newest_are_kept_with_a_mark() -> None:
    desk = Desk(controls())
    for n in range(CHILDREN_MAX + 50):
        desk.take(facts_of(issue(f"i{n}", n, f"aws:key/ASIA{n:06}", ROLE, KEY, USER)))
    desk.settle(Clock(T0 + DAY, {"cloudtrail": T0 + DAY}))
    dossier = desk.dossier(USER)
    assert len(dossier.credentials[KEY].children) == CHILDREN_MAX and CHILDREN_MARK in dossier.marks
    assert f"aws:key/ASIA{CHILDREN_MAX + 49:06}" in dossier.credentials[KEY].children
