"""Progress of rotations: who has moved to the successor, who has not, since when, and who still uses the old
one.

A consumer is a network and a client's product (a version may change at any upgrade); of a secret, whose reads
name the reader, the identity and the product.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from correlators.kernel.views.rotations import Change, changes, is_secret, reads_of
from correlators.kernel.views.view import View, sighted, uses_of
from schemas.evidence import Event, Evidence, network_of
from schemas.providers import versions_of


class Consumer(NamedTuple):
    """Who uses what is rotated: ``last`` its last use of the old one, ``moved`` its first use of the
    successor after that, ``latest`` its last (µs, 0: none)."""

    where: str
    client: str
    last: Evidence
    moved: Evidence | None
    latest: int = 0

    @property
    def name(self) -> str:
        """The words by which a finding names this consumer: client and network, as far as they are known."""
        return " ".join(part for part in (self.client, self.where) if part) or "an unnamed consumer"

    def moved_since(self, time: int) -> bool:
        """Says whether this consumer was seen on the successor later than a time in µs."""
        return self.latest > time


class Progress(NamedTuple):
    """How far one rotation has come.

    ``late``: authenticated uses of the old one past its deadline; ``residual``: of what was issued from it.
    ``complete``: every consumer of the old one is among ``consumers``, as far as sources show them.
    """

    change: Change
    consumers: tuple[Consumer, ...]
    late: tuple[Evidence, ...]
    residual: tuple[Evidence, ...]
    complete: bool

    @property
    def moved(self) -> tuple[Consumer, ...]:
        """The consumers that were seen on the successor."""
        return tuple(c for c in self.consumers if c.moved)

    @property
    def staying(self) -> tuple[Consumer, ...]:
        """The consumers that were not seen on the successor."""
        return tuple(c for c in self.consumers if not c.moved)

    @property
    def last_use(self) -> int:
        """Of the old one, in µs; 0: none on record."""
        return max((c.last.time for c in self.consumers), default=0)


def rotation_progress(view: View) -> Iterator[list[Progress]]:
    """Yields for each rotated thing the progress of its rotations in order of time. It is pure, and cheap
    where nothing was rotated."""
    for many in changes(view):
        rotating = Rotating(many)
        yield [_progress(view, change, rotating) for change in many]


def rotated_away(view: View) -> frozenset[Event]:
    """Returns the event ids of uses that are told as uses of an old version, or of what was issued from one.
    One root cause is one finding, so other controls only note them."""
    return frozenset(
        e.event
        for many in rotation_progress(view)
        for progress in many
        for e in (*progress.late, *progress.residual)
    )


def _progress(view: View, change: Change, rotating: Rotating) -> Progress:
    secret = is_secret(view, change.subject)
    old = _uses(view, change, change.olds, secret, "succeeded", "failed", "forbidden")
    if secret:
        current = reads_of(view, versions_of(change.subject)[1], change.which)
        old = sighted([old, tuple(e for e in current if e.time < change.at)])
    if change.until:
        old = tuple(e for e in old if e.time < change.until)
    old = tuple(e for e in old if not _tested(view, change, e, secret))
    if secret:
        old = tuple(e for e in old if not rotating.includes(e, view.thresholds.rotation_testing))
    found = _uses(view, change, change.news, secret, "succeeded")
    new = tuple(e for e in found if not secret or e.time >= change.at)
    late = tuple(e for e in old if _late(view, change, e))
    residual = tuple(e for e in _issued_from(view, change) if _late(view, change, e)) if not secret else ()
    complete = secret or all(_covered(view, name, old) for name in change.olds)
    return Progress(change, tuple(_consumers(old, new, secret)), late, residual, complete)


class Rotating:
    """Who rotated, when, from where: whoever carries a rotation out reads every version while it does, the
    one before it too, from its own place."""

    def __init__(self, many: list[Change]) -> None:
        self._acts = [(r, change.at) for change in many for r in change.records if r.actor]

    def includes(self, use: Evidence, around: int) -> bool:
        """Says whether a use was made by who rotates: the same actor and network, at most ``around`` µs from
        the rotation."""
        return any(
            use.actor == record.actor
            and abs(use.time - at) <= around
            and (not record.place or network_of(use.place) == network_of(record.place))
            for record, at in self._acts
        )


def _uses(
    view: View, change: Change, names: tuple[str, ...], secret: bool, *outcomes: str
) -> tuple[Evidence, ...]:
    if secret:
        return sighted(reads_of(view, name, change.which) for name in names)
    return sighted(view.uses(view.credentials[name], *outcomes) for name in names if name in view.credentials)


def _late(view: View, change: Change, use: Evidence) -> bool:
    """Past the deadline, by more than two producers' clocks may differ."""
    skew = 0 if any(use.source == record.source for record in change.records) else view.thresholds.skew
    return bool(change.deadline) and use.time > change.deadline + skew


def _tested(view: View, change: Change, use: Evidence, secret: bool) -> bool:
    """A try by whoever carried the rotation out, right after it (``Rotating`` says it of secrets, which name
    their readers)."""
    if secret or not change.at <= use.time <= change.at + view.thresholds.rotation_testing:
        return False
    return any(
        bool(record.client or record.place) and _who(use, False) == _who(record, False)
        for record in change.records
    )


def _who(use: Evidence, secret: bool) -> tuple[str, str]:
    product = use.client.partition("/")[0].partition(" ")[0]
    return (use.actor or network_of(use.place) if secret else network_of(use.place)), product


def _consumers(old: tuple[Evidence, ...], new: tuple[Evidence, ...], secret: bool) -> Iterator[Consumer]:
    last: dict[tuple[str, str], Evidence] = {_who(e, secret): e for e in old}
    for who, use in sorted(last.items()):
        since = [e for e in new if e.time > use.time and _who(e, secret) == who]
        yield Consumer(*who, use, since[0] if since else None, since[-1].time if since else 0)


def _covered(view: View, name: str, old: tuple[Evidence, ...]) -> bool:
    """Whether every place and client of the credential's life is among the uses that are kept."""
    credential = view.credentials.get(name)
    if credential is None:
        return True
    places, clients = {network_of(e.place) for e in old}, {e.client for e in old}
    return places.issuperset(credential.places) and clients.issuperset(credential.clients)


def _issued_from(view: View, change: Change) -> tuple[Evidence, ...]:
    """Uses of what came from the old ones, as the dossiers that hold it (this one, too) report it."""
    return sighted(
        kept
        for name in change.olds
        if name in view.credentials
        for descendant in view.credentials[name].descendants.values()
        for key, kept in uses_of(descendant).items()
        if key.partition(":")[0] in ("succeeded", "failed") and not key.endswith(":service")
    )
