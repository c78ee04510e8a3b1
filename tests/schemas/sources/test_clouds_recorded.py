"""Google Cloud and Azure as others recorded them: each event gives a sensible activity, or a reject that
says why not."""

from __future__ import annotations

from collections import Counter

import pytest

from schemas.activity import Activity, Aliased, Ended, Issued
from schemas.sources import sources
from tests.support.replayed import DATA
from tests.support.shares import CONTEXT, PANTHER, Case, cases, shares

pytestmark = pytest.mark.skipif(
    not (DATA / "gcp").is_dir(), reason="the recorded events of others are not here"
)

OTRF = DATA / "azure" / "OTRF_Security-Datasets" / "AADAuditEvents.json"


@pytest.fixture(scope="module")
def recorded() -> dict[str, list[Case]]:
    return {path: list(cases(DATA / path)) for source in ("gcp", "azure") for path in PANTHER[source]}


def activities(recorded: dict[str, list[Case]], part: str) -> list[Activity]:
    return [a for path, many in recorded.items() if part in path for case in many for a in case.activities]


def test_each_event_is_one_activity_or_a_reject(recorded: dict[str, list[Case]]) -> None:
    """Which are rejects, and why, stands in docs/rejects.md."""
    every = [case for many in recorded.values() for case in many]
    assert all(len(case.activities) == 1 or case.rejects for case in every)
    assert sum(len(case.activities) for case in every) == 418


def test_each_event_is_known_as_its_sources(recorded: dict[str, list[Case]]) -> None:
    for path, many in recorded.items():
        assert {case.detected for case in many if case.activities} == {path.partition("/")[0]}


def test_each_activity_says_when_and_how_it_ended(recorded: dict[str, list[Case]]) -> None:
    every = activities(recorded, "")
    assert all(a.time and a.uid and a.source for a in every)
    assert [a for a in every if not a.operation and a.source == "azure"] == []
    assert sum(a.outcome == "unknown" for a in every) <= 8


@pytest.mark.parametrize(
    ("part", "identity", "credential", "place"),
    [
        ("gcp_audit", 122, 15, 90),
        ("azure_signin", 47, 4, 47),
        ("azure_activity", 17, 4, 212),
        ("microsoft", 21, 0, 18),
    ],
)
def test_who_with_what_and_from_where_is_known_of_as_many_as_say_it(
    recorded: dict[str, list[Case]], part: str, identity: int, credential: int, place: int
) -> None:
    n = shares(activities(recorded, part))
    assert (n["identity"], n["credential"], n["place"]) == (identity, credential, place)


def test_what_no_activity_tells_who_does_not_stand_in_the_event_either(
    recorded: dict[str, list[Case]],
) -> None:
    """Azure's test events mostly have no ``identity``; Google's without a caller have no
    ``authenticationInfo``."""
    nobody = [a for a in activities(recorded, "azure_activity") if not a.identity]
    assert all(not a.actor_name or a.actor_name.startswith("Microsoft.") for a in nobody)
    assert [a.actor_name for a in activities(recorded, "gcp") if not a.identity and a.actor_name] == []


def test_refusals_of_recorded_sign_ins_are_told_from_their_codes(recorded: dict[str, list[Case]]) -> None:
    errors = Counter(
        (a.error, a.outcome) for a in activities(recorded, "azure_signin") if a.error.startswith("AADSTS")
    )
    assert errors == {
        ("AADSTS7000215", "unauthenticated"): 7,
        ("AADSTS50053", "unauthenticated"): 2,
        ("AADSTS50126", "unauthenticated"): 2,
    }


def test_recorded_audit_records_show_the_secret_that_was_added() -> None:
    every = [
        a
        for line in OTRF.read_bytes().splitlines()
        for a in sources()["azure"].read(line, CONTEXT).activities
    ]
    added = {e.credential for a in every for e in a.effects if isinstance(e, Issued)}
    assert added == {"entra:00000000-0000-0000-0000-000000000000:key/59eaeebc-8a6b-44a6-9f24-7d55e64420c9"}
    assert not [e for a in every for e in a.effects if isinstance(e, Ended)]
    assert any(isinstance(e, Aliased) for a in every for e in a.effects)
