"""Golden pairs: every record becomes what it became, in every folder that there is."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from schemas.sources import DECLARATION, detect
from tests.support.golden import FOLDER, answer_of, folders, read, records


@pytest.mark.parametrize("path", records(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_record_becomes_what_it_became(path: Path) -> None:
    source = path.parent.name
    assert detect(path.read_bytes()) == (DECLARATION if source == "inventory" else source)
    assert read(path) == msgspec.json.decode(answer_of(path).read_bytes()), (
        f"if that is meant, `make golden SOURCE={source}` writes the answers anew: read the difference"
    )


def test_every_file_is_half_of_a_pair() -> None:
    pairs = {path for record in records() for path in (record, answer_of(record))}
    assert {path for name in folders() for path in (FOLDER / name).iterdir()} == pairs
