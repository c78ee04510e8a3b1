"""Licences of what is installed, and the page of attacks."""

from __future__ import annotations

import re

from infra.licences import licence_of, locked, unknown
from tests.attacks import table


def test_every_locked_package_has_a_licence_that_somebody_looked_at() -> None:
    names = [name for name, _ in locked()]
    assert len(names) > 50 and sum(licence_of(name) != "-" for name in names) > 50
    assert unknown() == []


def test_the_table_of_attacks_names_what_is_there() -> None:
    page = table.PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"`tests/attacks/(test_\w+\.py)` \|", page))
    assert len(named) >= 6 and named <= {path.name for path in table.HERE.glob("test_*.py")}
    assert table.written(page, {}).count(table.BEGIN) == 1
