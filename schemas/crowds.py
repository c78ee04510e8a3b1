"""Crowds: findings of one cause within an hour, and the keys of the dossiers in which they meet.

| scope | cause | which findings |
|---|---|---|
| heard | who says it, of what is another's | those by its word alone |
| by | who acted | those by the provider's own word |
| from | whose record shows it | the same, of identities that no inventory declares |

The hour is that in which the first of its evidence came to us; where that is unknown (in a replay), in which
it happened. So nobody spreads what he makes up over many hours.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple
from uuid import uuid5

from schemas.evidence import Evidence, iso, micros
from schemas.verdict import NAMESPACE, Verdict

CROWD_PREFIX = "crowd:"
"""Before the name of a crowd: the dossier in which its findings are counted and named."""

CROWDED_PREFIX = "crowded:"
"""The shards that know whose findings they are, and tell those that it is a crowd."""

CROWD_SHARDS = 16
"""One crowd may be the findings of tens of thousands of identities."""

STORY = "many_findings_at_once"
"""The control that tells of a crowd."""

HOUR = micros(timedelta(hours=1))

CROWD_LIMITS = {"heard": 25, "by": 25, "from": 200}
"""Findings of one severity beyond which they are a crowd. Twenty-five alarms of one cause in an hour are read
as one by anybody; a whole log is taken for one cause only where nobody could read its alarms one by one."""

_BETWEEN = "\t"


class Crowd(NamedTuple):
    """What a crowd's name says: its hour (number since 1970), scope, producer and actor ("" where it is not
    told apart)."""

    hour: int
    scope: str
    producer: str
    actor: str

    @property
    def name(self) -> str:
        """Puts all four in one line."""
        return _BETWEEN.join((str(self.hour), self.scope, self.producer, self.actor))

    @property
    def limit(self) -> int:
        """Gives the number of one severity beyond which it is a crowd."""
        return CROWD_LIMITS[self.scope]

    @property
    def start(self) -> int:
        """Returns when its hour begins (µs)."""
        return self.hour * HOUR

    @property
    def subject(self) -> str:
        """Says what a finding about it is about."""
        return f"{self.said} {iso(self.start)}"

    @property
    def said(self) -> str:
        """Says its cause."""
        if self.scope == "heard":
            return f"by the word of {self.producer}"
        log = f"in the log {self.producer}" if self.producer else ""
        return f"caused by {self.actor} {log}".rstrip() if self.actor else log


def crowd_of(key: str) -> Crowd:
    """Returns the crowd of a name, or of the key of its dossier."""
    hour, scope, producer, actor = key.removeprefix(CROWD_PREFIX).split(_BETWEEN, 3)
    return Crowd(int(hour), scope, producer, actor)


def is_crowd(key: str) -> bool:
    """Tells whether this is the key of a crowd's dossier."""
    return key.startswith(CROWD_PREFIX)


def shard_of(name: str, home: str) -> str:
    """Returns the shard that tells this dossier."""
    return f"{CROWDED_PREFIX}{name}#{zlib.crc32(home.encode()) % CROWD_SHARDS}"


def shards_of(name: str) -> list[str]:
    """Lists the keys of all its shards."""
    return [f"{CROWDED_PREFIX}{name}#{shard}" for shard in range(CROWD_SHARDS)]


def story_of(name: str) -> str:
    """Returns the id of the finding that tells of this crowd."""
    return str(uuid5(NAMESPACE, f"{STORY}\x1f{crowd_of(name).subject}"))


def crowds_of(verdict: Verdict, key: str, declared: bool) -> tuple[str, ...]:
    """Returns the crowds that a finding is one of, the widest first. ``key``: of its dossier; ``declared``:
    an inventory names its identity."""
    shown = [e for e in verdict.evidence or verdict.claim if e.time]
    if verdict.severity is None or verdict.exception or not shown:
        return ()
    if is_crowd(key):
        return _above(crowd_of(key))
    if verdict.voice:
        own = [e for e in (*verdict.evidence, *verdict.claim) if e.origin == verdict.voice]
        return (Crowd(_hour(own or shown), "heard", verdict.voice, "").name,)
    first = min(shown)
    by = Crowd(_hour(shown), "by", "" if declared else first.origin, first.actor or verdict.identity)
    return (by.name,) if declared else (by._replace(scope="from", actor="").name, by.name)


def _above(crowd: Crowd) -> tuple[str, ...]:
    """Many who each make a crowd may be one producer's."""
    if crowd.scope == "by" and crowd.producer:
        return (crowd._replace(scope="from", actor="").name,)
    return ()


def _hour(shown: Iterable[Evidence]) -> int:
    return min(e.arrived or e.time for e in shown) // HOUR
