"""The bench of readers has a record of every source."""

from __future__ import annotations

from schemas.sources import sources
from tests.bench.readers import readers


def test_every_source_is_measured() -> None:
    figures = list(readers(2))
    assert [figure.name for figure in figures] == [f"read {name}" for name in sorted(sources())]
    assert all(figure.rate > 0 for figure in figures)
