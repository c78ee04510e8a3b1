"""Traces: which agent made which call. Monotone: a chain of parents, once complete, never changes."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.dossier import Dossier


def calls_of(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    """Per agent, the calls of this trace that are settled."""
    yield from ()
