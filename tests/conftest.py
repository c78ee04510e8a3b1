"""Fixtures that all tests share: no settings from outside, and one embedded broker for those that need
one.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from streams.supervision import broker, ports
from tests.support import ocsf

# How fast the machine is says nothing about the laws. The suite tries the same examples each time;
# `make test ARGS="--hypothesis-profile search"` looks for new ones.
settings.register_profile(
    "search", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.register_profile("suite", settings.get_profile("search"), derandomize=True)
settings.load_profile("suite")


STARTS_PROCESSES = frozenset({"embedded_broker", "spawned", "kafka", "stages"})
"""Fixtures of tests that start a broker or stages, and mostly wait for them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that start processes, and puts files with long tests first, then those that wait. At
    the end many short files keep all workers busy, where one long file would keep one.
    """
    rank: dict[Path, int] = {}
    for item in items:
        if STARTS_PROCESSES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("processes")
        own = 0 if item.get_closest_marker("slow") else 1 if item.get_closest_marker("processes") else 2
        rank[item.path] = min(own, rank.get(item.path, own))
    items.sort(key=lambda item: rank[item.path])


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [name for name in os.environ if name.startswith("GAPWATCH_")]:
        monkeypatch.delenv(variable)


@pytest.fixture(scope="session")
def embedded_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """host:port of an embedded broker; use a topic_prefix of your own on it."""
    port = ports.choose(0, ports.BROKER, "broker_port")
    process = broker.start(port, tmp_path_factory.mktemp("broker") / "tansu.out")
    try:
        broker.wait_until_it_answers(f"127.0.0.1:{port}", process, 30.0)
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def spawned() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that a test adds to this list are killed at its end."""
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture(scope="session", autouse=True)
def every_rendered_finding_is_valid_ocsf() -> Iterator[None]:
    """Whatever any scenario or replay rendered is held against the published schema at the end."""
    yield
    faulty = {body: found for body in ocsf.rendered if (found := ocsf.faults(body))}
    assert not faulty, (
        f"{len(faulty)} of {len(ocsf.rendered)} are no valid OCSF: {next(iter(faulty.values()))}"
    )
