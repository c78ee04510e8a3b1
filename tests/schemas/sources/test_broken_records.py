"""Whatever a record holds, a reader returns, and each input is an activity, a located reject, or passed."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.fact import facts_of
from schemas.sources import Context, detect, sources

GOLDEN = Path(__file__).parents[2] / "golden"
NAMES = ("azure", "caep", "gcp", "leaks", "ocsf")
CONTEXTS = (Context(key=b"site", unsigned_allowed=True, arrived=1), Context(key=b"site"))
MUTATIONS = 4_000
"""Per source; the long run is another's."""

ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e308,
    2**70,
    "",
    "\ud800",
    "\0",
    "a" * 5_000,
    [],
    [[]],
    {},
    {"": ""},
    "[1",
    '{"a":1}',
    "[{}]",
    {"a": {"a": {"a": []}}},
    "9" * 400,
    "2026-13-45T99:99:99Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.9999999Z",
)


def seeds(name: str) -> list[Any]:
    return [json.loads(path.read_bytes()) for path in sorted((GOLDEN / name).glob("*.in.json"))]


def mutated(part: Any, chance: random.Random) -> Any:
    """The same record with odd things in some places, some fields gone and some twice."""
    if chance.random() < 0.04:
        return chance.choice(ODD)
    if isinstance(part, dict):
        kept = {name: mutated(value, chance) for name, value in part.items() if chance.random() > 0.03}
        return {(name.upper() if chance.random() < 0.02 else name): value for name, value in kept.items()}
    if isinstance(part, list):
        return [mutated(one, chance) for one in part for _ in range(2 if chance.random() < 0.05 else 1)]
    return part


def check(name: str, record: bytes, context: Context) -> None:
    told = sources()[name].read(record, context)
    assert told.activities or told.rejects or told.passed or record.strip() in (b"[]", b'{"records":[]}')
    for rejected in told.rejects:
        assert rejected.reason
    for activity in told.activities:
        assert activity.time and activity.uid
        msgspec.json.encode(activity)
        msgspec.json.encode(facts_of(activity))
    msgspec.json.encode(told.rejects)


@pytest.mark.parametrize("name", NAMES)
def test_mutated_records_are_activities_or_located_rejects(name: str) -> None:
    chance = random.Random(7)
    many = seeds(name)
    for _ in range(MUTATIONS):
        record = json.dumps(mutated(chance.choice(many), chance)).encode()
        if json.loads(record) not in ([], {}):
            detect(record)
            check_any(name, record, chance)


def check_any(name: str, record: bytes, chance: random.Random) -> None:
    told = sources()[name].read(record, chance.choice(CONTEXTS))
    for activity in told.activities:
        assert activity.time and activity.uid
        msgspec.json.encode(activity)
        msgspec.json.encode(facts_of(activity))
    assert all(rejected.reason for rejected in told.rejects)
    msgspec.json.encode(told.rejects)


@pytest.mark.parametrize("name", NAMES)
def test_bytes_cut_and_changed_anywhere_are_activities_or_located_rejects(name: str) -> None:
    chance = random.Random(11)
    many = [json.dumps(seed).encode() for seed in seeds(name)]
    for _ in range(MUTATIONS // 3):
        record = bytearray(chance.choice(many))
        for _ in range(chance.randrange(1, 6)):
            record[chance.randrange(len(record))] = chance.randrange(256)
        cut = bytes(record[: chance.randrange(1, len(record))] if chance.random() < 0.3 else record)
        detect(cut)
        check(name, cut, CONTEXTS[0])


RUBBISH: dict[str, bytes] = {
    "nothing": b"",
    "a blank": b" \r\n",
    "NUL": b"\0\0\0",
    "a mark": b"\xef\xbb\xbf",
    "half a mark": b"\xff\xfe",
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "a number without end": b"1" * 10_000,
    "an object with a number without end": b'{"time": ' + b"1" * 10_000 + b", NaN}",
    "half a gz": gzip.compress(b"x" * 999)[:20],
    "a word": b'"word"',
    "numbers": b"[1, 2]",
    "null": b"null",
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rubbish", RUBBISH)
def test_rubbish_is_one_reject_or_a_few(name: str, rubbish: str) -> None:
    told = sources()[name].read(RUBBISH[rubbish], CONTEXTS[1])
    assert not told.activities and 1 <= len(told.rejects) <= 2
    assert detect(RUBBISH[rubbish]) is None


@pytest.mark.parametrize("name", ["azure", "gcp", "leaks", "ocsf"])
def test_a_gz_bomb_is_refused_within_bounded_memory(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemas.records.UNPACKED_MAX", 1 << 20)
    bomb = gzip.compress(b" " * (8 << 20))
    told = sources()[name].read(bomb, CONTEXTS[1])
    assert not told.activities and [r.reason for r in told.rejects] == ["unpacks to more than 1 MiB"]
