"""One endpoint for all tests of clients: an engine takes seconds to start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streams.clickhouse.engine import Limits
from streams.clickhouse.sql_endpoint import SqlEndpoint
from tests.support.clickhouse import engine_over, rows


@pytest.fixture(scope="package")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port; at the end nobody has written anything."""
    folder = tmp_path_factory.mktemp("clients") / "clickhouse"
    with engine_over(folder, Limits(rows=100_000)) as engine:
        endpoint = SqlEndpoint(engine)
        endpoint.start()
        yield f"127.0.0.1:{endpoint.port}"
        endpoint.stop()
        assert rows(engine, "SELECT count() FROM notes") == [(0,)]
