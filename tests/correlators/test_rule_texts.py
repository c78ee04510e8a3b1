"""Every control says, at the head of its file, what it fires on and what it cannot see."""

from __future__ import annotations

import importlib
import re

import pytest

from correlators.kernel.catalogue import controls

PARTS = ("Fires", "Proves", "Evaded by", "Benign", "Do")


@pytest.mark.parametrize("name", sorted(controls()))
def test_the_rule_text_has_its_five_parts_each_on_its_own_line(name: str) -> None:
    text = importlib.import_module(f"correlators.{name}").__doc__ or ""
    assert re.findall(r"^(Fires|Proves|Evaded by|Benign|Do): \S", text, re.MULTILINE) == list(PARTS)
