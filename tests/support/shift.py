"""The page of a shift, taken apart: its commands and queries, in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[2] / "docs" / "shift.md"


class Step(NamedTuple):
    """A command (without `gapwatch`), or a query, under its heading."""

    heading: str
    kind: str
    text: str


def steps() -> Iterator[Step]:
    for section in re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        heading = section.partition("\n")[0]
        for kind, block in re.findall(r"^```(sh|sql)\n(.*?)^```", section, re.MULTILINE | re.DOTALL):
            texts = block.strip().splitlines() if kind == "sh" else [block]
            yield from (Step(heading, kind, text.removeprefix("gapwatch ")) for text in texts)
