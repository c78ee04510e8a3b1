"""Payloads in every field of every source, over every output: screen, lines, JSON, stories, tables, logs."""

from __future__ import annotations

import io
import json
import logging
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.sources import Context, sources
from streams.command.explain import named
from streams.command.replay import Options, described, replay
from streams.command.story import Count, Entry, Story
from streams.screen.answer import show_answer
from streams.screen.show import Screen, print_finding
from streams.site.context import Site
from streams.site.foreign import json_bytes
from streams.supervision.stages import OneLine
from tests.fuzz.corpus import Corpus, corpus
from tests.support.foreign_text import MARKUP, OBEYED, node_of
from tests.support.planted import at, leaves, planted
from tests.support.plants import documents, putting, some

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
PAYLOADS = (*OBEYED, *MARKUP)


@pytest.fixture(scope="module")
def seeds() -> Corpus:
    return corpus()


def obeyed(text: str) -> set[str]:
    return {c for c in text if c != "\n" and (unicodedata.category(c) in HIDDEN or c in "\u3164\ufe0f")}


def poisoned(document: Any, payloads: Iterator[str]) -> Iterator[bytes]:
    """The record with a payload behind each of its texts in turn, so that what it is read by stays."""
    for path in some(leaves(document)):
        held = at(document, path)
        yield orjson.dumps(planted(document, path, putting(f"{held}{next(payloads)}")))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def all_that_is_shown(records: list[bytes], source: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Of every output: its name, and what it says."""
    path = folder / "records.jsonl"
    path.write_bytes(b"\n".join(records))
    files: dict[str, Any] = {
        name: folder / name for name in ("rejects", "assurance", "activities", "credentials")
    }
    site = Site(Context(key=b"k" * 16, unsigned_allowed=True))
    options = Options((str(path),), source=source, as_of=datetime.now(UTC), site=site, **files)
    out = io.BytesIO()
    summary = replay(options, out)
    yield "replay's lines", out.getvalue().decode()
    yield "replay's summary", described(summary)
    findings = [json.loads(line) for line in out.getvalue().splitlines()]
    for name, file in files.items():
        body = file.read_bytes()
        for as_json in (True, False):
            shown = Terminal()
            show_answer([body[:1_000], body[1_000:]], as_json, shown)
            yield f"the answer of sql over {name}", shown.getvalue()
    yield "findings as JSON", b"\n".join(map(json_bytes, out.getvalue().splitlines())).decode()
    yield from _of_findings(findings)


def _of_findings(findings: list[Any]) -> Iterator[tuple[str, str]]:
    from streams.command.drawing import draw

    screen, said = Screen(), io.StringIO()
    screen.file, screen.width, screen.no_color = said, 4_000, True
    form = OneLine("%(message)s")
    for finding in findings:
        print_finding(screen, finding)
        name = finding["finding_info"]["title"]
        keys = [*named(finding), name]
        nodes = [node_of(key) for key in keys]
        entries = [Entry(1, "use", key, key) for key in keys]
        counts = [Count(key, key, 1, 1, 2) for key in keys]
        draw(Story(finding, name, nodes, entries, counts, keys), screen)
        record = logging.LogRecord("x", logging.ERROR, "x", 1, "%s is not judged", (keys[0],), None)
        yield "a line of a log", form.format(record)
    yield "the screen", said.getvalue()


@pytest.mark.parametrize("source", sorted(sources()))
def test_nothing_that_is_shown_is_obeyed(
    source: str, seeds: Corpus, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    payloads = cycle(PAYLOADS)
    records = [record for document in documents(source, seeds) for record in poisoned(document, payloads)]
    record_property("tried", len(records))
    assert len(records) > 20
    outputs = list(all_that_is_shown(records, source, tmp_path))
    assert max(said.count("\\") for _, said in outputs) > 10, "payloads are in what is shown"
    for output, said in outputs:
        assert obeyed(said) == set(), f"{output}: {sorted(obeyed(said))!a}"


def test_json_says_the_same_and_shows_all_of_it() -> None:
    for payload in PAYLOADS:
        row = {"name": payload, payload: ["ä", "漢字", "→"]}
        line = json_bytes(orjson.dumps(row))
        assert json.loads(line) == row and obeyed(line.decode()) == set()
        assert "ä漢字→" in line.decode().replace('","', "")


def test_columns_that_go_to_a_file_stay_as_they_are(tmp_path: Path) -> None:
    body = "a\x1b[2J\t\u202eb\n".encode()
    with (tmp_path / "out").open("w", encoding="utf-8") as out:
        show_answer([body[:5], body[5:]], False, out)
    assert (tmp_path / "out").read_bytes() == body
