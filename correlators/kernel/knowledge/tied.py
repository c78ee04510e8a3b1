"""Tied: credentials of a session of which no record says from what they were issued, but a session's name.

Who signs in to a console with a temporary credential gets others there, and no record ties them to it: they
bear the session's name and say when it began. So what a session of that name descends from is told to them
as well, with the sessions that it may be, of which the one that decides is found when it is judged: the one
that was issued when it says that it began; else those that may have lived then. Which of them are known only
grows, so nothing depends on the order in which they are learned.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import NamedTuple

from schemas import frozen
from schemas.dossier import Ancestor, Credential, Descendant
from schemas.evidence import micros
from schemas.providers import longest_life

NAMED_MAX = 8
"""Sessions of one name that a credential may be of: the newest that had begun. A name that many bear at a
time ties nobody to one of them for certain."""

BEGUN_WITHIN = micros(timedelta(seconds=2))
"""Within so much of its issue a session says that it began: records of providers have whole seconds."""

Issues = list[tuple[int, str]]
"""Sessions of one name: when each was issued (µs) and its key, in order."""


class Tie(NamedTuple):
    """Whether a descendant is one (``holds``), and how it is known where not by records of issues alone;
    ``others``: sessions of the same name that it may be of just as well."""

    holds: bool = True
    how: str = ""
    others: int = 0


def newest(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the union of sorted sets of sessions, capped to the newest."""
    if a == b or all(name in a for name in b):
        return a
    union = tuple(sorted({*a, *b})[-NAMED_MAX:])
    return a if union == a else union


def issues_by_name(credentials: dict[str, Credential]) -> dict[str, Issues]:
    """Returns the sessions that were issued under a name that a credential without a recorded issue bears."""
    wanted = {c.session for c in credentials.values() if c.session and c.opened}
    found: dict[str, Issues] = {name: [] for name in wanted}
    for key, c in credentials.items():
        if c.session in wanted and c.issued:
            found[c.session].append((c.issued.time, key))
    return {name: sorted(issues) for name, issues in found.items() if issues}


def candidates(name: str, credential: Credential, issues: dict[str, Issues]) -> Issues:
    """Returns the newest sessions that had begun when this credential says that its session did."""
    if not credential.session or not credential.opened:
        return []
    every = issues.get(credential.session, [])
    begun = every[: bisect_right(every, (credential.opened + BEGUN_WITHIN, "\U0010ffff"))]
    return [(time, key) for time, key in begun if key != name][-NAMED_MAX:]


def tied_to(credentials: dict[str, Credential]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Returns for each session the credentials that may be of it, with all the sessions that each may be
    of."""
    issues = issues_by_name(credentials)
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    if issues:
        for name, credential in credentials.items():
            may_be = candidates(name, credential, issues)
            named = tuple(sorted(f"{time:020d} {key}" for time, key in may_be))
            for _, key in may_be:
                found.setdefault(key, {})[name] = named
    return found


def lives_until(name: str, credential: Credential) -> int:
    """Returns when a session is over at the latest (µs) that says when it began; 0 where nobody says."""
    life = longest_life(name)
    return credential.opened + life if credential.opened and life else 0


def by_name(parent: Credential, named: tuple[str, ...], opened: int) -> Credential:
    """Returns the parent as it is told to a credential that is tied to it by a name."""
    ends = {
        key: frozen.changed(end, direct=False, named=named, opened=opened)
        for key, end in parent.ancestors.items()
    }
    return frozen.changed(parent, ancestors=ends)


def is_direct(end: Ancestor | Descendant) -> bool:
    """Says whether records of issues alone lead from one to the other."""
    return end.direct or not end.named


def ties(subject: str, reports: Mapping[str, Descendant]) -> dict[str, Tie]:
    """Returns how each of these descendants is tied to what ended (``subject``), of those that are; over
    several steps of which names stand for more than one, too."""
    own = {subject: Tie()} | {name: Tie() for name, report in reports.items() if is_direct(report)}
    left = {name: report for name, report in reports.items() if name not in own}
    while found := {name: tie for name, report in left.items() if (tie := _tie(report, own)).holds}:
        own |= found
        left = {name: report for name, report in left.items() if name not in found}
    return {name: own[name] for name in reports if name in own}


def _tie(report: Descendant, own: Mapping[str, Tie]) -> Tie:
    if report.issued and report.issued.time <= report.opened + BEGUN_WITHIN:
        return Tie(holds=False)
    issues = list(_read(report.named))
    exact = [key for time, key in issues if abs(time - report.opened) <= BEGUN_WITHIN]
    possible = exact or [key for time, key in issues if _lived(time, key, report.opened)]
    ours = [key for key in possible if key in own]
    if not ours:
        return Tie(holds=False)
    others = max(len(possible) - len(ours), *(own[key].others for key in ours))
    if others:
        return Tie(True, f"by its session's name alone, which {others} other session(s) had", others)
    return Tie(True, "by its session's name" + (" and beginning" if exact else ""))


def _lived(issued: int, key: str, at: int) -> bool:
    life = longest_life(key)
    return not life or at <= issued + life


def _read(named: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    for each in named:
        time, _, key = each.partition(" ")
        yield int(time), key
