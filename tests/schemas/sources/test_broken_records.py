"""Rubbish is a reject or two of every source. (Mutants of real records: ``test_fuzz``.)"""

from __future__ import annotations

import gzip

import pytest

from schemas.sources import Context, detect, sources

NAMES = sorted(sources())
CONTEXT = Context(key=b"site")
NEVER_PACKED = {"caep", "inventory"}
"""A token and a file that somebody wrote: gz is refused unread."""

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
    result = sources()[name].read(RUBBISH[rubbish], CONTEXT)
    assert not result.activities and len(result.rejects) <= 2
    assert detect(RUBBISH[rubbish]) is None


@pytest.mark.parametrize("name", NAMES)
def test_a_gz_bomb_is_refused_within_bounded_memory(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemas.records.UNPACKED_MAX", 1 << 20)
    bomb = gzip.compress(b" " * (8 << 20))
    result = sources()[name].read(bomb, CONTEXT)
    assert not result.activities and len(result.rejects) == 1
    assert result.rejects[0].reason == "unpacks to more than 1 MiB" or name in NEVER_PACKED
