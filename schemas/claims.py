"""Claims beside declarations: rotations, their policies, approvals, releases and exceptions, each with the
record that makes it.

Times and lengths in µs. ``record.time`` is when the claim was recorded (0: always).
"""

from __future__ import annotations

import hashlib

import msgspec

from schemas.evidence import Evidence

UNSAID = -1
"""An overlap that no record states."""

GONE, BACK = -2, -3
"""Overlaps of records that rotate nothing: a version that was stored was disabled or destroyed, or is there
again. One that goes while it is the newest takes its rotation back."""


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, order=True):
    """From ``at`` on a successor takes the place of the old credential (or version of a secret).

    ``successor``: its key, "" where the record does not name it. ``overlap``: how long the old one may still
    be used; 0: a cut-over, not at all; ``UNSAID``: as the policy says, or the default.
    """

    at: int
    record: Evidence
    successor: str = ""
    overlap: int = UNSAID
    how: str = ""


class RotationPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, order=True):
    """How often a secret is to be rotated, for how long the old one may still be used, and who answers for
    it."""

    record: Evidence
    every: int = 0
    overlap: int = UNSAID
    owner: str = ""


class Approval(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, order=True):
    """``grant`` is approved from ``start`` (0: always) until ``end`` (0: open), end excluded."""

    grant: str
    record: Evidence
    start: int = 0
    end: int = 0
    approver: str = ""
    ticket: str = ""

    def covers(self, time: int) -> bool:
        """Says whether a time in µs lies in the approval: from its start on, up to its end (0: open)."""
        return self.start <= time and (not self.end or time < self.end)


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, order=True):
    """From ``at`` on (0: always) a workload is to run ``image``, "" where the record names none.

    ``digests``: of that image, one a platform. ``by``: who releases it, "" where the record does not say.
    ``window``: for how long the roll-out may take, and what it brings is looked at (µs); ``UNSAID``: as by
    default.
    """

    at: int
    record: Evidence
    id: str = ""
    image: str = ""
    window: int = UNSAID
    by: str = ""
    digests: tuple[str, ...] = ()


class PolicyException(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, order=True):
    """An exception, void from ``until`` on and outside its scope; "" in a field of the scope: any.

    ``identity`` may end in ``*``; ``place`` may be a network; ``action`` is an operation as evidence names
    it. ``withdrawn``: the exception for this scope is over from this record on.
    """

    control: str
    until: int
    record: Evidence
    identity: str = ""
    place: str = ""
    action: str = ""
    owner: str = ""
    reason: str = ""
    withdrawn: bool = False

    @property
    def id(self) -> str:
        """By what people name it: the same for all records about the same scope."""
        scope = "\t".join((self.control, self.identity, self.place, self.action))
        return f"ex-{hashlib.sha256(scope.encode()).hexdigest()[:8]}"
