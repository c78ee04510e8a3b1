"""The recorded API server against its truth: the steps of the 37 scenarios, and what is said of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.activity import Activity, Glimpse, Granted, Imaged, Issued, Session, Withdrawn
from schemas.dossier import Dossier
from schemas.evidence import iso
from schemas.sources import Reading
from schemas.stored import decode
from tests.support.kubernetes import CONTEXT, PREFIX, reading
from tests.support.replayed import Said, control, data, replayed, uids
from tests.support.scenario import World, clock_after, run

RECORDING = "kubernetes/apiserver_recorded"
SCENARIOS = [f"D{n:02}" for n in range(1, 38)]
LOW, MEDIUM = 2, 3

Steps = list[dict[str, Any]]


@pytest.fixture(scope="module")
def readings() -> list[Reading]:
    """What became of each line, line 1 first."""
    return [reading(line) for line in data(f"{RECORDING}/audit.jsonl").read_bytes().splitlines()]


@pytest.fixture(scope="module")
def truth() -> dict[str, dict[str, Any]]:
    found = orjson.loads(data(f"{RECORDING}/truth.json").read_bytes())["scenarios"]
    return {scenario["id"]: scenario for scenario in found}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Said:
    return replayed(
        tmp_path_factory.mktemp("k8s"), data(f"{RECORDING}/audit.jsonl"), instance=CONTEXT.instance
    )


@pytest.fixture(scope="module")
def world(readings: list[Reading]) -> World:
    return run([a for result in readings for a in result.activities])


def dossier(world: World, key: str) -> Dossier:
    """What is known of an identity of the recorded cluster."""
    return next(decode(store[PREFIX + key]) for store in world.stores if PREFIX + key in store)


def steps(scenario: dict[str, Any], *roles: str) -> Steps:
    return [step for step in scenario["steps"] if step["role"] in roles or not roles]


def activity_of(readings: list[Reading], step: dict[str, Any]) -> Activity:
    """The activity of a step's last line (of a TokenReview the caller's own)."""
    line: int = step["line"]
    return readings[line - 1].activities[0]


def key_of(logged: str | None) -> str:
    kind, _, value = (logged or "").partition("=")
    return f"{PREFIX}{ {'JTI': 'jti', 'X509SHA256': 'x509'}[kind] }/{value}" if value else ""


def named(username: str | None) -> str:
    if not username:
        return ""
    if username.startswith("system:serviceaccount:"):
        return PREFIX + "/".join(username.split(":")[2:])
    if username.startswith("system:"):
        return f"{PREFIX}system/{username[7:]}"
    return f"{PREFIX}user/{username}"


def test_no_line_is_rejected_and_only_received_requests_are_passed(readings: list[Reading]) -> None:
    assert [r for result in readings for r in result.rejects] == []
    assert sum(result.passed for result in readings) == 309


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_step_is_told_with_who_with_what_when_and_how_it_ended(
    name: str, readings: list[Reading], truth: dict[str, Any]
) -> None:
    for step in steps(truth[name]):
        result = activity_of(readings, step)
        assert result.uid == step["auditID"]
        assert iso(result.time) == step["time"]
        assert result.identity == named(step["log_user"])
        if step["identified_by"] != "legacy-token":
            assert result.credential == key_of(step["log_credential_id"])
        assert result.place == step["sourceIPs"][-1]
        assert result.client == step["userAgent"]
        code = step["code"]
        expected = (
            "succeeded" if code < 300 else {401: "unauthenticated", 403: "forbidden"}.get(code, "failed")
        )
        assert result.outcome == expected


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_token_that_was_handed_out_is_issued_to_the_account_that_uses_it(
    name: str, readings: list[Reading], truth: dict[str, Any]
) -> None:
    for step in steps(truth[name], "issue"):
        issued = [e for e in activity_of(readings, step).effects if isinstance(e, Issued)]
        assert [e.credential for e in issued] == (
            [key_of(step["issued_credential_id"])] if "issued_credential_id" in step else []
        )
    for step in steps(truth[name], "use", "use_after", "act"):
        if step.get("issue_line") and not step.get("token_in_body"):
            used = activity_of(readings, step)
            (issue,) = [
                e
                for a in readings[step["issue_line"] - 1].activities
                for e in a.effects
                if isinstance(e, Issued)
            ]
            assert (issue.credential, issue.identity) == (used.credential, used.identity)
            assert issue.incarnation in ("", used.incarnation)


def test_links_from_issue_to_use_are_every_link_of_the_truth_and_no_other(
    said: Said, truth: dict[str, Any], readings: list[Reading]
) -> None:
    wanted = {
        (key_of(s["held_credential_id"]), readings[s["issue_line"] - 1].activities[0].uid)
        for scenario in truth.values()
        for s in steps(scenario)
        if s.get("issue_line") and not s.get("token_in_body")
    }
    found = {
        (c["credential"], c["issued"]["uid"]) for c in said.credentials if c["issued"] and c["first_use"]
    }
    assert wanted - found == set()
    scenarios_own = {credential for credential, _ in wanted}
    assert {c for c, _ in found - wanted if c in scenarios_own} == set()


# 401s: seven of fourteen are given away


def test_a_refusal_is_told_to_the_identity_that_the_look_up_gives_away_and_no_other(
    said: Said, truth: dict[str, Any]
) -> None:
    refused = [s for scenario in truth.values() for s in steps(scenario) if s["code"] == 401]
    assert len(refused) == 14
    given_away = {s["auditID"]: s for s in refused if s["identified_by"] == "lookup"}
    assert len(given_away) == 7
    rows = [*said.assurance, *said.findings]
    result = {uid for row in rows for uid in uids(row)} & {s["auditID"] for s in refused}
    assert result == set(given_away)


HOLDERS = {
    "D03": "shop/invoice-sync",
    "D04": "billing/worker",
    "D05": "ops/backup",
    "D08": "ops/legacy-scraper",
    "D34": "shop/partner",
}


FROM_ELSEWHERE = {"D04"}
"""Tried in the end by a program that never used it."""


@pytest.mark.parametrize("name", HOLDERS)
def test_a_revoked_credential_that_was_refused_is_proven_and_told_by_where_it_was_tried(
    name: str, said: Said, truth: dict[str, Any]
) -> None:
    tries = {
        s["auditID"] for s in steps(truth[name], "use_after") if s["code"] == 401 or s.get("token_in_body")
    }
    proofs = [r for r in said.assurance if control(r) == "revoked_credential_used" and tries & uids(r)]
    tried = [f for f in said.findings if control(f) == "dead_credential_tried" and tries & uids(f)]
    assert [(r["compliance"]["status"], r["resources"][0]["uid"]) for r in proofs] == [
        ("proven", PREFIX + HOLDERS[name])
    ]
    assert all(tries <= uids(row) for row in (*proofs, *tried))
    assert [f["severity_id"] for f in tried] == [3 if name in FROM_ELSEWHERE else 1]
    kill = steps(truth[name], "kill")[0]["auditID"]
    assert kill in uids(proofs[0])


@pytest.mark.parametrize(("name", "confidence"), [("D03", 2), ("D04", 2), ("D05", 2), ("D08", 2), ("D34", 3)])
def test_what_was_inferred_is_marked(name: str, confidence: int, said: Said, truth: dict[str, Any]) -> None:
    tries = {s["auditID"] for s in steps(truth[name], "use_after")}
    (found,) = [f for f in said.findings if control(f) == "dead_credential_tried" and tries & uids(f)]
    assert found["confidence_id"] == confidence
    assert ("inferred" in orjson.dumps(found["evidences"]).decode()) == (confidence == 2)


@pytest.mark.parametrize("name", ["D03", "D06", "D37"])
def test_a_deleted_account_whose_token_was_not_seen_refused_by_its_id_is_assumed(
    name: str, said: Said, truth: dict[str, Any]
) -> None:
    jti = key_of(next(s["issued_credential_id"] for s in steps(truth[name], "issue")))
    rows = [
        r
        for r in said.assurance
        if r["unmapped"]["subject"] == jti and control(r) == "revoked_credential_used"
    ]
    assert [r["compliance"]["status"] for r in rows] == ["assumed"]


def test_a_successor_of_the_same_name_is_not_dead(said: Said, truth: dict[str, Any], world: World) -> None:
    old, new = (key_of(s["issued_credential_id"]) for s in steps(truth["D06"], "issue"))
    rows = {c["credential"]: c for c in said.credentials}
    assert rows[old]["died"] and not rows[new]["died"]
    known = dossier(world, "shop/cart").credentials
    assert known[old].incarnation != known[new].incarnation
    assert [r for r in said.assurance if r["unmapped"]["subject"] == new] == []


# What these controls say in the end


def test_a_declared_decommissioned_identity_that_is_active_is_found_and_one_taken_back_is_not(
    said: Said, truth: dict[str, Any]
) -> None:
    found = [f for f in said.findings if control(f) == "inactive_identity_active"]
    assert [f["resources"][0]["uid"] for f in found] == [f"{PREFIX}billing/tax-bridge"]
    wanted = {s["auditID"] for s in steps(truth["D35"], "kill", "use_after")}
    assert wanted <= uids(found[0])
    assert found[0]["severity_id"] == 4
    back = {s["auditID"] for s in steps(truth["D36"])}
    assert [f for f in said.findings if back & uids(f)] == []


def test_nothing_false_is_said(said: Said, truth: dict[str, Any]) -> None:
    assert list(_false(said, truth)) == []


def _false(said: Said, truth: dict[str, Any]) -> Iterator[str]:
    """Findings above informational that name nothing of a positive scenario, or a negative one."""
    positive = {
        s["auditID"]
        for scenario in truth.values()
        if scenario["verdict"] == "positive"
        for s in steps(scenario, "use_after", "act")
    }
    negative = {
        s["auditID"]
        for scenario in truth.values()
        if scenario["verdict"] == "negative"
        for s in steps(scenario)
    }
    undecidable = {s["auditID"] for name in ("D01", "D02") for s in steps(truth[name])}
    for finding in said.findings:
        if finding["severity_id"] >= LOW and not positive & uids(finding):
            yield f"{control(finding)}: {finding['finding_info']['title']}"
        if finding["severity_id"] >= LOW and (negative | undecidable) & (uids(finding) - positive):
            yield f"negative, {control(finding)}: {finding['finding_info']['title']}"


def test_shuffled_and_doubled_input_gives_byte_identical_sorted_findings(said: Said, tmp_path: Path) -> None:
    lines = data(f"{RECORDING}/audit.jsonl").read_bytes().splitlines() * 2
    random.Random(3).shuffle(lines)
    (tmp_path / "in").mkdir()
    for n in range(5):
        (tmp_path / "in" / f"part{n}.jsonl").write_bytes(b"\n".join(lines[n::5]) + b"\n")
    again = replayed(tmp_path, tmp_path / "in", instance=CONTEXT.instance)
    assert sorted(again.lines) == sorted(said.lines)
    assert sorted(map(orjson.dumps, again.assurance)) == sorted(map(orjson.dumps, said.assurance))


def test_partitions_and_restarts_give_the_same_verdicts(readings: list[Reading], world: World) -> None:
    activities = [a for result in readings for a in result.activities]
    chance = random.Random(5)
    chance.shuffle(activities)
    other = World(4, clock_after(activities))
    from schemas.fact import facts_of

    for n, activity in enumerate(activities):
        other.take(facts_of(activity))
        if n % 300 == 299:
            other.settle()
        if n % 600 == 599:
            other.crash()
    other.settle()
    assert other.verdicts() == world.verdicts()


# Access: what later controls read


@pytest.mark.parametrize(
    ("name", "identity", "grant"),
    [
        ("D09", "shop/price-feed", "rolebinding/shop/price-feed-reader"),
        ("D29", "shop/toolbox", "rolebinding/shop/toolbox-execer"),
        ("D30", "shop/oncall", "rolebinding/shop/oncall-execer"),
        ("D32", "ops/watcher", "rolebinding/ops/watcher-reader"),
        ("D33", "user/edge-agent-3", "clusterrolebinding/edge-view"),
    ],
)
def test_the_end_of_a_binding_reaches_the_identity_that_held_it(
    name: str, identity: str, grant: str, world: World, truth: dict[str, Any]
) -> None:
    known = dossier(world, identity).grants[PREFIX + grant]
    kills = {s["auditID"] for s in steps(truth[name], "kill")}
    ends = [t for t in known.turns if not t.alive]
    assert len(ends) == 1 and ends[0].evidence.uid in kills
    assert known.role.startswith(PREFIX)
    before = {s["auditID"] for s in steps(truth[name], "use", "use_after") if s["code"] < 300}
    seen = {
        e.uid for key, sightings in known.uses.items() if key.startswith("succeeded") for e in sightings.kept
    }
    assert before <= seen


def test_access_that_goes_on_through_another_grant_names_it(world: World, truth: dict[str, Any]) -> None:
    grants = dossier(world, "billing/ledger").grants
    after = {s["auditID"] for s in steps(truth["D10"], "use_after")}
    through = [
        g for g, grant in grants.items() if after <= {e.uid for s in grant.uses.values() for e in s.kept}
    ]
    assert len(through) == 1 and "clusterrolebinding" in through[0]
    assert all(turn.alive for turn in grants[through[0]].turns)


def test_a_binding_that_was_made_again_is_alive_last(world: World) -> None:
    (grant,) = dossier(world, "ci/indexer").grants.values()
    assert [turn.alive for turn in grant.turns] == [True, False, True]


def test_an_account_that_binds_itself_is_both_actor_and_holder(
    readings: list[Reading], truth: dict[str, Any], world: World
) -> None:
    (act,) = steps(truth["D12"], "act")
    result = activity_of(readings, act)
    (granted,) = [e for e in result.effects if isinstance(e, Granted)]
    assert granted.identities == (result.identity,) == (f"{PREFIX}ci/builder",)
    assert granted.role == f"{PREFIX}clusterrole/cluster-admin"
    after = {s["auditID"] for s in steps(truth["D12"], "use_after")}
    uses = dossier(world, "ci/builder").grants[granted.grant].uses
    assert after <= {e.uid for e in uses["succeeded:secret_read"].kept}


def test_denied_escalations_are_forbidden_identity_writes(world: World, truth: dict[str, Any]) -> None:
    acts = {s["auditID"] for s in steps(truth["D13"], "act")}
    (credential,) = dossier(world, "ci/linter").credentials.values()
    assert {e.uid for e in credential.uses["forbidden:identity_write"].kept} == acts


def test_impersonation_stays_the_callers_and_is_told_by_its_operation(
    readings: list[Reading], truth: dict[str, Any], world: World
) -> None:
    denied, allowed = (activity_of(readings, s) for s in steps(truth["D15"], "act"))
    assert (denied.operation, allowed.operation) == (
        "get secrets as another",
        "get secrets as helper-root (system:masters)",
    )
    assert allowed.target == f"{PREFIX}user/helper-root"
    assert [activity_of(readings, s).target for s in steps(truth["D16"])] == [
        f"{PREFIX}shop/cart",
        f"{PREFIX}billing/worker",
    ]
    looks = {s["auditID"] for s in steps(truth["D16"])}
    known = dossier(world, "shop/cart")
    assert not looks & {e.uid for c in known.credentials.values() for s in c.uses.values() for e in s.kept}


def test_sessions_stand_from_their_begin_to_their_end(world: World, truth: dict[str, Any]) -> None:
    for name, identity in (("D30", "shop/oncall"), ("D31", "shop/oncall2"), ("D32", "ops/watcher")):
        (session,) = [s for s in steps(truth[name]) if "ResponseStarted" in s["lines"]]
        sessions = dossier(world, identity).sessions.values()
        opened = next(s for s in sessions if s.began.uid == session["auditID"])
        assert (iso(opened.began.time), iso(opened.ended)) == (session["time"], session["end"])
        kill = steps(truth[name], "kill")[0]
        outlived = kill["time"] < session["end"]
        assert outlived == (name != "D31")
    assert len(dossier(world, "shop/toolbox").sessions) == 3


def test_secrets_that_were_swept_are_told_by_name(
    world: World, truth: dict[str, Any], readings: list[Reading]
) -> None:
    read = {activity_of(readings, s).resource for s in steps(truth["D18"], "act")}
    assert {r for r in read if r.count("/") == 2} == {
        f"{ns}/secrets/{ns}-{kind}" for ns in ("shop", "billing", "ci", "ops") for kind in ("db", "smtp")
    }
    assert {activity_of(readings, s).action for s in steps(truth["D18"], "act")} == {"secret_read", ""}
    assert {activity_of(readings, s).resource for s in steps(truth["D17"], "use")} == {
        "billing/secrets/billing-db"
    }


def test_the_two_tokens_of_a_rotation_are_two_credentials_of_one_incarnation(
    world: World, truth: dict[str, Any]
) -> None:
    for name, identity in (("D19", "shop/mailer"), ("D20", "shop/search")):
        old, new = (key_of(s["issued_credential_id"]) for s in steps(truth[name], "issue"))
        known = dossier(world, identity).credentials
        assert known[old].incarnation == known[new].incarnation
        later = [
            e.time
            for e in known[old].uses["succeeded"].kept
            if e.time > known[new].uses["succeeded"].kept[0].time
        ]
        assert bool(later) == (name == "D20")


def test_one_token_in_two_places_is_seen_in_both_and_forwarded_addresses_are_no_place(
    readings: list[Reading], truth: dict[str, Any]
) -> None:
    assert {activity_of(readings, s).place for s in steps(truth["D21"]) if s["role"] != "issue"} == {
        "127.0.0.2",
        "127.0.0.3",
    }
    assert {activity_of(readings, s).place for s in steps(truth["D23"])} == {"127.0.0.12"}
    by_token = {
        (activity_of(readings, s).credential, activity_of(readings, s).place)
        for s in steps(truth["D22"], "use")
    }
    assert len(by_token) == 2


IMAGES = {
    "D24": {("shop/catalog", ("registry.example.com/catalog:1.1",), False)},
    "D26": {("shop/catalog", ("registry.example.com/catalog:1.0-hotfix",), False)},
    "D27": {("shop/orders", ("docker.io/nicolaka/netshoot:latest",), False)},
    "D28": {("shop/catalog", ("ghcr.example.net/fork/catalog:1.1",), False)},
}


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_is_told_with_who_set_it(name: str, readings: list[Reading], truth: dict[str, Any]) -> None:
    result = [activity_of(readings, s) for s in steps(truth[name], "act")]
    found = {
        (e.workload.removeprefix(PREFIX), e.images, e.running)
        for a in result
        for e in a.effects
        if isinstance(e, Imaged)
    }
    assert found == IMAGES[name]
    assert all(a.identity for a in result)


def test_images_that_go_on_running_are_seen_in_what_the_kubelet_reports(
    readings: list[Reading], truth: dict[str, Any]
) -> None:
    acts = [s for s in steps(truth["D25"], "act") if s.get("note")]
    seen = {
        e.images[0]
        for s in acts
        for e in activity_of(readings, s).effects
        if isinstance(e, Imaged) and e.running
    }
    assert seen == {s["note"] for s in acts} == {"registry.example.com/orders:1.0"}


def test_a_certificate_is_issued_to_its_subject_and_ends_by_nothing_but_its_date(
    readings: list[Reading], said: Said, truth: dict[str, Any]
) -> None:
    used = key_of(steps(truth["D33"], "use")[0]["held_credential_id"])
    (row,) = [c for c in said.credentials if c["credential"] == used]
    assert (row["identity"], row["kind"], row["died"]) == (f"{PREFIX}user/edge-agent-3", "certificate", None)
    assert row["issued"]["uid"] == readings[1013 - 1].activities[0].uid
    assert row["expires"] == "2026-11-23T20:32:49Z"
    kills = [activity_of(readings, s) for s in steps(truth["D33"], "kill")]
    assert [[type(e) for e in kill.effects] for kill in kills] == [[], [Withdrawn]]


def test_noise_that_never_had_a_credential_has_none(readings: list[Reading], truth: dict[str, Any]) -> None:
    for step in steps(truth["D14"], "act"):
        result = activity_of(readings, step)
        assert not [e for e in result.effects if not isinstance(e, Glimpse)]
        assert result.identity in ("", f"{PREFIX}system/anonymous", f"{PREFIX}user/alice@example.com")
    assert not any("couldn't" in activity_of(readings, s).error for s in steps(truth["D14"]))


def test_an_expired_token_is_used_within_the_leeway_that_the_server_grants(
    said: Said, truth: dict[str, Any]
) -> None:
    jti = key_of(steps(truth["D01"], "issue")[0]["issued_credential_id"])
    (row,) = [c for c in said.credentials if c["credential"] == jti]
    assert row["expires"] < row["last_success"]["time"]
    assert [f for f in said.findings if jti in f["unmapped"]["subject"]] == []


def test_no_token_is_kept(readings: list[Reading]) -> None:
    import msgspec

    everything = b"".join(msgspec.json.encode(a) for result in readings for a in result.activities)
    assert b"eyJ" not in everything


def test_a_session_is_told_only_for_what_is_one(readings: list[Reading]) -> None:
    operations = {
        a.operation.partition(" as ")[0]
        for result in readings
        for a in result.activities
        if any(isinstance(e, Session) for e in a.effects)
    }
    assert all(
        o.startswith("watch ") or o.split("/")[-1] in ("exec", "attach", "portforward", "proxy", "log")
        for o in operations
    )


def test_a_shell_that_stood_past_the_end_of_its_account_is_told(said: Said, truth: dict[str, Any]) -> None:
    (shell,) = steps(truth["D30"], "use_after")
    about = [f for f in said.findings if shell["auditID"] in uids(f)]
    (found,) = [f for f in about if control(f) == "revoked_credential_used"]
    assert found["severity"] == "Medium"
