"""Crowding: what one partition knows of crowds before it is told.

Of a flood most findings are said before the crowd's own dossier has counted any. What stands in this
partition alone is a lower bound, and where that is too much already, so is the whole: a finding that comes
later is said below the story at once. It is memory to be quick by, and never says what the crowd would not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from correlators.kernel.routes.crowds import Levels, below
from correlators.kernel.views.view import View
from schemas import frozen
from schemas.authority import INVENTORY
from schemas.crowds import crowd_of, crowds_of
from schemas.verdict import Report, Verdict

KNOWN_MAX = 10_000
"""Crowds of which a partition remembers what stands, however small; all are forgotten there, and begin
anew."""


At = tuple[str, int]
"""A crowd, and a severity of it."""


class Crowding:
    """What stands here, by crowd and severity."""

    def __init__(self) -> None:
        self._standing: dict[At, set[str]] = {}
        self._places: dict[str, list[At]] = {}

    def placed(self, key: str, verdicts: list[Verdict], view: View) -> list[Verdict]:
        """Returns the verdicts with their crowds, each below the story of the widest that is one."""
        if all(verdict.severity is None for verdict in verdicts):
            return verdicts
        declared = any(d.source == INVENTORY for many in view.dossier.stated.values() for d in many)
        return [self._below(key, verdict, declared, view.dossier.crowded) for verdict in verdicts]

    def _below(self, key: str, verdict: Verdict, declared: bool, crowded: Mapping[str, Levels]) -> Verdict:
        names = crowds_of(verdict, key, declared)
        if not names:
            return verdict
        level = int(verdict.severity or 0)
        here = {name: {level: (0, True)} for name in names if self._too_many(name, level)}
        return below(frozen.changed(verdict, crowds=names), {**crowded, **here} if here else crowded)

    def _too_many(self, name: str, level: int) -> bool:
        return len(self._standing.get((name, level), ())) > crowd_of(name).limit

    def said(self, reports: Iterable[Report]) -> None:
        """Notes which of these reports stand now, and which do so no more."""
        if len(self._standing) > KNOWN_MAX:
            self._standing.clear()
            self._places.clear()
        for report in reports:
            for at in self._places.pop(report.uid, ()):
                self._standing[at].discard(report.uid)
            said = report.reported
            for name in said.crowds if said.digest and said.severity else ():
                self._stands((name, said.severity), report.uid)

    def _stands(self, at: At, uid: str) -> None:
        standing = self._standing.setdefault(at, set())
        if len(standing) <= 2 * crowd_of(at[0]).limit:
            standing.add(uid)
            self._places.setdefault(uid, []).append(at)
