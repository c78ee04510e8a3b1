"""Ways in which Kubernetes credentials end, or do not, that the recording holds no case of; events as the
server writes them."""

from __future__ import annotations

from typing import Any

from schemas.verdict import Severity, Verdict
from tests.support.kubernetes import (
    ACCOUNT,
    ADMIN,
    JTI,
    PREFIX,
    UID,
    account,
    deleted,
    event,
    looked_up,
    reading,
    ref,
    token_issued,
    unauthorized,
)
from tests.support.scenario import every_way

NEXT_UID = "5f2b0a53-5c8e-4a0d-9d6f-1d2f33a3f0aa"
NEXT = "e2f2a2c4-0d1c-4d52-8d0e-66e4e53c1a10"


def verdicts(*events: dict[str, Any]) -> dict[tuple[str, str], Verdict]:
    """By control and subject, however the events come."""
    world = every_way([a for e in events for a in reading(e).activities])
    found = [r.verdict for r in world.last.values() if r.verdict]
    return {(v.control, v.subject): v for v in found}


def loud(judged: dict[tuple[str, str], Verdict]) -> list[Verdict]:
    return [v for v in judged.values() if v.severity is not None and v.severity > Severity.INFORMATIONAL]


def patched(at: float, asked: dict[str, Any], kept: dict[str, Any], query: str = "") -> dict[str, Any]:
    """A patch of the account's metadata, answered with the whole object."""
    meta = {"name": "mailer", "namespace": "shop", "uid": UID} | kept
    return event(
        at,
        user=ADMIN,
        verb="patch",
        objectRef=ref("serviceaccounts", "mailer"),
        requestURI=f"/api/v1/namespaces/shop/serviceaccounts/mailer{query}",
        requestObject={"metadata": asked},
        responseObject={"kind": "ServiceAccount", "metadata": meta},
    )


def test_a_rehearsed_deletion_and_a_rehearsed_label_accuse_nobody() -> None:
    off = {"labels": {"lifecycle.example.com/state": "decommissioned"}}
    judged = verdicts(
        token_issued(0),
        deleted(10, "serviceaccounts", "mailer") | {"requestObject": {"dryRun": ["All"]}},
        patched(20, off, off, "?dryRun=All"),
        event(90),
    )
    assert loud(judged) == []


def test_a_token_of_an_account_made_again_is_not_taken_for_one_of_the_deleted_where_no_line_has_bodies() -> (
    None
):
    gone = deleted(10, "serviceaccounts", "mailer") | {"responseObject": None, "level": "Metadata"}
    judged = verdicts(event(0), gone, event(90, user=account(jti=NEXT, uid=NEXT_UID)))
    assert loud(judged) == []
    assert ("revoked_credential_used", f"{PREFIX}jti/{JTI}") in judged


def test_a_token_known_before_such_a_deletion_is_still_one_of_the_deleted() -> None:
    gone = deleted(10, "serviceaccounts", "mailer") | {"responseObject": None, "level": "Metadata"}
    judged = verdicts(event(0), gone, event(90))
    assert judged["revoked_credential_used", f"{PREFIX}jti/{JTI}"].severity == Severity.HIGH


def test_stale_tokens_whose_issue_was_not_collected_are_one_low_finding_a_day() -> None:
    def stale(at: float, jti: str) -> dict[str, Any]:
        said = f"subject: system:serviceaccount:shop:mailer, seconds after warning threshold: {int(at) + 400}"
        return event(at, user=account(jti=jti), annotations={"authentication.k8s.io/stale-token": said})

    judged = verdicts(stale(0, JTI), stale(600, JTI), stale(700, NEXT))
    [found] = [v for (control, _), v in judged.items() if control == "expired_credential_accepted"]
    assert (found.severity, found.subject) == (Severity.LOW, f"{ACCOUNT} on 2026-11-22")
    assert loud(judged) == [found]


def test_a_dead_token_that_was_inferred_is_at_large_where_nobody_of_its_account_ever_was() -> None:
    kill = deleted(10, "serviceaccounts", "mailer")
    look = looked_up(40.001, "serviceaccounts", "mailer")
    judged = verdicts(token_issued(0), event(5), kill, look, unauthorized(40))
    assert judged["dead_credential_tried", ACCOUNT].severity == Severity.INFORMATIONAL
    copied = unauthorized(40, sourceIPs=["203.0.113.9"])
    judged = verdicts(token_issued(0), event(5), kill, look, copied)
    assert judged["dead_credential_tried", ACCOUNT].severity == Severity.MEDIUM


def test_a_label_that_was_removed_no_longer_speaks_of_its_account_and_one_not_named_does() -> None:
    off = {"labels": {"lifecycle.example.com/state": "decommissioned"}}
    gone = {"labels": {"lifecycle.example.com/state": None}}
    judged = verdicts(event(0), patched(10, off, off), patched(20, gone, {}), event(90))
    assert loud(judged) == []
    judged = verdicts(
        event(0), patched(10, off, off), patched(20, {"annotations": {"a": "b"}}, off), event(90)
    )
    assert [v.control for v in loud(judged)] == ["inactive_identity_active"]
