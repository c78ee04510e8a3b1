"""The story of a finding: what `gapwatch explain` tells of it."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.evidence import iso
from streams.command.lineage import Node
from streams.kafka.feed import Finding


class Entry(msgspec.Struct, frozen=True, order=True):
    """A line of the timeline: when (µs), what, about which credential or by whom, the vendor's event id, and
    who gave it ("" not known)."""

    time: int
    kind: str
    text: str
    uid: str = ""
    origin: str = ""

    def is_of(self, other: Entry) -> bool:
        """Says whether both tell of one event: ids are their giver's own, as far as he is known."""
        same = self.uid == other.uid
        return same and (self.origin == other.origin or not self.origin or not other.origin)


class Count(msgspec.Struct, frozen=True):
    """Uses of a credential since the end of it or its origin, counted in ClickHouse; first and last in µs."""

    credential: str
    outcome: str
    tries: int
    first: int
    last: int


class Story(msgspec.Struct):
    """All that is told about a finding."""

    finding: Finding
    sentence: str
    lineage: list[Node]
    timeline: list[Entry]
    counts: list[Count]
    next_steps: list[str]

    def shown(self) -> dict[str, Any]:
        """Returns the story as ``--json`` writes it: RFC 3339 times, null where unknown."""
        return {
            "finding": self.finding,
            "sentence": self.sentence,
            "lineage": [node.shown() for node in self.lineage],
            "timeline": [
                {"time": iso(e.time), "kind": e.kind, "text": e.text, "uid": e.uid or None}
                for e in self.timeline
            ],
            "counts": [
                {"credential": c.credential, "outcome": c.outcome, "count": c.tries}
                | {"first": iso(c.first), "last": iso(c.last)}
                for c in self.counts
            ],
            "next_steps": self.next_steps,
        }
