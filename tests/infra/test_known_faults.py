"""What could not be asked about is not said to be free of faults."""

from __future__ import annotations

from typing import Any

from infra.known_faults import summed_up

GOOD: dict[str, Any] = {"name": "a", "version": "1", "vulns": []}
BAD: dict[str, Any] = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
UNASKED: dict[str, Any] = {"name": "c", "skip_reason": "Dependency not found on PyPI"}


def test_a_package_without_faults_and_one_with_some() -> None:
    assert summed_up({"dependencies": [GOOD]}) == (["1 packages, no known faults"], True)
    assert summed_up({"dependencies": [GOOD, BAD]}) == (["b 2: PYSEC-1, mended in 3"], False)


def test_without_advisories_nothing_is_known_and_that_is_said() -> None:
    lines, fine = summed_up({"dependencies": [UNASKED, UNASKED]})
    assert not fine and "nothing is known of faults" in lines[0]
    lines, fine = summed_up({"dependencies": [GOOD, UNASKED]})
    assert not fine and lines == ["Of 1 of 2 nothing is known: c"]
