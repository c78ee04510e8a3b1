"""Load for benchmarks: a stream of single CloudTrail records, some of which end keys that are used later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import orjson

from infra.simulator.chance import Chance
from infra.simulator.cloudtrail import CloudTrail, stamp
from infra.simulator.estate import AGENTS, PROD, Holder
from infra.simulator.verbs import ROUTINES, VERBS, About

EVENTS_PER_SECOND = 50
"""Log time: so many events have the same second in their time, as in a busy account."""

ROLES_EVERY = 2
"""Every second identity is a role with one session; the others are users, whose keys can be deleted."""

USED_AFTER = 0.5
"""Of the killed identities, this share goes on with its key; the others fall silent."""

GRACE_SECONDS = 10
"""A use so soon after its key's deletion may be AWS's own delay, and nothing is due for it."""

KILL_AT = (0.2, 0.6)
"""A kill stands between these parts of the stream."""

ID, REQUEST, TIME = "@event-id@".ljust(36, "@"), "@request-id@".ljust(36, "@"), "@time@".ljust(20, "@")


class Load:
    """``lines`` streams ``events`` records of ``identities`` users; ``killed``: share of them whose key is
    deleted.

    ``used_after_kill`` holds the credentials for which a finding is due, complete once ``lines`` has ended.
    Memory: four templates of about a kilobyte per identity.
    """

    def __init__(
        self,
        events: int,
        identities: int,
        seed: int,
        start: datetime,
        killed: float,
        per_second: int = EVENTS_PER_SECOND,
    ) -> None:
        self.events = events
        self._per_second = per_second
        self.used_after_kill: set[str] = set()
        self._chance = Chance(seed)
        self._trail = CloudTrail(self._chance)
        self._start = start
        self._holders = [self._holder(n) for n in range(identities)]
        self._kills = self._planned(killed)

    def lines(self) -> Iterator[bytes]:
        """Yields JSON lines of about 1.2 kB, in order of time."""
        templates = [self._templates(holder) for holder in self._holders]
        alive = list(range(len(self._holders)))
        killed_at: dict[int, int] = {}
        draw = self._chance.random
        for n in range(self.events):
            second = n // self._per_second
            victim = self._kills.get(n)
            if victim is None:
                who = alive[int(draw() * len(alive))]
                template = templates[who][n % len(templates[who])]
                if who in killed_at and second - killed_at[who] > GRACE_SECONDS:
                    self.used_after_kill.add(self._holders[who].credential)
            else:
                template = self._kill(self._holders[victim])
                if draw() < USED_AFTER:
                    killed_at[victim] = second
                else:
                    alive.remove(victim)
            time = stamp(self._start + timedelta(seconds=second)).encode()
            yield template % (
                time,
                b"%08x-0000-4000-9000-%012x" % (n, n),
                b"%08x-0000-4000-8000-%012x" % (n, n),
            )

    def _planned(self, killed: float) -> dict[int, int]:
        """Which event deletes which user's key."""
        users = [n for n, holder in enumerate(self._holders) if holder.kind == "user"]
        victims = self._chance.sample(users, min(int(len(self._holders) * killed), len(users)))
        first, last = (int(self.events * part) for part in KILL_AT)
        moments = self._chance.sample(
            range(first, max(last, first + 1)), min(len(victims), max(last - first, 1))
        )
        return dict(zip(moments, victims, strict=False))

    def _holder(self, n: int) -> Holder:
        chance = self._chance
        place = f"198.{51 + n % 3}.{n // 250 % 256}.{n % 250 + 1}"
        agent = list(AGENTS.values())[n % len(AGENTS)]
        routine = ("objects", "service", "small", "deploy")[n % 4]
        holder = Holder(
            f"u{n}", "user", f"workload-{n:06d}", PROD, place, agent, "eu-central-1", f"team-{n % 40}",
            routine=routine, principal=chance.unique_id("AIDA", 17), key=chance.unique_id("AKIA"),
        )  # fmt: skip
        if n % ROLES_EVERY:
            return holder
        key, made = chance.unique_id("ASIA"), stamp(self._start)
        return replace(holder, kind="role", key=key, made=made, session=f"i-{chance.getrandbits(68):017x}")

    def _templates(self, holder: Holder) -> list[bytes]:
        about = About(holder, holder, self._start, 1)
        return [self._template(holder, verb, about) for verb in dict.fromkeys(ROUTINES[holder.routine])]

    def _kill(self, victim: Holder) -> bytes:
        admin = replace(self._holders[0], kind="user", name="admin", key="AKIAADMINADMINADMINA", session="")
        return self._template(admin, "delete_key", About(admin, victim, self._start, 0))

    def _template(self, caller: Holder, verb: str, about: About) -> bytes:
        """The record with three holes for ``%``: time, event id, request id."""
        does = VERBS[verb]
        touched = does.touches(about) if does.touches else None
        record = self._trail.record(
            caller,
            self._start,
            does.service,
            does.operation,
            request=does.request(about),
            response=does.response(about),
            resources=[{"type": touched[0], "ARN": touched[1]}] if touched else None,
            writes=does.writes,
        )
        ordered = {"eventTime": TIME, "eventID": ID, "requestID": REQUEST}
        body = orjson.dumps(record | ordered).replace(b"%", b"%%") + b"\n"
        for hole in (TIME, REQUEST, ID):
            body = body.replace(hole.encode(), b"%s")
        return body
