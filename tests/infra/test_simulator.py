"""The simulator writes what CloudTrail would, the same each time; its story holds the cases that it says."""

from __future__ import annotations

import gzip
import json
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from infra.simulator.__main__ import SEED, START, main
from infra.simulator.load import Load
from infra.simulator.samples import AGENTS, MASK, TOKEN, VAULT, bundle, masked
from infra.simulator.story import tell, truth
from schemas.activity import Activity
from schemas.sources import Context, detect, sources
from schemas.verdict import Severity, Verdict
from tests.support.scenario import run

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "infra" / "samples"
RECORDINGS = ROOT.parent / "shared" / "data"
MOMENT = datetime.fromisoformat(START)
CONTROLS = {
    "revoked_credential_used",
    "dead_credential_tried",
    "outlived_parent",
    "inactive_identity_active",
    "revocation_failed",
}
"""Controls of which the story says everything that is due; of any other it says nothing."""

SIZE_MAX = 6_000_000
FIELDS = [
    *(
        "eventVersion",
        "userIdentity",
        "eventTime",
        "eventSource",
        "eventName",
        "awsRegion",
        "sourceIPAddress",
    ),
    *(
        "userAgent",
        "errorCode",
        "errorMessage",
        "requestParameters",
        "responseElements",
        "requestID",
        "eventID",
    ),
    *(
        "readOnly",
        "resources",
        "eventType",
        "managementEvent",
        "recipientAccountId",
        "eventCategory",
        "tlsDetails",
    ),
]
"""The fields of a CloudTrail record in the order of delivered files."""


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def records(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("*CloudTrail*")):
        body = path.read_bytes()
        yield from json.loads(gzip.decompress(body) if path.suffix == ".gz" else body)["Records"]


def activities(folder: Path) -> list[Activity]:
    """Everything that the readers make of a folder's files; none may be rejected."""
    many = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            body = path.read_bytes()
            name = "inventory" if path.suffix == ".yaml" else detect(body)
            assert name, path
            reading = sources()[name].read(body, Context(key=b"site"))
            assert not reading.rejects, (path, reading.rejects[:3])
            many += reading.activities
    return many


@cache
def said() -> list[Verdict]:
    """What stands at the end of the bundled story."""
    known = [*activities(SAMPLES / "cloudtrail"), *activities(SAMPLES / "inventory")]
    reports = run(known).last.values()
    return [r.verdict for r in reports if r.verdict and r.finding and r.verdict.control in CONTROLS]


def cases() -> list[dict[str, Any]]:
    return json.loads((SAMPLES / "truth.json").read_text())["cases"]  # type: ignore[no-any-return]


DUE = [case for case in cases() if case["control"]]


@pytest.mark.parametrize("case", DUE, ids=lambda case: case["case"])
def test_what_is_due_is_found_with_all_its_evidence(case: dict[str, Any]) -> None:
    found = [v for v in said() if (v.control, v.subject) == (case["control"], case["subject"])]
    assert len(found) == 1, case["says"]
    (verdict,) = found
    assert verdict.identity == case["identity"]
    assert verdict.severity == Severity[case["severity"].upper()]
    quoted = {e.uid for e in (*verdict.claim, *verdict.evidence)}
    assert {*case["claim"], *case["contradictions"]} <= quoted


def test_nothing_else_is_found() -> None:
    found = {(v.control, v.subject) for v in said() if v.severity is not None}
    assert found == {(case["control"], case["subject"]) for case in DUE}


def test_near_misses_are_told_and_are_as_many_as_they_should_be() -> None:
    missed = [case for case in cases() if not case["control"]]
    assert len(missed) >= 10 and all(case["says"] for case in missed)
    subjects = [v.subject for v in said() if v.severity is not None]
    assert not {case["subject"] for case in missed} & set(subjects)


def test_a_proof_is_a_proof() -> None:
    (case,) = [case for case in cases() if case["proofs"]]
    known = [*activities(SAMPLES / "cloudtrail")]
    (verdict,) = [
        r.verdict for r in run(known).last.values() if r.verdict and r.verdict.subject == case["subject"]
    ]
    assert verdict.value == "proven" and {e.uid for e in verdict.evidence} == set(case["proofs"])


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        assert main(["story", "--out", str(tmp_path / name), "--seed", seed]) == 0
    first, second, other = (contents(tmp_path / name) for name in "abc")
    assert first == second != other
    assert {"inventory.yaml", "truth.json"} < first.keys() and any(name.endswith(".gz") for name in first)


def test_another_start_moves_the_whole_story(tmp_path: Path) -> None:
    main(["story", "--out", str(tmp_path), "--start", "2027-03-01"])
    days = {record["eventTime"][:10] for record in records(tmp_path / "cloudtrail")}
    assert days <= {"2027-02-28", "2027-03-01"} and "2027-03-01" in days


def test_records_have_cloudtrails_own_form() -> None:
    many = list(records(SAMPLES / "cloudtrail"))
    assert len(many) == json.loads((SAMPLES / "truth.json").read_text())["events"] > 1_900
    assert len({record["eventID"] for record in many}) == len(many)
    for record in many:
        assert [name for name in FIELDS if name in record] == list(record)
        assert record["eventTime"].endswith("Z") and record["eventSource"].endswith(".amazonaws.com")
        assert record["readOnly"] is not None and record["recipientAccountId"].isdigit()


def test_the_story_is_delivered_late_and_out_of_order_and_by_many() -> None:
    many = list(records(SAMPLES / "cloudtrail"))
    times = [record["eventTime"] for record in many]
    assert times != sorted(times)
    assert len({a.identity for a in activities(SAMPLES / "cloudtrail")}) >= 40
    assert Counter(record["userIdentity"]["type"] for record in many).keys() == {
        "IAMUser",
        "AssumedRole",
        "AWSService",
    }


def test_the_load_is_a_stream_of_single_records_that_knows_what_is_due() -> None:
    load = Load(20_000, 120, 5, datetime(2026, 11, 22, tzinfo=UTC), 0.2)
    lines = list(load.lines())
    again = list(Load(20_000, 120, 5, datetime(2026, 11, 22, tzinfo=UTC), 0.2).lines())
    assert lines == again and len(lines) == 20_000
    assert 1_000 <= sum(map(len, lines)) / len(lines) <= 1_300
    many = [a for line in lines for a in sources()["cloudtrail"].read(line, Context()).activities]
    assert len({a.uid for a in many}) == 20_000
    found = {
        r.verdict.subject
        for r in run(many).last.values()
        if r.verdict and r.finding and r.verdict.control == "revoked_credential_used"
    }
    assert found == load.used_after_kill and 5 <= len(found) < 24


def test_the_bundled_story_is_what_the_simulator_writes() -> None:
    assert truth(tell(SEED, MOMENT), SEED) == json.loads((SAMPLES / "truth.json").read_text())


def test_the_samples_are_small_and_the_manifest_names_each_with_its_source() -> None:
    assert sum(map(len, contents(SAMPLES).values())) < SIZE_MAX
    named = tomllib.loads((SAMPLES / "manifest.toml").read_text())["file"]
    beside = {"README.md", "manifest.toml", "truth.json"}
    assert {entry["path"] for entry in named} | beside == contents(SAMPLES).keys()
    assert named[0]["source"] == "inventory"
    for entry in named[2:]:
        first = (SAMPLES / entry["path"]).read_bytes()
        if entry["source"] != "cloudtrail":
            first = first.partition(b"\n")[0]
        assert detect(first) == entry["source"]


def test_no_token_stands_in_clear_in_the_samples_and_its_mask_still_looks_like_one() -> None:
    tokens = {found[2] for path in SAMPLES.rglob("*.jsonl") for found in TOKEN.finditer(path.read_bytes())}
    assert tokens and all(token.startswith(MASK) for token in tokens)
    assert all(
        record["responseElements"]["credentials"]["sessionToken"].startswith("EXAMPLE")
        for record in records(SAMPLES / "cloudtrail")
        if record["eventName"] == "AssumeRole"
    )


def test_a_mask_keeps_length_kind_and_everything_else() -> None:
    token = b"s." + b"Ab1" * 8
    assert masked(b"revoke/" + token + b'"') == b'revoke/s.EXAMPLEEXAMPLEEXAMPLEEXA"'
    assert masked(b'"path":"sys/policies"') == b'"path":"sys/policies"'


@pytest.mark.skipif(not (RECORDINGS / VAULT).exists(), reason="the recordings are not here")
def test_the_bundle_is_made_anew_byte_for_byte(tmp_path: Path) -> None:
    bundle(RECORDINGS, tmp_path, SEED, MOMENT)
    made, kept = contents(tmp_path), contents(SAMPLES)
    del kept["README.md"]
    assert made == kept
    assert len(list((RECORDINGS / AGENTS).glob("*.otlp.jsonl"))) == sum(n.startswith("otel/") for n in kept)
