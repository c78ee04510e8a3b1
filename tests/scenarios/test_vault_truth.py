"""The recorded OpenBao log against its truth: each of the 72 cases, found, missed, false, listed by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.replayed import Said, control, data, replayed, uids

LOW = 2
PROVEN = {
    "revoked_used_denied": {"revoked_credential_used"},
    "parent_revoked_child_used_denied": {"outlived_parent"},
    "auth_mount_disabled_used_denied": {"revoked_credential_used"},
    "entity_disabled_used_denied": {"inactive_identity_active"},
    "rotated_old_secret_id_used": {"revoked_credential_used"},
}
"""Verdicts of the truth whose refused tries prove a control."""

TRIED = {
    "revoked_used_denied",
    "parent_revoked_child_used_denied",
    "auth_mount_disabled_used_denied",
    "expired_used_denied",
    "num_uses_exhausted_used_denied",
    "rotated_old_secret_id_used",
    "secret_id_exhausted_used_denied",
    "wrapping_token_reused_denied",
}
"""Verdicts in which a dead credential is presented and refused."""

RECORDING = "vault/openbao_recorded"


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Said:
    return replayed(tmp_path_factory.mktemp("vault"), data(f"{RECORDING}/audit.jsonl"))


@pytest.fixture(scope="module")
def cases() -> list[dict[str, Any]]:
    return list(orjson.loads(data(f"{RECORDING}/truth.json").read_bytes())["cases"])


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """The request id of each line of the recording, line 1 first."""
    log = data(f"{RECORDING}/audit.jsonl").read_bytes().splitlines()
    return [orjson.loads(line)["request"]["id"] for line in log]


def after(case: dict[str, Any], lines: list[str]) -> set[str]:
    return {lines[use["line"] - 1] for use in case["uses_after"] if use.get("line")}


def swept(case: dict[str, Any], lines: list[str]) -> set[str]:
    """What the case's token read, where that was a sweep: of no dead credential."""
    uses = case["uses_before"] if case["verdict"] == "secret_sweep" else []
    return {lines[use["line"] - 1] for use in uses if use.get("line")}


def mine(case: dict[str, Any], row: dict[str, Any]) -> bool:
    names = {n for n in (case["token_hmac"], case["accessor_hmac"]) if n}
    credential = row["unmapped"].get("credential", "") + row["unmapped"]["subject"]
    return any(name in credential for name in names)


def test_no_line_is_rejected(said: Said) -> None:
    assert said.rejects == []


def test_every_refused_try_with_a_dead_credential_is_told_as_information(
    said: Said, cases: Any, lines: list[str]
) -> None:
    tries = [f for f in said.findings if control(f) == "dead_credential_tried"]
    missed = [
        c["name"]
        for c in cases
        if c["verdict"] in TRIED and not any(after(c, lines) <= uids(f) for f in tries)
    ]
    assert missed == []
    assert {f["severity_id"] for f in tries} == {1}


def test_every_refused_try_that_proves_a_control_is_its_proof(
    said: Said, cases: Any, lines: list[str]
) -> None:
    missed = [
        c["name"]
        for c in cases
        if c["verdict"] in PROVEN and not any(_proves(row, c, lines) for row in said.assurance)
    ]
    assert missed == []


def _proves(row: dict[str, Any], case: dict[str, Any], lines: list[str]) -> bool:
    return (
        row["compliance"]["status"] == "proven"
        and control(row) in PROVEN[case["verdict"]]
        and bool(after(case, lines) & uids(row))
    )


def test_a_token_that_outlives_its_secret_id_is_found(said: Said, cases: Any, lines: list[str]) -> None:
    found = [f for f in said.findings if control(f) == "outlived_parent"]
    wanted = [c for c in cases if c["verdict"] == "old_secret_id_token_used_succeeded"]
    assert len(wanted) == 2
    for case in wanted:
        assert any(after(case, lines) <= uids(f) for f in found), case["name"]


FAILED = {"revoke_failed_used_succeeded", "batch_residual"}
"""Verdicts in which a revocation did not take, or the thing cannot be revoked at all."""


def failed(case: dict[str, Any], lines: list[str]) -> set[str]:
    return {lines[case["kill"]["line"] - 1]} if case["verdict"] in FAILED else set()


def test_a_revocation_that_did_not_take_is_found(said: Said, cases: Any, lines: list[str]) -> None:
    found = [f for f in said.findings if control(f) == "revocation_failed"]
    refused = [c for c in cases if c["verdict"] in FAILED and "role" not in c["kill"]["how"]]
    assert len(refused) == 2
    for case in refused:
        assert any(failed(case, lines) <= uids(f) for f in found), case["name"]


def test_one_token_in_two_places_is_found(said: Said, cases: Any) -> None:
    found = [f for f in said.findings if control(f) == "credential_in_two_places"]
    wanted = [c for c in cases if c["verdict"] == "one_token_two_addresses"]
    assert [c["name"] for c in wanted if not any(mine(c, f) for f in found)] == []


def test_the_recorded_ends_of_leases_are_kept_and_unverifiable(
    said: Said, cases: Any, lines: list[str]
) -> None:
    unverifiable = [row for row in said.assurance if row["compliance"]["status"] == "unverifiable"]
    kills = {"lease_revoked", "db_credential_revoked_used_denied"}
    missed = [
        c["name"]
        for c in cases
        if c["verdict"] in kills and not any(lines[c["kill"]["line"] - 1] in uids(r) for r in unverifiable)
    ]
    assert missed == []


def test_the_sweep_is_told(said: Said, cases: Any, lines: list[str]) -> None:
    (case,) = [c for c in cases if c["verdict"] == "secret_sweep"]
    sweeps = [f for f in said.findings if control(f) == "secret_sweep"]
    assert [bool(swept(case, lines) & uids(f)) for f in sweeps] == [True]


def test_nothing_false_is_said(said: Said, cases: Any, lines: list[str]) -> None:
    false = list(_false(said, cases, lines))
    assert false == []


def _false(said: Said, cases: list[dict[str, Any]], lines: list[str]) -> Iterator[str]:
    """Findings above informational that no positive case explains, and anything about a case that says to be
    silent.
    """
    places = {c["accessor_hmac"] for c in cases if c["verdict"] == "one_token_two_addresses"}
    positive = [after(c, lines) for c in cases if c["positive"]] + [failed(c, lines) for c in cases]
    positive += [swept(c, lines) for c in cases]
    for finding in said.findings:
        if any(name in finding["unmapped"]["credential"] for name in places):
            continue
        if finding["severity_id"] >= LOW and not any(tries & uids(finding) for tries in positive):
            yield f"{control(finding)}: {finding['finding_info']['title']}"
    silent = [
        c
        for c in cases
        if c["verdict"]
        in (
            "benign",
            "periodic_ok",
            "policy_removed_used_denied",
            "bound_cidr_used_denied",
            "unknown_token_denied",
            "missing_token_denied",
        )
    ]
    loud = {n for c in cases if c["positive"] for n in (c["token_hmac"], c["accessor_hmac"])}
    for case in silent:
        if case["token_hmac"] in loud or case["accessor_hmac"] in places:
            continue
        for finding in said.findings:
            if mine(case, finding):
                yield f"{case['name']}: {finding['finding_info']['title']}"


def test_shuffled_doubled_and_split_input_gives_byte_identical_sorted_findings(
    said: Said, tmp_path: Path
) -> None:
    many = data(f"{RECORDING}/audit.jsonl").read_bytes().splitlines() * 2
    many = sorted(many, key=lambda line: hash(line[::-7]))
    folder = tmp_path / "split"
    folder.mkdir()
    for n in range(10):
        (folder / f"part{n}.jsonl").write_bytes(b"\n".join(many[n::10]) + b"\n")
    assert sorted(replayed(tmp_path, folder).lines) == sorted(said.lines)
