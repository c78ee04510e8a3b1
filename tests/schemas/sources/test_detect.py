"""The kind of a record, told from its content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import orjson
import pytest

from schemas.sources import DECLARATION, detect, sources
from tests.support import golden
from tests.support.recorded_agents import AGENTS

DATA = AGENTS.parents[1]


def records() -> Iterator[bytes]:
    """Every golden record, and the first lines and documents of every file beside the project."""
    for path in golden.records():
        yield path.read_bytes()
    for path in sorted(DATA.rglob("*.json*")):
        body = path.read_bytes()
        yield from body.splitlines()[:50] if path.suffix == ".jsonl" else [body]
    for line in [
        line for path in sorted(DATA.rglob("*.tests.jsonl")) for line in path.read_bytes().splitlines()
    ]:
        yield orjson.dumps(orjson.loads(line).get("log"))


def asked_one_by_one(record: bytes) -> str | None:
    try:
        document: object = orjson.loads(record)
    except orjson.JSONDecodeError:
        document = record
    found = next((name for name, source in sources().items() if source.recognises(document)), None)
    return DECLARATION if found == "inventory" else found


def test_signs_change_who_is_asked_first_and_never_the_answer() -> None:
    kinds: Counter[str] = Counter()
    for record in records():
        kind = detect(record)
        assert kind == asked_one_by_one(record), record[:200]
        kinds[kind or "none"] += 1
    assert set(kinds) >= {"otel", "mcp", "provider_admin", "cloudtrail"}


def test_every_source_has_signs_by_which_it_is_asked_first() -> None:
    for name, source in sources().items():
        assert source.SIGNS, name


@pytest.mark.parametrize(
    "record", [b"", b"null", b"[]", b"{}", b"7", b'"x"', b"[[[]]]", b"[1]", b"\x00", b"[" * 50_000]
)
def test_what_no_source_knows_is_of_none(record: bytes) -> None:
    assert detect(record) is None
