"""The recorded OpenBao server and a real Vault of 2020: what is true of them is in their activities and
meets in one dossier."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest

from correlators.kernel.routes.routing import forwarded_to
from correlators.kernel.views.deaths import deaths_of
from correlators.kernel.views.view import View
from schemas.activity import Activity, Ended, EndFailed, Issued
from schemas.dossier import Credential
from schemas.evidence import SECOND
from schemas.sources import Context, Reading, vault
from schemas.stored import decode
from schemas.times import micros_of
from tests.support.scenario import every_way, run
from tests.support.vault_lines import LEARN, RECORDED, SHARED

LOG = RECORDED / "audit.jsonl"
LINKS = SHARED / "ground_truth" / "vault_learn_token_links.json"
EMPTY = "e071fdddf851e8c97095779760893d4c6c81ef"
"""How the HMAC of the empty string begins under the recorded salt."""

pytestmark = pytest.mark.skipif(not LOG.exists(), reason=f"the recording is not at {LOG}")

Case = dict[str, Any]
CASES: list[Case] = json.loads((RECORDED / "truth.json").read_text())["cases"] if LOG.exists() else []


def named(*verdicts: str) -> pytest.MarkDecorator:
    """The cases of these verdicts, each a test by its own name."""
    chosen = [case for case in CASES if case["verdict"] in verdicts]
    return pytest.mark.parametrize("case", chosen, ids=[case["name"] for case in chosen])


class Known:
    """What was learned of one log: credentials by each of their names, merged, in the dossier where they
    are judged."""

    def __init__(self, activities: Iterable[Activity]) -> None:
        self.credentials: dict[str, tuple[View, str]] = {}
        self.views: dict[str, View] = {}
        for key, body in run(list(activities)).stores[0].items():
            dossier = decode(body)
            if not forwarded_to(key, dossier):
                self.views[key] = view = View(key, dossier)
                for name, credential in view.credentials.items():
                    for other in {name, *credential.names} - {""}:
                        assert other not in self.credentials, f"{other} in two dossiers"
                        self.credentials[other] = view, name
                for name, credential in dossier.credentials.items():
                    merged = [self.credentials[n] for n in (name, *credential.names) if n in self.credentials]
                    self.credentials |= {name: merged[0]} if name and merged else {}

    def of(self, *names: str) -> tuple[View, str, Credential]:
        """The credential that goes by these names: one and the same."""
        [(view, name)] = {self.credentials[name] for name in names if name}
        return view, name, view.credentials[name]


@cache
def lines() -> list[bytes]:
    return LOG.read_bytes().splitlines()


@cache
def readings() -> list[Reading]:
    return [vault.read(line, Context()) for line in lines()]


def at(number: int) -> Activity:
    """The activity of a line, counted from 1."""
    [result] = readings()[number - 1].activities
    return result


@cache
def known() -> Known:
    return Known(result for reading in readings() for result in reading.activities)


def credential(case: Case) -> tuple[View, str, Credential]:
    names = [
        f"vault:default:{kind}/{case[f'{kind}_hmac']}"
        for kind in ("token", "accessor")
        if case[f"{kind}_hmac"]
    ]
    return known().of(*names)


def lines_of(case: Case, *parts: str) -> list[int]:
    return [use["line"] for part in parts for use in case[part] if use.get("line")]


def seen(found: Credential, outcome: str) -> set[str]:
    """Ids of the uses that a dossier keeps."""
    return {e.uid for key, s in found.uses.items() if key.split(":")[0] == outcome for e in s.kept}


def uids(numbers: Iterable[int]) -> set[str]:
    return {at(number).uid for number in numbers}


def refused_after(case: Case) -> Credential:
    """Every use before was accepted, every use after was refused, and both stand in the credential's
    dossier."""
    _, _, found = credential(case)
    before, after = lines_of(case, "uses_before"), lines_of(case, "uses_after")
    assert after and {at(number).outcome for number in after} == {"unauthenticated"}
    assert {at(number).outcome for number in before} <= {"succeeded"}
    assert uids(after) <= seen(found, "unauthenticated")
    assert uids(before) <= seen(found, "succeeded")
    return found


def test_every_line_is_an_activity_or_passed() -> None:
    result = [(len(r.activities), r.passed, len(r.rejects)) for r in readings()]
    assert len(result) == 1198 and all(sum(each) == 1 for each in result)
    assert sum(each[0] for each in result) == 597 + 2, "597 response lines and two refusals without one"
    assert not any(r.rejects for r in readings())


def test_every_activity_has_the_request_id_of_its_line_and_each_id_one_activity() -> None:
    ids = [result.uid for reading in readings() for result in reading.activities]
    assert len(set(ids)) == len(ids)
    assert set(ids) <= {json.loads(line)["request"]["id"] for line in lines()}


def test_the_hmac_of_the_empty_string_names_nothing() -> None:
    assert any(EMPTY.encode() in line for line in lines())
    assert not any(EMPTY in repr(reading.activities) for reading in readings())


def test_every_case_of_the_truth_is_looked_at() -> None:
    assert len(CASES) == 72
    assert {case["verdict"] for case in CASES} == {verdict for verdicts in ASKED for verdict in verdicts}


@named("revoked_used_denied")
def test_a_revocation_and_the_refused_uses_meet(case: Case) -> None:
    found = refused_after(case)
    view, name, _ = credential(case)
    [turn] = view.turns_of(name)
    assert (turn.kind, turn.how, turn.evidence.uid) == (
        "revoked",
        case["kill"]["how"],
        at(case["kill"]["line"]).uid,
    )
    assert found.names and found.kind in ("service", "root")


@named("parent_revoked_child_used_denied")
def test_the_death_of_a_parent_reaches_its_children(case: Case) -> None:
    found = refused_after(case)
    ends = {turn.evidence.uid for ancestor in found.ancestors.values() for turn in ancestor.turns}
    assert {ancestor.edge for ancestor in found.ancestors.values()} == {"dies_with"}
    assert ends == {at(case["kill"]["line"]).uid}
    view, name, _ = credential(case)
    assert not view.turns_of(name), "no line says that the child died"


@named("expired_used_denied")
def test_refused_uses_come_after_the_expiry_that_the_issue_gave(case: Case) -> None:
    found = refused_after(case)
    stated = micros_of(case["kill"]["expires_at"])
    assert abs(found.expiry[1] - stated) < SECOND and not found.turns
    assert all(at(number).time > found.expiry[1] for number in lines_of(case, "uses_after"))


@named("num_uses_exhausted_used_denied")
def test_the_last_allowed_use_is_the_end(case: Case) -> None:
    found = refused_after(case)
    [turn] = found.turns
    assert (turn.kind, turn.evidence.uid) == ("exhausted", at(lines_of(case, "uses_before")[-1]).uid)
    assert found.max_uses == len(case["uses_before"])


@named("auth_mount_disabled_used_denied")
def test_a_disabled_mount_ends_its_tokens(case: Case) -> None:
    found = refused_after(case)
    [turn] = found.turns
    assert (turn.kind, turn.evidence.uid) == ("group", at(case["kill"]["line"]).uid)


@named("entity_disabled_used_denied")
def test_a_disabled_entity_is_a_switch_of_the_identity_and_its_token_lives(case: Case) -> None:
    view, name, found = credential(case)
    refused_after(case)
    [turns] = view.dossier.turns.values()
    assert [(t.alive, t.kind, t.evidence.uid) for t in turns] == [
        (False, "disabled", at(case["kill"]["line"]).uid),
        (True, "disabled", at(case["related"][0]["line"]).uid),
    ]
    assert [off for off in deaths_of(view, name, found) if off.turn.how != "expiry"] == []
    assert at(case["related"][1]["line"]).outcome == "succeeded"


@named("revoke_failed_used_succeeded")
def test_a_revocation_in_the_old_form_failed_on_a_masked_token(case: Case) -> None:
    result = at(case["kill"]["line"])
    [failed] = result.effects
    assert isinstance(failed, EndFailed) and failed.credential.startswith("vault:default:token/hmac-")
    assert "clear" in result.error and "s.65cgBXXcdXMyvrL2Jhb2ym6V" not in repr(result)
    _, _, found = credential(case)
    assert not found.turns and uids(lines_of(case, "uses_after")) <= seen(found, "succeeded")


@named("batch_residual")
def test_a_batch_token_that_cannot_be_revoked_goes_on(case: Case) -> None:
    view, name, found = credential(case)
    assert found.kind == "batch" and uids(lines_of(case, "uses_after")) <= seen(found, "succeeded")
    if "DELETE" in case["kill"]["how"]:
        assert [turn.kind for turn in view.turns_of(name)] == ["removed"]
    else:
        tried = [case["kill"]["line"], case["related"][0]["line"]]
        assert {turn.evidence.uid for turn in found.failed_ends} == uids(tried) and not found.turns


@named("role_deleted_used_succeeded")
def test_a_deleted_role_takes_the_ground_and_not_the_life_of_its_token(case: Case) -> None:
    view, name, found = credential(case)
    [turn] = view.turns_of(name)
    assert (turn.kind, turn.claims_cut, turn.evidence.uid) == ("removed", False, at(case["kill"]["line"]).uid)
    assert uids(lines_of(case, "uses_after")) <= seen(found, "succeeded")
    assert [off for off in deaths_of(view, name, found) if off.turn.how != "expiry"] == []
    assert not found.ancestors, "its secret id died with the role, and is not what killed it"
    again = at(case["related"][0]["line"])
    assert again.outcome == "unauthenticated"
    assert [t.kind for t in known().of(again.credential)[2].turns] == ["group"]


@named("policy_removed_used_denied", "bound_cidr_used_denied")
def test_a_token_that_was_denied_for_another_reason_is_alive(case: Case) -> None:
    view, name, found = credential(case)
    denied = [number for number in lines_of(case, "uses_after") if at(number).outcome != "succeeded"]
    outcome = "forbidden" if case["verdict"].startswith("policy") else "unauthenticated"
    assert {at(number).outcome for number in denied} == {outcome}
    assert [off for off in deaths_of(view, name, found) if off.turn.how != "expiry"] == []


@named("rotated_old_secret_id_used")
def test_a_destroyed_secret_id_and_its_refused_logins_meet(case: Case) -> None:
    tries = lines_of(case, "uses_after")
    secret = at(tries[0]).credential
    view, name, found = known().of(secret)
    [turn] = view.turns_of(name)
    assert (turn.kind, turn.evidence.uid) == ("revoked", at(case["kill"]["line"]).uid)
    assert uids(tries) <= seen(found, "unauthenticated") and found.issued and found.kind == "secret_id"
    assert view.key.startswith("vault:default:entity/")
    issues = [case["issue"]["line"]] if case["issue"] else case["uses_before"][0]["inline_login_lines"][1:]
    assert uids(issues) <= seen(found, "succeeded")


@named("old_secret_id_token_used_succeeded")
def test_the_token_of_a_destroyed_secret_id_came_from_it(case: Case) -> None:
    _, _, found = credential(case)
    [ancestor] = found.ancestors.values()
    assert ancestor.edge == "came_from"
    assert {turn.evidence.uid for turn in ancestor.turns} == {at(case["kill"]["line"]).uid}
    assert uids(lines_of(case, "uses_after")) <= seen(found, "succeeded")


@named("secret_id_exhausted_used_denied")
def test_a_secret_id_for_one_login_is_dead_after_it(case: Case) -> None:
    [refused] = lines_of(case, "uses_after")
    view, name, found = known().of(at(refused).credential)
    assert found.max_uses == 1
    [off] = deaths_of(view, name, found)
    assert off.turn.evidence.uid == at(case["issue"]["line"]).uid and off.holds(at(refused).time)
    assert not found.turns, "its end is no death of the token that it gave"


@named("wrapping_token_reused_denied")
def test_a_wrapping_token_is_dead_after_its_unwrap(case: Case) -> None:
    _, _, found = credential(case)
    [turn] = found.turns
    assert (turn.kind, turn.evidence.uid) == ("exhausted", at(case["kill"]["line"]).uid)
    assert uids(lines_of(case, "uses_after")) == seen(found, "unauthenticated")


@named("lease_revoked", "db_credential_revoked_used_denied")
def test_a_lease_is_issued_and_its_end_recorded(case: Case) -> None:
    [issued] = [effect for effect in at(case["issue"]["line"]).effects if isinstance(effect, Issued)]
    view, name, found = known().of(issued.credential)
    assert (found.kind, found.uses) == ("lease", {}) and found.issued
    kill = at(case["kill"]["line"])
    ends = {t.evidence.uid for t in view.turns_of(name)}
    ends |= {t.evidence.uid for ancestor in found.ancestors.values() for t in ancestor.turns}
    if case["kill"]["how"] == "sys/leases/revoke":
        [ended] = [effect for effect in kill.effects if isinstance(effect, Ended)]
        _, _, hidden = known().of(ended.credential)
        assert hidden.kind == "lease" and [t.evidence.uid for t in hidden.turns] == [kill.uid]
    else:
        assert kill.uid in ends


@named("expired_credential_login_denied", "missing_token_denied")
def test_a_refusal_that_names_no_credential_is_nobodys(case: Case) -> None:
    for number in lines_of(case, "uses_before", "uses_after"):
        result = at(number)
        assert (result.outcome, result.credential, result.identity) == ("unauthenticated", "", "")


@named("unknown_token_denied")
def test_a_token_never_issued_is_claimed_by_nobody(case: Case) -> None:
    for number in lines_of(case, "uses_before"):
        view, name, found = known().of(at(number).credential)
        assert view.key == name and not deaths_of(view, name, found)


@named("secret_sweep")
def test_a_sweep_is_a_row_of_different_secrets_read_by_one_token(case: Case) -> None:
    result = [at(number) for number in lines_of(case, "uses_before", "uses_after")]
    assert len({t.operation for t in result if t.action == "secret_read"}) == 40
    assert {t.credential for t in result} == {credential(case)[1]}


@named("one_token_two_addresses")
def test_addresses_are_those_of_the_callers(case: Case) -> None:
    uses = [use for use in case["uses_before"] if use.get("line")]
    assert [at(use["line"]).place for use in uses] == [use["remote_address"] for use in uses]
    assert len({use["remote_address"] for use in uses}) > 1


@named("benign", "periodic_ok", "not_audited")
def test_healthy_credentials_are_not_refused_and_not_dead_while_used(case: Case) -> None:
    if not (case["token_hmac"] or case["accessor_hmac"]):
        return
    view, name, found = credential(case)
    numbers = lines_of(case, "uses_before", "uses_after")
    assert uids(numbers) & (seen(found, "succeeded") | seen(found, "failed"))
    deaths = deaths_of(view, name, found)
    assert not [number for number in numbers for off in deaths if off.holds(at(number).time)]


ASKED = [
    [case["verdict"] for case in CASES if case in mark.args[1]]
    for test in [value for key, value in list(globals().items()) if key.startswith("test_")]
    for mark in getattr(test, "pytestmark", ())
    if mark.name == "parametrize"
]


@pytest.mark.slow
def test_the_recording_gives_the_same_verdicts_in_any_order_doubled_split_and_restarted() -> None:
    every_way([result for reading in readings() for result in reading.activities])


# A second audit device: the same events under another salt, later by a little.


def other_device(line: bytes) -> bytes:
    text = re.sub(
        rb"hmac-sha256:([0-9a-f]{64})",
        lambda m: b"hmac-sha256:" + hashlib.sha256(m[1]).hexdigest().encode(),
        line,
    )
    document = json.loads(text)
    document["time"] = re.sub(r"\.(\d{3})\d*Z", r".\g<1>999999Z", document["time"])
    return json.dumps(document).encode()


def test_two_devices_tell_each_entity_the_same_once() -> None:
    both = [*lines(), *(other_device(line) for line in lines())]
    random.Random(7).shuffle(both)
    twice = Known(result for line in both for result in vault.read(line, Context()).activities)
    entities = {key: view for key, view in known().views.items() if ":entity/" in key}
    assert set(entities) == {key for key in twice.views if ":entity/" in key}
    for key, view in entities.items():
        assert readable(twice.views[key]) == readable(view), key


def readable(view: View) -> list[tuple[Any, ...]]:
    """What controls read of a dossier, under no name that a salt has made."""
    return sorted(
        (
            credential.issued.uid if credential.issued else "",
            credential.kind,
            tuple(sorted({(t.evidence.uid, t.kind, t.alive) for t in view.turns_of(name)})),
            tuple(sorted({t.evidence.uid for a in credential.ancestors.values() for t in a.turns})),
            tuple(sorted((key, *sorted({e.uid for e in s.kept[:1]})) for key, s in credential.uses.items())),
        )
        for name, credential in view.credentials.items()
    )


# A real Vault of 2020: tokens issued there and used there.


@pytest.mark.skipif(not (LEARN.exists() and LINKS.exists()), reason=f"the sample is not at {LEARN}")
def test_every_issued_token_is_linked_to_its_uses_and_to_no_others() -> None:
    result = [vault.read(line, Context()) for line in LEARN.read_bytes().splitlines()]
    assert not any(reading.rejects for reading in result)
    found = Known(activity for reading in result for activity in reading.activities)
    truth = {f"vault:default:token/{link['client_token']}": link for link in json.loads(LINKS.read_text())}
    issued, used = set(), set()
    for view, name in set(found.credentials.values()):
        credential = view.credentials[name]
        if credential.issued and credential.kind != "secret_id":
            [token] = credential.names
            issued.add(token)
            assert name == f"vault:default:accessor/{truth[token]['accessor']}"
            used |= {token} if credential.uses else set()
    assert issued == set(truth) and len(issued) == 231
    assert used == {token for token, link in truth.items() if link["uses"]} and len(used) == 3
