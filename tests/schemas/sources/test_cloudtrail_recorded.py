"""CloudTrail as others recorded it: every event is read, every credential found again where it was used."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from schemas.activity import Activity, Issued
from schemas.sources import detect
from tests.support.cloudtrail import reading

DATA = Path(__file__).parents[4] / "shared" / "data"
STRATUS = DATA / "cloudtrail" / "DataDog_stratus-red-team"
OTRF = DATA / "cloudtrail" / "OTRF_Security-Datasets" / "ec2_proxy_s3_exfiltration_2020-09-14011940.json"
LINKS = DATA / "ground_truth" / "stratus_credential_links.json"

pytestmark = pytest.mark.skipif(not STRATUS.is_dir(), reason="the recorded CloudTrail events are not here")


@cache
def stratus() -> list[Activity]:
    activities: list[Activity] = []
    for path in sorted(STRATUS.rglob("*.json")):
        assert detect(path.read_bytes()) == "cloudtrail"
        result = reading(path.read_bytes())
        assert not result.rejects and result.activities
        activities += result.activities
    return activities


def test_every_event_is_read_with_its_time_caller_and_key() -> None:
    assert len(stratus()) == len({a.uid for a in stratus()}) == 310
    assert all(a.time and a.identity and a.operation and a.service for a in stratus())
    assert sum(not a.credential for a in stratus()) == 0


def test_impossible_addresses_are_unknown_places_and_their_events_are_kept() -> None:
    assert sum(not a.place for a in stratus()) == 107


def test_the_outcomes_are_those_of_the_error_codes() -> None:
    assert Counter(a.outcome for a in stratus()) == {"succeeded": 258, "forbidden": 51, "failed": 1}


def test_every_key_that_was_issued_is_linked_to_its_uses_and_no_other() -> None:
    links: list[dict[str, Any]] = json.loads(LINKS.read_text())
    issued = {e.credential: (a, e) for a in stratus() for e in a.effects if isinstance(e, Issued)}
    assert issued.keys() == {f"aws:key/{link['issued_key']}" for link in links}
    for link in links:
        act, effect = issued[f"aws:key/{link['issued_key']}"]
        uses = [a for a in stratus() if a.credential == effect.credential]
        assert act.uid == link["event_id"]
        assert f"aws:key/{link['issuer_key']}" in effect.parents
        assert len(uses) == link["uses"] and {a.identity for a in uses} <= {effect.identity}


@pytest.mark.skipif(not OTRF.exists(), reason="the shipper's export is not here")
def test_a_shippers_export_without_event_time_is_read() -> None:
    result = [reading(line) for line in OTRF.read_bytes().splitlines()]
    activities = [a for one in result for a in one.activities]
    assert len(activities) == 103 and not any(one.rejects for one in result)
    issued = {e.credential: e for a in activities for e in a.effects if isinstance(e, Issued)}
    used = {a.credential for a in activities} & issued.keys()
    assert used and all(
        a.identity == issued[a.credential].identity for a in activities if a.credential in used
    )
    assert {a.action for a in activities if a.identity.startswith("aws:service/")} == {"service"}
