"""Verdict: what one control is worth for one subject now."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal
from uuid import UUID, uuid5

import msgspec

from schemas.dossier import Reported
from schemas.evidence import Evidence
from schemas.freshness import PROVES_NOTHING, Freshness

Value = Literal["violated", "proven", "assumed", "unverifiable", "indeterminate"]

NAMESPACE = UUID("6f1d7f0e-0d62-5a0e-9b0f-5c8b1f4f2a11")
"""The namespace of every finding's id. Changing it would rename every finding ever sent."""


class Severity(IntEnum):
    """OCSF ``severity_id``."""

    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


class Confidence(IntEnum):
    """OCSF ``confidence_id``."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Episode(msgspec.Struct, frozen=True, array_like=True, order=True):
    """One period of violation: from the claim that was contradicted (µs) to its end (0: still open)."""

    start: int
    end: int = 0
    how: str = ""


class Doubts(msgspec.Struct):
    """What answers of a clock may change by time alone: ``due``, when (µs, 0: nothing does); ``until``, per
    source the watermark that was not reached yet (µs; 0: it is not collected; source "": no source is);
    ``watched``: sources of which was asked since when they are watched."""

    due: int = 0
    until: dict[str, int] = {}
    watched: set[str] = set()


class Clock(msgspec.Struct, frozen=True):
    """Time as the core knows it: ``now`` in µs; ``seen``: per source its watermark in µs (a source not in it
    is not collected);
    ``since``: per source from when on it has been watched without a break (µs; a source not in it: unknown).

    Its answers depend on these alone. ``doubts`` notes which of them may change later, so that whoever judged
    knows when to judge again, and no control has to say it.
    """

    now: int
    seen: dict[str, int] = {}
    since: dict[str, int] = {}
    doubts: Doubts = msgspec.field(default_factory=Doubts)

    def listening(self) -> Clock:
        """Returns the same time without any doubts."""
        return Clock(self.now, self.seen, self.since)

    def past(self, time: int) -> bool:
        """Says whether it is later than ``time`` (µs)."""
        if self.now > time:
            return True
        due = self.doubts.due
        self.doubts.due = min(due, time + 1) if due else time + 1
        return False

    def hears(self, source: str) -> bool:
        """Says whether this source is collected; "" asks for any source."""
        if source in self.seen or (not source and self.seen):
            return True
        self.doubts.until[source] = 0
        return False

    def reached(self, source: str, time: int) -> bool:
        """Says whether this source has been read up to ``time`` (µs)."""
        if self.seen.get(source, -1) >= time:
            return True
        until = self.doubts.until
        until[source] = min(time, until.get(source, time)) if source in self.seen else 0
        return False

    def watched_since(self, source: str) -> int:
        """Returns since when (µs) this source has been watched without a break; now where that is unknown."""
        self.doubts.watched.add(source)
        return self.since.get(source, self.now)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One control's judgement of one subject.

    A finding stands behind it iff ``severity`` is set: open while ``value`` is ``violated``, else ended (a
    later proof, or the claim was taken back). ``claim`` is the evidence of the kill or the record that
    claims; ``evidence`` what contradicts or proves it, sorted by time. ``exception``: the one under which the
    finding is suppressed, in words.
    ``names``: what people call the identity and the credential, where that is not in their keys.
    ``voice``: by whose word alone it is so, "" by what is known.
    ``crowds``: of findings of one cause that it is one of, ``story``: the id of the finding that tells of all
    of them, below which it stands (``schemas.crowds``).
    """

    control: str
    subject: str
    value: Value
    identity: str
    title: str
    reason: str
    severity: Severity | None = None
    confidence: Confidence = Confidence.HIGH
    owner: str = ""
    credential: str = ""
    claim: tuple[Evidence, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    episodes: tuple[Episode, ...] = ()
    others: tuple[str, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    next_step: str = ""
    truncated: bool = False
    exception: str = ""
    voice: str = ""
    crowds: tuple[str, ...] = ()
    story: str = ""

    @property
    def uid(self) -> str:
        """The finding's id: the same for the same control and subject, whatever came when. By the word of one
        who does not speak for it, it is another one for each identity that he names: what he says replaces
        nothing."""
        about = f"{self.control}\x1f{self.subject}"
        if self.voice:
            about += f"\x1f{self.voice}\x1f{self.identity}"
        return str(uuid5(NAMESPACE, about))


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """What a control says of itself. Maps: OWASP NHI Top 10 2025, MITRE ATT&CK techniques, NIST SP 800-53 r5
    controls, NIST CSF 2.0 subcategories, tenets of NIST SP 800-207 (section 2.1, 1 to 7); the last two beside
    those that hold for every control (``schemas.finding``).

    ``everywhere``: it is asked about groups and rosters with a mark, too, of which no other control is asked.
    ``bound``: it holds a workload to what was approved for it, so after a release it must be proven again.
    ``freshness``: for how long its proofs are good.
    ``needs``: parts of a dossier (``correlators.kernel.needs``) of which it must hold one for the control to
    have anything to say; empty: it is always asked.
    """

    name: str
    version: str
    title: str
    owasp: tuple[str, ...]
    attack: tuple[tuple[str, str], ...]
    nist: tuple[str, ...]
    csf: tuple[str, ...] = ()
    everywhere: bool = False
    bound: bool = False
    needs: frozenset[str] = frozenset()
    tenets: tuple[int, ...] = ()
    freshness: Freshness = PROVES_NOTHING
    remediation: str


Detail = Literal["", "ended", "withdrawn"]
"""Why a finding is resolved: ``ended`` (a later proof, or the claim was taken back), ``withdrawn`` (late
evidence: it never was so).
"""


class Report(msgspec.Struct, frozen=True):
    """One thing to say. ``verdict`` None: it was withdrawn, and all that is left of it is what was reported.

    ``activity``: OCSF ``activity_id`` (1 create, 2 update, 3 close). ``finding`` false: a row of assurance
    only. ``thresholds``: by which it was judged, where they are not the usual ones, by name.
    """

    uid: str
    verdict: Verdict | None
    reported: Reported
    activity: int
    detail: Detail = ""
    finding: bool = True
    thresholds: tuple[tuple[str, int], ...] = ()
