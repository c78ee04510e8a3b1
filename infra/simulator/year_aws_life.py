"""Days in AWS: users with keys that are rotated, roles with sessions and chains of them, people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import orjson

from infra.simulator.cloudtrail import Record
from infra.simulator.estate import Holder
from infra.simulator.verbs import ROUTINES
from infra.simulator.year_aws import Principal, Trail, ec2
from infra.simulator.year_stage import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    WORKS_FROM,
    WORKS_UNTIL,
    Line,
    calls_today,
    moments,
)

ROTATES_EVERY = 90 * DAY


SESSION = 6 * HOUR


CHAINED = HOUR


BUSY = 5 * HOUR
"""A role's session is used within so long of its beginning."""


def _line(record: Record, time: int) -> Line:
    return Line(time, orjson.dumps(record))


class UserLife:
    """A user's days. Every fifth asks for the session of a role for each of its calls; those without a case
    get new keys every three months."""

    def __init__(self, user: Principal, rotator: Holder, deputy: Holder | None, since: int) -> None:
        self._user = user
        self._rotator = rotator
        self._deputy = deputy
        self._trail = Trail(user.chance)
        self._rotates = since + user.chance.randrange(5, 80) * DAY
        self._ending: list[tuple[int, str, Holder]] = []

    def day(self, start: int, calls: int) -> Iterator[Line]:
        """Yields the lines of one ordinary day with so many calls; ``start`` is its midnight in µs."""
        user, chance = self._user, self._user.chance
        yield from self._rotation(start)
        holder = user.holder
        verbs = ROUTINES[holder.routine]
        place = user.place(start)
        session, over = holder, 0
        for time in moments(chance, start, WORKS_FROM, WORKS_UNTIL - WORKS_FROM, calls):
            verb = chance.choice(verbs)
            if user.quiet[0] <= time < user.quiet[1]:
                continue
            if self._deputy and time > over:
                who = replace(holder, place=place)
                record, session = self._trail.assume(who, self._deputy, time - 2 * SECOND, CHAINED)
                session = replace(session, handle=holder.name)
                over = time + 50 * MINUTE
                yield _line(record, time - 2 * SECOND)
            yield self._trail.usual(session if self._deputy else holder, verb, time, place)

    def _rotation(self, start: int) -> Iterator[Line]:
        """Over night: a new key; the old one is disabled the next night, and deleted after a week."""
        user, trail = self._user, self._trail
        for when, verb, holder in [due for due in self._ending if due[0] <= start]:
            yield _line(trail.call(self._rotator, verb, start + HOUR, holder), start + HOUR)
            self._ending.remove((when, verb, holder))
        if start < self._rotates or user.quiet[0] < 1 << 62:
            return
        self._rotates = start + ROTATES_EVERY
        old, user.holder = user.holder, replace(user.holder, key=user.chance.unique_id("AKIA"))
        yield _line(trail.call(self._rotator, "create_key", start + 2 * HOUR, user.holder), start + 2 * HOUR)
        self._ending += [(start + DAY, "disable_key", old), (start + 7 * DAY, "delete_key", old)]


class RoleLife:
    """A role's days: an instance's session of six hours on each; every sixth goes on to another role from
    there."""

    def __init__(self, role: Principal, next_role: Holder | None) -> None:
        self._role = role
        self._next = next_role
        self._trail = Trail(role.chance)

    def day(self, start: int, calls: int) -> Iterator[Line]:
        """Yields the lines of one ordinary day: one session with so many calls, none while the role rests."""
        role, chance, trail = self._role, self._role.chance, self._trail
        begins = start + WORKS_FROM + int(chance.random() * (WORKS_UNTIL - WORKS_FROM - SESSION))
        rests = begins + SESSION > role.quiet[0] and begins < role.quiet[1]
        if not calls or rests:
            return
        place = role.place(start)
        record, session = trail.assume(ec2(role.holder.account), role.holder, begins, SESSION)
        session = replace(session, handle=role.holder.name, place=place)
        yield _line(record, begins)
        verbs = ROUTINES[role.holder.routine]
        if self._next:
            record, chained = trail.assume(session, self._next, begins + MINUTE, CHAINED)
            yield _line(record, begins + MINUTE)
            yield trail.usual(chained, "list_buckets", begins + 2 * MINUTE, place)
        for time in moments(chance, begins, SECOND, BUSY, calls):
            yield trail.usual(session, chance.choice(verbs), time, place)


class PersonLife:
    """An administrator looks around."""

    def __init__(self, person: Principal) -> None:
        self._person = person
        self._trail = Trail(person.chance)

    def day(self, start: int, calls: int) -> Iterator[Line]:
        """Yields the lines of one ordinary day; a person does a little, whatever ``calls`` says."""
        person = self._person
        for time in moments(
            person.chance, start, WORKS_FROM, WORKS_UNTIL - WORKS_FROM, calls_today(person.chance, 3)
        ):
            yield self._trail.usual(
                person.holder, person.chance.choice(ROUTINES["people"]), time, person.holder.place
            )
