"""Kills and uses told by Google Cloud, Entra and shared signals, judged in every order, batching and
partition."""

from __future__ import annotations

import json
from typing import Any

from schemas.activity import Activity
from schemas.sources import Context
from schemas.sources.leaks import read as read_leak
from schemas.verdict import Severity, Verdict
from tests.support import azure, caep, gcp, leaks
from tests.support.scenario import every_way


def verdicts(*activities: Activity) -> dict[tuple[str, str], Verdict]:
    """What stands in the end, by control and subject."""
    world = every_way(activities)
    every = [report.verdict for report in world.last.values() if report.verdict]
    return {(verdict.control, verdict.subject): verdict for verdict in every}


def google(record: dict[str, Any], time: str, uid: str) -> Activity:
    return gcp.activity(record | {"timestamp": f"2026-11-22T{time}:00Z", "insertId": uid})


def entra(record: dict[str, Any], time: str, uid: str, **more: Any) -> Activity:
    """A sign-in, audit entry or Graph call at a time of the day."""
    moment = f"2026-11-22T{time}:00Z"
    common = {
        "createdDateTime": moment,
        "activityDateTime": moment,
        "timeGenerated": moment,
        "id": uid,
        "requestId": uid,
    }
    properties = record["properties"] | {k: v for k, v in common.items() if k in record["properties"]} | more
    return azure.activity(record | {"time": moment, "properties": properties})


def test_a_google_keys_tokens_run_out_for_an_hour_and_then_its_use_is_a_gap() -> None:
    deleted = google(gcp.about_key("DeleteServiceAccountKey"), "11:00", "kill")
    before, residual = google(gcp.entry(), "10:10", "u1"), google(gcp.entry(), "11:30", "u2")
    subject = ("revoked_credential_used", gcp.KEY)
    assert verdicts(before, deleted, residual)[subject].severity is None
    late = verdicts(before, deleted, residual, google(gcp.entry(), "13:30", "u3"))[subject]
    assert (late.value, late.severity) == ("violated", Severity.HIGH)
    assert [e.uid for e in late.evidence] == ["u3"]


def test_a_google_key_that_writes_identities_within_that_hour_is_critical_at_once() -> None:
    deleted = google(gcp.about_key("DeleteServiceAccountKey"), "11:00", "kill")
    write = google(gcp.entry("SetIamPolicy", "cloudresourcemanager"), "11:10", "w")
    verdict = verdicts(deleted, write)["revoked_credential_used", gcp.KEY]
    assert (verdict.value, verdict.severity) == ("violated", Severity.CRITICAL)


def test_a_google_key_that_was_enabled_again_was_off_between_only() -> None:
    off = google(gcp.about_key("DisableServiceAccountKey"), "08:00", "off")
    on = google(gcp.about_key("EnableServiceAccountKey"), "09:00", "on")
    verdict = verdicts(off, on, google(gcp.entry(), "10:10", "u1"))["revoked_credential_used", gcp.KEY]
    assert verdict.severity is None


def test_a_removed_secret_of_an_application_is_told_whose_it_is_by_its_sign_in() -> None:
    gone = azure.keys_changed([azure.key_entry(azure.KEY_ID)], [], id=azure.OBJECT_ID, type="Application")
    removed = entra(
        azure.audit("Update application – Certificates and secrets management ", gone), "11:00", "kill"
    )
    before = entra(azure.sign_in(), "10:00", "s1")
    after = entra(azure.sign_in(), "12:00", "s2", uniqueTokenIdentifier="T-2")
    verdict = verdicts(before, removed, after)["revoked_credential_used", azure.KEY]
    assert (verdict.value, verdict.severity, verdict.identity) == ("violated", Severity.HIGH, azure.APP)
    assert [e.uid for e in verdict.evidence] == ["s2"]


def test_a_token_that_outlives_its_secret_is_seen_in_graph() -> None:
    removed = entra(
        azure.audit("x", azure.keys_changed([azure.key_entry(azure.KEY_ID)], [])), "11:00", "kill"
    )
    signed_in = entra(azure.sign_in(), "10:30", "s1")
    call = entra(azure.graph_call(), "11:30", "g1")
    judged = verdicts(signed_in, removed, call)
    assert judged["outlived_parent", azure.KEY].value == "violated"
    assert [e.uid for e in judged["outlived_parent", azure.KEY].evidence] == ["g1"]
    assert judged["revoked_credential_used", azure.KEY].severity is None


def test_an_expired_secret_of_which_entra_says_so_is_proof() -> None:
    removed = entra(
        azure.audit("x", azure.keys_changed([azure.key_entry(azure.KEY_ID)], [])), "11:00", "kill"
    )
    tried = entra(azure.sign_in(7000222), "11:30", "s1", servicePrincipalCredentialKeyId=azure.KEY_ID)
    judged = verdicts(removed, tried)
    assert judged["revoked_credential_used", azure.KEY].value == "proven"
    assert judged["dead_credential_tried", azure.KEY].severity == Severity.INFORMATIONAL


def test_a_disabled_service_principal_that_signs_in_is_an_inactive_identity() -> None:
    names = azure.keys_changed([], [])["modifiedProperties"][1]
    target = {"modifiedProperties": [azure.changed("AccountEnabled", [True], [False]), names]}
    disabled = entra(azure.audit("Update service principal", target), "11:00", "kill")
    judged = verdicts(disabled, entra(azure.sign_in(), "12:00", "s1"))
    (verdict,) = (v for (control, _), v in judged.items() if control == "inactive_identity_active")
    assert (verdict.value, verdict.identity) == ("violated", azure.APP)
    refused = verdicts(disabled, entra(azure.sign_in(7000112), "12:00", "s1"))
    (verdict,) = (v for (control, _), v in refused.items() if control == "inactive_identity_active")
    assert verdict.value == "proven"


def test_a_session_that_a_shared_signal_revoked_and_that_is_presented_again_is_a_gap() -> None:
    revoked = caep.activity("session-revoked", {"event_timestamp": 1795341600})
    again = caep.activity(
        "session-presented", {"event_timestamp": 1795345200, "ips": ["198.51.100.7"]}, jti="later"
    )
    verdict = verdicts(revoked, again)["revoked_credential_used", caep.SESSION]
    assert (verdict.value, verdict.identity) == ("violated", caep.USER)


def test_a_leak_reaches_the_dossier_of_the_credential_it_exposes() -> None:
    (leak,) = read_leak(
        json.dumps(leaks.webhook(secret=key_file(), kind="google")).encode(), Context()
    ).activities
    used = google(gcp.entry(), "10:10", "u1")
    world = every_way([leak, used])
    credential = world.dossiers()[gcp.ACCOUNT].credentials[gcp.KEY]
    assert [(t.alive, t.evidence.uid) for t in credential.exposures] == [(False, "github:shop/web#7:created")]
    assert [e.uid for kept in credential.uses.values() for e in kept.kept] == ["u1"]


def key_file() -> str:
    return json.dumps({"private_key_id": gcp.KEY_ID, "client_email": gcp.EMAIL, "project_id": gcp.PROJECT})
