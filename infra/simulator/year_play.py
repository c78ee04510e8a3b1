"""A case, played on a day of the year by an identity of its own; and what is true of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from typing import Any, NamedTuple

from infra.simulator.cases import CLAIM, CONTRADICTION, PROOF, Step
from infra.simulator.chance import Chance
from infra.simulator.year_case import MORE, YearCase
from infra.simulator.year_stage import DAY, HOUR, MINUTE, SECOND, Line, at, stamp

SETTLES = 30 * MINUTE
"""Routine of an identity ends so long before its case."""

SHIFTS_BY = 5 * HOUR
"""Plays of a case that is not tied to a declared time begin at another time each."""


class Did(NamedTuple):
    """What a step wrote: the event's id, and its lines as (time, body). ``source``: "" for that of its
    case."""

    uid: str
    lines: tuple[tuple[int, bytes], ...]
    source: str = ""


class Play(ABC):
    """``number`` tells the plays of one case apart; ``day``: midnight of its day, in µs."""

    def __init__(self, case: YearCase, number: int, day: int, seed: int) -> None:
        self.case = case
        self.name = f"{case.name}-{number:03}"
        self.day = day
        self.chance = Chance(f"{seed}/case/{self.name}")
        self.marked: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self.events: list[str] = []
        tied = bool(
            case.statuses or case.revoked or case.exposed or case.rotated or any(case.approved) or case.window
        )
        self._shift = 0 if tied else self.chance.randrange(SHIFTS_BY // SECOND) * SECOND

    @abstractmethod
    def do(self, step: Step, time: int) -> Did:
        """Carries out a step."""

    @property
    @abstractmethod
    def identity(self) -> str:
        """Key of the identity that plays it."""

    @property
    @abstractmethod
    def subject(self) -> str:
        """What the verdict is about."""

    @property
    def credentials(self) -> list[str]:
        """Keys of the credentials in play, as far as logs name them."""
        return []

    def lines(self) -> list[tuple[str, Line]]:
        """Returns all lines that the case writes, by source."""
        wrote: list[tuple[str, Line]] = []
        for step in self.case.steps:
            time = self.at(step.at)
            did = self.do(step, time)
            self.events.append(did.uid)
            if step.mark:
                self.marked[step.mark].append((time, did.uid))
            wrong = step.mark in (CONTRADICTION, MORE) or (step.mark == CLAIM and self.case.wrong)
            late, source = step.late * MINUTE, did.source or self.case.source
            wrote.extend((source, Line(moment, body, late, wrong)) for moment, body in did.lines)
        return wrote

    def at(self, text: str) -> int:
        """Returns the time in µs of a text such as ``+2d 10:00``, counted from the day of the case."""
        return at(self.day, text) + self._shift

    @property
    def quiet(self) -> tuple[int, int]:
        """Between which times the routine of its identity must not blur it."""
        times = [self.at(step.at) for step in self.case.steps]
        times += [
            at(self.day, s.since)
            for s in self.case.statuses
            if s.value != "active" and not s.since.startswith("2099")
        ]
        times += [
            at(self.day, text) for text in (self.case.revoked, self.case.exposed, self.case.window) if text
        ]
        until = self.day + DAY * (1 + (max(times) - self.day) // DAY)
        return min(times) - SETTLES - self.case.silent * DAY, until if self.case.goes_on else 1 << 62

    def declared(self) -> list[dict[str, str]]:
        """Returns the credentials of the case as the inventory declares them."""
        return []

    def aliases(self) -> list[str]:
        """Returns the other keys of the identity as the inventory declares them."""
        return []

    def records(self) -> dict[str, list[dict[str, str]]]:
        """Returns the records that the case adds to the inventory beside identities, by section."""
        since, until = self.case.approved
        if not since:
            return {}
        fields = {
            "from": stamp(at(self.day, since)),
            "until": stamp(at(self.day, until)),
            "ticket": f"CER-{self.day // DAY}",
        }
        return {"approvals": [{"identity": "vault:default:root", "grant": "root", **fields}]}

    def windows(self) -> list[dict[str, str]]:
        """Returns the windows of the case as the inventory declares them."""
        return [{"until": stamp(at(self.day, self.case.window))}] if self.case.window else []

    def statuses(self) -> list[dict[str, str]]:
        """Returns the statuses of the case as the inventory declares them."""
        fields = []
        for status in self.case.statuses:
            entry = {"value": status.value, "from": stamp(at(self.day, status.since))}
            fields.append(entry | ({"until": stamp(at(self.day, status.until))} if status.until else {}))
        return fields

    def truth(self) -> dict[str, Any]:
        """Returns the truth of the case as JSON: who, what is expected, and the events that show it."""
        case = self.case
        seen = self.marked[PROOF] if case.expects == "proof" else self.marked[CONTRADICTION]
        uses = [uid for _, uid in sorted(seen)]
        return {
            "case": self.name,
            "kind": case.name,
            "says": case.says,
            "source": case.source,
            "expects": case.expects,
            "control": case.control or None,
            "severity": case.severity or None,
            "also": list(case.also),
            "identity": self.identity,
            "subject": self.subject,
            "credentials": self.credentials,
            "kill": [uid for _, uid in sorted(self.marked[CLAIM])],
            "first": uses[0] if uses else None,
            "last": uses[-1] if uses else None,
            "uses": uses,
            "events": self.events,
        }
