"""Writes the part of docs/noise.md about ordinary life: ``python -m tests.support.life``."""

from __future__ import annotations

from pathlib import Path

from tests.support.life import HEADING, section

PAGE = Path(__file__).parents[3] / "docs" / "noise.md"


def renewed(page: str) -> str:
    """The page with this part written again; it is the last."""
    return f"{page.partition(HEADING)[0].rstrip()}\n\n{section()}"


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text()))
