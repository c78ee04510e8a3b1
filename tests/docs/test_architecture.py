"""The theory of operation names what there is."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"
NAMES = sorted(
    set(re.findall(r"`((?:streams|correlators|schemas|infra)(?:\.\w+)+)`", PAGE.read_text(encoding="utf-8")))
)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_on_the_page_leads_to_something(name: str) -> None:
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part)
        return
    raise AssertionError(f"{name} is nothing")
