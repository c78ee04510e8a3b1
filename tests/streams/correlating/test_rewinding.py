"""Faust's consumer is made to read a partition again from its beginning where nothing was committed yet."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from faust.transport.drivers.aiokafka import Consumer
from faust.types import TP

from streams.correlating.faust_app import rewinding

FACTS, OTHER = TP("facts", 0), TP("other", 0)


@pytest.mark.parametrize(
    ("committed", "rewound"),
    [({}, [FACTS]), ({FACTS: 0}, [FACTS]), ({FACTS: 17}, []), ({FACTS: None, OTHER: None}, [FACTS])],
)
def test_only_a_partition_of_facts_without_a_committed_offset_is_rewound(
    monkeypatch: pytest.MonkeyPatch, committed: dict[TP, int | None], rewound: list[TP]
) -> None:
    sought: list[tuple[TP, int]] = []

    async def seek(place: TP, offset: int) -> None:
        sought.append((place, offset))

    async def perform_seek(consumer: Any) -> None:
        consumer._read_offset = dict(committed)

    monkeypatch.setattr(Consumer, "perform_seek", perform_seek)
    consumer = rewinding("facts").__new__(rewinding("facts"))
    monkeypatch.setattr(type(consumer), "assignment", lambda self: {FACTS, OTHER})
    monkeypatch.setattr(type(consumer), "seek", lambda self, place, offset: seek(place, offset))
    asyncio.run(consumer.perform_seek())
    assert sought == [(place, 0) for place in rewound]
