"""A name of an agent that is made anew for each run is one agent's; what lasts in it stays."""

from __future__ import annotations

import pytest

from schemas.span import lasting


@pytest.mark.parametrize(
    "anew",
    [
        "6f1c2b0e-1111-4222-8333-444455556666",
        "6f1c2b0e111142228333444455556666",
        "2026-11-22T10:00:01Z",
        "2026-11-22 10:00",
        "20261122T100001",
        "20261122_100001",
        "1795341601",
        "1795341601000",
        "1795341601000000000",
    ],
)
@pytest.mark.parametrize("between", ["-", "_", " ", "/", ":", "@", "."])
def test_what_is_made_anew_is_left_out(anew: str, between: str) -> None:
    assert lasting(f"desk{between}{anew}") == "desk"
    assert lasting(anew) == ""


@pytest.mark.parametrize(
    "name",
    ["desk", "agent-7", "gpt-4o-2024-08-06", "release-2026-11-22", "v1500000000x", "tel-0041795341601"],
)
def test_what_lasts_stays(name: str) -> None:
    assert lasting(name) == name
