"""Shells on machines and in containers, as CloudTrail and Google's form of an audit log show them: what
stands open past the end of what it rests on, and what is not known to have ended."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.activity import Activity
from schemas.sources import Context, inventory, kubernetes, mcp
from schemas.verdict import Severity, Verdict
from tests.support import azure, gcp
from tests.support.declared import verdicts
from tests.support.life import HOUR, at, role, stamp, trail, user

ADMIN = user("admin")
KEY = "aws:key/AKIAIOSFODNN7EXAMPLE"
SHELL = "deployer-0402960697abcdef0"
OPS = role("ops")


def started(when: float, who: dict[str, Any] | None = None, operation: str = "StartSession") -> Activity:
    answer = {
        "sessionId": SHELL,
        "tokenValue": "Value hidden due to security reasons",
        "streamUrl": "wss://x",
    }
    asked: dict[str, Any] = (
        {"target": "i-0123456789abcdef0"} if operation == "StartSession" else {"sessionId": SHELL}
    )
    return trail(when, operation, "ssm", who=who, answer=answer, **asked)


def executed(when: float) -> Activity:
    session = {"sessionId": "ecs-execute-command-0402960697abcdef0", "streamUrl": "wss://x"}
    asked: dict[str, Any] = {
        "cluster": "shop",
        "task": "arn:aws:ecs:us-east-1:111122223333:task/shop/1",
        "command": "/bin/sh",
    }
    return trail(when, "ExecuteCommand", "ecs", answer={"session": session, "interactive": True}, **asked)


def ended(when: float, who: dict[str, Any] | None = None, session: str = SHELL) -> Activity:
    return trail(when, "TerminateSession", "ssm", who=who, sessionId=session)


def key_deleted(when: float) -> Activity:
    return trail(when, "DeleteAccessKey", who=ADMIN, userName="deployer", accessKeyId="AKIAIOSFODNN7EXAMPLE")


def detached(when: float) -> Activity:
    return trail(
        when, "DetachUserPolicy", who=ADMIN, userName="deployer", policyArn="arn:aws:iam::aws:policy/Ops"
    )


def revoked(when: float) -> Activity:
    body = json.dumps({"Statement": [{
        "Effect": "Deny", "Action": ["*"], "Resource": ["*"],
        "Condition": {"DateLessThan": {"aws:TokenIssueTime": [stamp(when)]}},
    }]})  # fmt: skip
    return trail(when, "PutRolePolicy", who=ADMIN, roleName="ops", policyName="AWSRevokeOlderSessions",
                 policyDocument=body)  # fmt: skip


def one(control: str, many: list[Activity]) -> Verdict:
    (verdict,) = verdicts(control, many)
    return verdict


def severity_of(control: str, many: list[Activity]) -> Severity | None:
    return one(control, many).severity


def test_a_shell_that_stands_past_the_end_of_its_key_is_told_whoever_ends_it() -> None:
    for by in (OPS, ADMIN):
        verdict = one("revoked_credential_used", [started(0), key_deleted(600), ended(2 * HOUR, by)])
        assert (verdict.severity, verdict.subject) == (Severity.MEDIUM, KEY)
        assert [(e.operation, e.time) for e in verdict.evidence] == [("StartSession", at(2 * HOUR))]


def test_a_shell_that_was_ended_before_is_none_and_one_without_an_end_is_said_to_be_so() -> None:
    name = "revoked_credential_used"
    assert severity_of(name, [started(0), ended(300, ADMIN), key_deleted(600)]) is None
    for left in ([started(0)], [executed(0)]):
        verdict = one(name, [*left, key_deleted(600)])
        assert (verdict.value, verdict.severity) == ("assumed", None)
        assert "is not known to have been closed" in verdict.reason


def test_one_that_was_taken_up_again_is_one_session() -> None:
    many = [started(0), started(60, operation="ResumeSession"), ended(300, ADMIN), key_deleted(600)]
    verdict = one("revoked_credential_used", many)
    assert (verdict.value, verdict.severity) == ("assumed", None) and "closed" not in verdict.reason


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        pytest.param([], Severity.LOW, id="what it rested on is not said"),
        pytest.param([trail(700, "StartSession", "ssm", denied=True)], Severity.MEDIUM, id="refused since"),
        pytest.param([started(900)], None, id="another one is let in since"),
        pytest.param([ended(500)], None, id="it had ended"),
    ],
)
def test_a_shell_that_stands_past_the_removal_of_a_policy(
    more: list[Activity], severity: Severity | None
) -> None:
    assert (
        severity_of("access_outlived_removal", [started(0), detached(600), *more, ended(2 * HOUR)])
        == severity
    )


def test_a_shell_of_which_no_end_is_on_record_is_named_in_the_row_of_the_removal() -> None:
    verdict = one("access_outlived_removal", [started(0), detached(600)])
    assert (verdict.value, verdict.severity) == ("assumed", None)
    assert f"StartSession of {stamp(0)} is not known to have ended" in verdict.reason


def test_a_shell_of_a_role_whose_sessions_were_cut_is_medium_and_a_new_call_is_high() -> None:
    many = [started(0, OPS), revoked(600), ended(2 * HOUR, ADMIN)]
    assert severity_of("outlived_parent", many) == Severity.MEDIUM
    assert severity_of("outlived_parent", [*many, trail(HOUR, "ListBuckets", "s3", who=OPS)]) == Severity.HIGH
    assert severity_of("outlived_parent", [started(0, OPS), revoked(600), ended(300, ADMIN)]) is None


OF_GOOGLE = {"project_id": "shop", "location": "eu", "cluster_name": "c"}


def google(when: float, method: str, name: str, **more: Any) -> dict[str, Any]:
    """A record of a cluster of Google's."""
    payload: dict[str, Any] = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog", "serviceName": "k8s.io",
        "methodName": f"io.k8s.{method}", "resourceName": name, "status": {},
        "authenticationInfo": {"principalEmail": more.pop("by", "system:serviceaccount:shop:mailer")},
        "requestMetadata": {"callerIp": "10.1.2.3"}, "authorizationInfo": [{"granted": True}],
        **{k: more.pop(k) for k in ("request", "response") if k in more},
    }  # fmt: skip
    return {
        "insertId": f"{method} {when}", "timestamp": stamp(when), "protoPayload": payload,
        "logName": "projects/shop/logs/cloudaudit.googleapis.com%2Factivity",
        "resource": {"type": "k8s_cluster", "labels": OF_GOOGLE},
        **more,
    }  # fmt: skip


def shell(when: float, **part: bool) -> dict[str, Any]:
    operation: dict[str, Any] = {"id": "operation-1", "producer": "k8s.io"} | part
    reason = 'RBAC: allowed by RoleBinding "deploy/shop" of ClusterRole "x" to ServiceAccount "mailer/shop"'
    return google(when, "core.v1.pods.exec.create", "core/v1/namespaces/shop/pods/web-1/exec",
                  operation=operation, labels={"authorization.k8s.io/reason": reason})  # fmt: skip


UNBOUND = google(
    600, "authorization.rbac.v1.rolebindings.delete",
    "rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings/deploy", by="ada@example.com",
)  # fmt: skip


@pytest.mark.parametrize(
    ("records", "severity"),
    [
        ([shell(0, first=True), UNBOUND, shell(HOUR, last=True)], Severity.MEDIUM),
        ([shell(0, first=True), UNBOUND], Severity.MEDIUM),
        ([shell(0, first=True), shell(300, last=True), UNBOUND], None),
        ([shell(0, first=True, last=True), UNBOUND], None),
    ],
    ids=["ended after", "stands", "ended before", "one record"],
)
def test_a_shell_in_a_cluster_of_googles_has_a_record_for_its_begin_and_one_for_its_end(
    records: list[dict[str, Any]], severity: Severity | None
) -> None:
    read = [kubernetes.read(json.dumps(r).encode(), Context(key=b"k")) for r in records]
    assert not [r.rejects for r in read if r.rejects]
    assert severity_of("access_outlived_removal", [a for r in read for a in r.activities]) == severity


def tunnel(when: float, permission: str = "iap.tunnelInstances.accessViaIAP") -> Activity:
    return gcp.activity(gcp.entry(
        "AuthorizeUser", "iap", authorizationInfo=[{"permission": permission, "granted": True}],
        entry_insertId=f"tunnel {when}", entry_timestamp=stamp(when),
        entry_resource={"type": "gce_instance", "labels": {"project_id": gcp.PROJECT, "instance_id": "42"}},
    ))  # fmt: skip


def test_a_tunnel_of_googles_proxy_is_not_known_to_have_ended_and_a_web_page_is_no_session() -> None:
    deleted = gcp.about_key("DeleteServiceAccountKey") | {"timestamp": stamp(600)}
    later = gcp.activity(
        gcp.iam("GetServiceAccount", entry_insertId="later") | {"timestamp": stamp(3 * HOUR)}
    )
    after = [gcp.activity(deleted), later]
    verdict = one("revoked_credential_used", [tunnel(0), *after])
    assert (verdict.value, verdict.severity) == ("assumed", None)
    assert f"a session opened at {stamp(0)} is not known to have been closed" in verdict.reason
    page = tunnel(0, "iap.webServiceVersions.accessViaIAP")
    assert "session" not in one("revoked_credential_used", [page, *after]).reason


def through_bastion(when: float, **more: str) -> Activity:
    shown = {"userEmail": "ops@example.com", "tunnelId": "t1", "message": "Successfully Connected."} | more
    return azure.activity({
        "time": stamp(when), "category": "BastionAuditLogs", "tenantId": azure.TENANT, "properties": shown,
        "operationName": "Microsoft.Network/BastionHost/connect",
        "resourceId": "/SUBSCRIPTIONS/S1/PROVIDERS/MICROSOFT.NETWORK/BASTIONHOSTS/SHOP",
    })  # fmt: skip


OPS_USER = f"entra:{azure.TENANT}:user/ops@example.com"


def retired(identity: str, when: float, **more: Any) -> Activity:
    body = {
        "gapwatch": "inventory/v1", "recorded": stamp(-HOUR), "identities": [
            {"id": identity, "status": [{"value": "decommissioned", "from": stamp(when)}], **more}
        ],
    }  # fmt: skip
    (activity,) = inventory.read(json.dumps(body).encode(), Context()).activities
    return activity


def test_a_session_through_bastion_that_outlasts_an_account_is_said_and_one_that_ended_before_is_not() -> (
    None
):
    def said(*rows: Activity) -> str:
        return one("inactive_identity_active", [retired(OPS_USER, HOUR), *rows]).reason

    end = through_bastion(2 * HOUR, message="Session is disconnected.", sessionEndTime=stamp(2 * HOUR))
    assert f"a session of {stamp(0)} stood open until {stamp(2 * HOUR)}" in said(through_bastion(0), end)
    assert f"a session of {stamp(0)} is not known to have ended" in said(through_bastion(0))
    early = through_bastion(60, message="Session is disconnected.", sessionEndTime=stamp(60))
    assert "session" not in said(through_bastion(0), early)
    assert "session" not in said(through_bastion(0, message="Login Failed"))


def message(when: float, **more: Any) -> list[Activity]:
    record = {"ts": stamp(when), "server": "crm", "session": "s1", "agent": "agent:desk/triage", **more}
    reading = mcp.read(json.dumps(record).encode(), Context())
    assert not reading.rejects
    return reading.activities


def test_an_agents_session_that_nothing_ended_is_said_when_its_approval_is_over() -> None:
    asked = {"message": {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, "direction": "client_to_server"}
    listed = message(0, **asked)
    ends = message(300, http={"method": "DELETE", "status": 200})
    status = [retired("agent:desk/triage", HOUR)]
    open_yet = one("inactive_identity_active", [*status, *listed]).reason
    assert f"a session of {stamp(0)} is not known to have ended" in open_yet
    assert "session" not in one("inactive_identity_active", [*status, *listed, *ends]).reason
    refused = message(300, http={"method": "DELETE", "status": 404})
    assert refused == []
