"""The kinds of dossiers that are no identity's and no credential's: where facts of one sort meet.

| kind | what meets in it | tells | its age |
|---|---|---|---|
| trace | the spans of one trace, until their agents are known | the agents' calls to the agents | a day |
| glimpses | refusals without a name and look-ups, minute by minute | tries, to whom was looked up | a day |
| roster | who is active and declared in one installation | that it is covered, to its identities | for ever |
| crowd | findings of one cause within an hour | whether there are too many, to its shards | 400 days |
| crowded | whose findings those are | the same, to these | 400 days |
| siblings | children of a credential that has very many | what ended it, to each | 400 days |
| watch | how far each source was seen, one a partition | nothing | for ever |

None of them but the crowd is judged: what they hold is what others are judged by. Every other dossier is
of an identity, a credential or a group, which its own content tells apart; it lives as
``correlators.kernel.caps`` says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

from correlators.kernel.routes import crowds, lookups, rosters, siblings, traces
from correlators.kernel.views.thresholds import DEFAULTS
from schemas.crowds import CROWD_PREFIX, CROWDED_PREFIX
from schemas.dossier import EMPTY, Dossier
from schemas.evidence import micros
from schemas.fact import TRACE_PREFIX, WATCH, Fact
from schemas.rosters import ROSTER_PREFIX
from schemas.sharding import GLIMPSE_PREFIX, SIBLINGS_PREFIX
from schemas.verdict import Clock

TRACE_AGE = micros(timedelta(hours=24))
"""A trace is settled long before: the direct parent comes in the next export, a run lasts hours at most."""

CROWD_AGE = DEFAULTS.memory
"""As long as what its findings rest on is remembered."""

SIBLINGS_AGE = DEFAULTS.memory
"""As long as a credential is remembered of which nobody says when it expires."""

Forwards = Callable[[str, Dossier], Iterator[Fact]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. ``prefix``: how its keys begin. ``forwards``: what it sends to others; ``passed_on``: what,
    where it is a part of another dossier, that one is told instead. ``age``: for how long it lives after the
    last that ``heard`` tells of it (µs; 0: for ever). ``capped``: itself within its caps.
    ``judged``: something is said of it."""

    prefix: str
    forwards: Forwards
    passed_on: Callable[[str, Dossier], Dossier] = lambda key, dossier: EMPTY
    age: int = 0
    heard: Callable[[Dossier], Iterator[int]] = lambda dossier: iter(())
    capped: Callable[[str, Dossier], Dossier] = lambda key, dossier: dossier
    judged: bool = False

    def expired(self, dossier: Dossier, clock: Clock) -> bool:
        """Says whether its age is over; of one that tells of nothing it is not."""
        return bool(self.age) and max(self.heard(dossier), default=clock.now) + self.age < clock.now


def _of_roster(key: str, dossier: Dossier) -> Iterator[Fact]:
    return chain(rosters.notices(key, dossier), rosters.enrolments(key, dossier))


KINDS = (
    Kind(
        TRACE_PREFIX,
        traces.calls_of,
        traces.passed_on,
        TRACE_AGE,
        lambda dossier: (span.arrived or span.end for span in dossier.spans.values()),
    ),
    Kind(
        GLIMPSE_PREFIX,
        lookups.tries_of,
        age=TRACE_AGE,
        heard=lambda dossier: (g.evidence.arrived or g.until for g in dossier.glimpses.values()),
    ),
    Kind(ROSTER_PREFIX, _of_roster, capped=rosters.capped),
    Kind(CROWD_PREFIX, crowds.notices, age=CROWD_AGE, heard=crowds.hours, capped=crowds.capped, judged=True),
    Kind(CROWDED_PREFIX, crowds.passed, age=CROWD_AGE, heard=crowds.hours, capped=crowds.shard_capped),
    Kind(SIBLINGS_PREFIX, siblings.deaths, age=SIBLINGS_AGE, heard=siblings.heard),
    Kind(WATCH, lambda key, dossier: iter(())),
)


_PREFIXES = tuple(kind.prefix for kind in KINDS)


def kind_of(key: str) -> Kind | None:
    """Returns the kind of a dossier by its key; None for an identity's, a credential's, a group's."""
    if not key.startswith(_PREFIXES):
        return None
    return next(kind for kind in KINDS if key.startswith(kind.prefix))
