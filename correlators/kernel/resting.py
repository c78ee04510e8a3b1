"""Resting: dossiers of which nothing was learned lately stay in memory as the bytes that are stored of them.

A decoded dossier takes four times the memory of its bytes, and most identities of a large site are quiet at
any moment. So of the settled ones a bounded number stay decoded, those settled last; an older one is decoded
again when somebody asks for it. What was forwarded and which rows were written goes to rest with it: of the
forwards a digest is left, and rows are worked out again from the dossier itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from correlators.kernel.stored import known_by
from schemas import frozen
from schemas.dossier import Dossier
from schemas.fact import Fact

BUSY_MAX = 2_000
"""Settled dossiers of a partition that stay decoded: some 10 MB. Whoever acts all the time is among them."""

Rows = dict[str, Any]
"""Of which credentials, as they are, rows were written; under "" the turns of the identity."""

Outgoing = dict[str, Dossier]


class Resting:
    """Dossiers by key, with what was forwarded and written of each. ``busy_max``: settled ones that stay
    decoded."""

    def __init__(self, busy_max: int = BUSY_MAX) -> None:
        self._most = busy_max
        self._held: dict[str, Dossier | bytes] = {}
        self._bodies: dict[str, bytes] = {}
        self._rows: dict[str, Rows] = {}
        self._sent: dict[str, Outgoing | bytes] = {}
        self._written: set[str] = set()

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, key: str) -> bool:
        return key in self._held

    def keys(self) -> Iterable[str]:
        """Yields the keys of all, at rest or not."""
        return self._held.keys()

    def get(self, key: str) -> Dossier | None:
        """Returns a dossier, decoded; None where there is none."""
        held = self._held.get(key)
        return self._woken(key, held) if isinstance(held, bytes) else held

    def __getitem__(self, key: str) -> Dossier:
        held = self._held[key]
        return self._woken(key, held) if isinstance(held, bytes) else held

    def __setitem__(self, key: str, dossier: Dossier) -> None:
        self._held[key] = dossier
        self._bodies.pop(key, None)

    def pop(self, key: str) -> None:
        """Forgets a dossier and all that goes with it."""
        for held in (self._held, self._bodies, self._rows, self._sent):
            held.pop(key, None)
        self._written.discard(key)

    def clear(self) -> None:
        """Forgets all."""
        for held in (self._held, self._bodies, self._rows, self._sent, self._written):
            held.clear()

    def settled(self, key: str, dossier: Dossier, body: bytes) -> None:
        """Keeps a dossier that is settled; ``body``: as it is stored. What is not stored, or not wholly
        understood by this version, does not rest."""
        self._held[key] = dossier
        self._bodies.pop(key, None)
        if dossier.unread or not body:
            return
        self._bodies[key] = body
        while len(self._bodies) > self._most:
            self._rest(next(iter(self._bodies)))

    def rows(self, key: str) -> Rows:
        """Returns of which credentials rows were written, as they were then."""
        return self._rows.get(key, {})

    def wrote(self, key: str, rows: Rows) -> None:
        """Notes of which credentials rows were written."""
        self._rows[key] = rows

    def unsent(self, key: str, outgoing: Outgoing) -> Iterator[Fact]:
        """Yields what was not forwarded before, and notes that it is forwarded now. Of one that was at rest
        all is forwarded again where anything differs."""
        sent = self._sent.pop(key, None) or {}
        if outgoing:
            self._sent[key] = outgoing
        if isinstance(sent, bytes):
            sent = outgoing if _digest(outgoing) == sent else {}
        yield from [(target, fact) for target, fact in outgoing.items() if sent.get(target) != fact]

    def also_unsent(self, key: str, also: Outgoing) -> Iterator[Fact]:
        """Yields of something more what was not forwarded before, and notes that it is forwarded now."""
        known = self._sent.get(key)
        sent = {} if known is None or isinstance(known, bytes) else known
        new = {target: fact for target, fact in also.items() if sent.get(target) != fact}
        if new:
            self._sent[key] = {**sent, **new}
        yield from new.items()

    def _rest(self, key: str) -> None:
        dossier = self._held[key]
        self._held[key] = self._bodies.pop(key)
        sent = self._sent.get(key)
        if sent and not isinstance(sent, bytes):
            self._sent[key] = _digest(sent)
        rows = self._rows.pop(key, None)
        if rows and not isinstance(dossier, bytes) and _are_of(rows, dossier):
            self._written.add(key)

    def _woken(self, key: str, body: bytes) -> Dossier:
        dossier = known_by(body)
        self._held[key] = dossier
        self._bodies[key] = body
        if key in self._written:
            self._written.discard(key)
            self._rows[key] = {**dossier.credentials, "": dossier.turns}
        while len(self._bodies) > max(self._most, 1):
            self._rest(next(iter(self._bodies)))
        return dossier


def _are_of(rows: Rows, dossier: Dossier) -> bool:
    """Whether rows were written of what the dossier holds, and of nothing else: no other names, nothing that
    is believed or to come."""
    own = dossier.credentials
    return (
        len(rows) == len({*own, ""})
        and rows.get("") is dossier.turns
        and all(own.get(name) is credential for name, credential in rows.items() if name)
    )


def _digest(outgoing: Outgoing) -> bytes:
    return hashlib.blake2b(frozen.encoded(sorted(outgoing.items())), digest_size=8).digest()
