"""Grants to oneself in clouds and directories, as their own logs show them, and what takes them away."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.activity import Activity, Aliased, Stated
from schemas.declaration import Declaration
from schemas.sources.cloudtrail import read as read_cloudtrail
from schemas.verdict import Severity, Verdict
from tests.support import azure, cloudtrail, gcp
from tests.support.scenario import clock_after, every_way

NAME, REMOVED = "scope_escalation", "access_outlived_removal"
START = datetime(2026, 11, 22, 10, tzinfo=UTC)
BOT = "aws:111122223333:user/deployer"


def stamp(minute: float) -> str:
    return (START + timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")


def aws(
    minute: float, operation: str, service: str = "iam", denied: bool = False, **request: Any
) -> Activity:
    """A call by the user ``deployer``."""
    more: dict[str, Any] = {"errorCode": "AccessDenied"} if denied else {}
    record = cloudtrail.event(
        operation, service, eventTime=stamp(minute), eventID=f"{operation}-{minute}",
        requestParameters=request or None, **more,
    )  # fmt: skip
    (one,) = read_cloudtrail(json.dumps(record).encode(), cloudtrail.CONTEXT).activities
    return one


def judged(many: list[Activity], name: str = NAME) -> list[Verdict]:
    last = every_way(many, clock_after(many)).last.values()
    return [r.verdict for r in last if r.verdict and r.verdict.control == name]


def loud(many: list[Activity]) -> list[str]:
    return [v.severity.name for v in judged(many) if v.severity is not None and v.value == "violated"]


MINE: dict[str, Any] = {"userName": "deployer"}
ADMIN: dict[str, Any] = {"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
READ: dict[str, Any] = {"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}


def inline(actions: str, **whose: str) -> dict[str, Any]:
    document = {"Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    return {"policyName": "own", "policyDocument": json.dumps(document), **whose}


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(aws(10, "AttachUserPolicy", **MINE, **ADMIN), id="AttachUserPolicy"),
        pytest.param(aws(10, "PutUserPolicy", **inline("*", **MINE)), id="PutUserPolicy"),
        pytest.param(aws(10, "AddUserToGroup", groupName="admins", **MINE), id="AddUserToGroup"),
        pytest.param(aws(10, "DeleteUserPermissionsBoundary", **MINE), id="DeleteUserPermissionsBoundary"),
        pytest.param(
            aws(10, "AssociateAccessPolicy", "eks", name="c1", principalArn=cloudtrail.USER["arn"],
                policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"),
            id="AssociateAccessPolicy",
        ),
    ],
)  # fmt: skip
def test_an_aws_identity_that_gives_itself_more_is_told(act: Activity) -> None:
    assert loud([aws(0, "ListBuckets", "s3"), act]) == ["MEDIUM"]


def test_what_it_opened_is_high_and_what_was_tried_in_vain_is_medium() -> None:
    refused = aws(0, "GetSecretValue", "secretsmanager", denied=True)
    took = aws(20, "GetSecretValue", "secretsmanager")
    assert loud([refused, aws(10, "AttachUserPolicy", **MINE, **ADMIN), took]) == ["HIGH"]
    assert loud([aws(0, "ListBuckets", "s3"), aws(10, "AttachUserPolicy", denied=True, **MINE, **ADMIN)]) == [
        "MEDIUM"
    ]


@pytest.mark.parametrize(
    "many",
    [
        pytest.param([aws(10, "AttachRolePolicy", roleName="shop", **ADMIN)], id="terraform's role"),
        pytest.param([aws(10, "AttachUserPolicy", userName="other", **ADMIN)], id="given"),
        pytest.param([aws(10, "AttachUserPolicy", denied=True, userName="other", **READ)], id="not its own"),
        pytest.param([aws(10, "AttachUserPolicy", **MINE, policyArn="arn:aws:iam::aws:policy/AWSDenyAll")],
                     id="it locks itself"),
        pytest.param([aws(10, "PutUserPolicy", policyName="AWSRevokeOlderSessions", **MINE)],
                     id="it cuts its own sessions"),
        pytest.param([aws(10, "DetachUserPolicy", **MINE, **ADMIN)], id="it takes from itself"),
        pytest.param([aws(10, "PutUserPermissionsBoundary", **MINE)], id="it binds itself"),
        pytest.param([aws(10, "CreateAccessEntry", "eks", name="c1",
                          principalArn="arn:aws:iam::111122223333:role/nodes")], id="a node group joins"),
    ],
)  # fmt: skip
def test_ordinary_gifts_in_aws_are_silent(many: list[Activity]) -> None:
    assert loud([aws(0, "ListBuckets", "s3"), *many]) == []


def test_a_tool_that_gave_to_others_for_a_week_is_low_and_an_administrator_gives_itself_nothing() -> None:
    week = aws(-8 * 1440, "AttachUserPolicy", userName="other", **READ)
    assert loud([week, aws(10, "AttachUserPolicy", **MINE, **READ)]) == ["LOW"]
    made = cloudtrail.USER | {"arn": "arn:aws:iam::111122223333:user/root-of-all", "userName": "root-of-all"}
    record = cloudtrail.event("AttachUserPolicy", "iam", userIdentity=made, requestParameters=MINE | ADMIN,
                            eventTime=stamp(-60), eventID="by another")  # fmt: skip
    (given,) = read_cloudtrail(json.dumps(record).encode(), cloudtrail.CONTEXT).activities
    assert loud([given, aws(10, "AttachUserPolicy", **MINE, **READ)]) == []


def test_an_inline_policy_that_is_widened_to_everything_is_told_and_one_written_anew_is_not() -> None:
    by_other = aws(0, "ListBuckets", "s3")
    same = [
        aws(5, "PutUserPolicy", **inline("s3:*", **MINE)),
        aws(9, "PutUserPolicy", **inline("s3:*", **MINE)),
    ]
    assert loud([by_other, *same]) == ["MEDIUM"], "the first time it gave itself something"
    assert loud([by_other, *same, aws(20, "PutUserPolicy", **inline("iam:*", **MINE))]) == [
        "MEDIUM",
        "MEDIUM",
    ]
    over = [
        *same,
        aws(20, "PutUserPolicy", **inline("iam:*", **MINE)),
        aws(30, "DeleteUserPolicy", policyName="own", **MINE),
    ]
    assert loud([by_other, *over]) == []


def test_what_was_taken_away_in_aws_is_proven_by_the_next_refusal() -> None:
    before = [aws(0, "ListBuckets", "s3"), aws(10, "DetachUserPolicy", **MINE, **READ)]
    (row,) = judged(before, REMOVED)
    assert (row.value, row.severity) == ("assumed", None) and "DetachUserPolicy" in row.title
    (row,) = judged([*before, aws(60, "ListBuckets", "s3", denied=True)], REMOVED)
    assert row.value == "proven"
    (row,) = judged([*before, aws(60, "DescribeInstances", "ec2", denied=True)], REMOVED)
    assert row.value == "assumed", "what it never could says nothing of what it lost"
    from_group = aws(10, "RemoveUserFromGroup", groupName="admins", **MINE)
    inline_gone = aws(10, "DeleteUserPolicy", policyName="p", **MINE)
    assert all(judged([before[0], gone], REMOVED) for gone in (from_group, inline_gone))


# Google Cloud

OWNER = {"role": "roles/owner", "member": f"serviceAccount:{gcp.EMAIL}", "action": "ADD"}


def google(minute: float, delta: dict[str, str] | None = None, code: int = 0, **more: Any) -> Activity:
    """A policy set by the account ``payments``; without one, any call."""
    fields: dict[str, Any] = {"entry_insertId": f"g {minute}", "entry_timestamp": stamp(minute)}
    if delta:
        fields["serviceData"] = {"policyDelta": {"bindingDeltas": [delta]}}
        fields |= {"resourceName": "projects/shop-prod"}
    if code:
        fields |= {"status": {"code": code}}
    method = (
        ("SetIamPolicy", "cloudresourcemanager")
        if delta or "request" in more
        else ("storage.objects.get", "storage")
    )
    return gcp.activity(gcp.entry(*method, **(fields | more)))


OTHERS = f"serviceAccount:other@{gcp.PROJECT}.iam.gserviceaccount.com"


@pytest.mark.parametrize(
    ("many", "severities"),
    [
        pytest.param([google(10, OWNER)], ["MEDIUM"], id="it gives itself owner"),
        pytest.param([google(10, OWNER), google(20, OWNER | {"action": "REMOVE"})], [], id="taken back"),
        pytest.param([google(10, OWNER | {"member": OTHERS})], [], id="to another"),
        pytest.param([google(10, OWNER | {"member": "user:ada@example.com"})], [], id="to a person"),
        pytest.param([google(10, OWNER, authenticationInfo=gcp.ADMIN)], [], id="a person gives it"),
        pytest.param([google(10, OWNER, code=7, request={"policy": {"bindings": [
            {"role": "roles/owner", "members": [f"serviceAccount:{gcp.EMAIL}"]}]}})], ["MEDIUM"], id="vain"),
        pytest.param([google(10, None, code=7, request={"policy": {"bindings": [
            {"role": "roles/owner", "members": [OTHERS]}]}})], [], id="refused for another"),
        pytest.param([google(10, OWNER, authenticationInfo=gcp.ADMIN),
                      google(20, OWNER | {"role": "roles/editor"})], [], id="an owner anyway"),
    ],
)  # fmt: skip
def test_grants_of_google_cloud(many: list[Activity], severities: list[str]) -> None:
    assert loud([google(0), *many]) == severities


def test_what_google_took_away_is_proven_by_the_next_refusal() -> None:
    gone = [google(0), google(10, OWNER | {"action": "REMOVE"}, authenticationInfo=gcp.ADMIN)]
    assert [v.value for v in judged([*gone, google(60, code=7)], REMOVED)] == ["proven"]


# Entra and Azure

GRAPH = {
    "id": "99999999-0000-4000-8000-000000000009",
    "type": "ServicePrincipal",
    "displayName": "Microsoft Graph",
}
ITSELF = {"app": {"appId": azure.APP_ID, "servicePrincipalId": azure.PRINCIPAL_ID, "displayName": "payments"}}


def given(name: str, value: str, client: str = azure.PRINCIPAL_ID, removed: bool = False) -> dict[str, Any]:
    old, new = (value, None) if removed else (None, value)
    client_said = (client, None) if removed else (None, client)
    return GRAPH | {
        "modifiedProperties": [
            azure.changed(name, old, new),
            azure.changed("ServicePrincipal.ObjectID", *client_said),
        ]
    }


def entra(
    minute: float, operation: str, target: dict[str, Any], by: dict[str, Any] | None = None, **more: Any
) -> Activity:
    fields: dict[str, Any] = {"id": f"{operation} {minute}", "activityDateTime": stamp(minute)}
    if by:
        fields["initiatedBy"] = by
    return azure.activity(azure.audit(operation, target, **(fields | more)))


BROAD, CONSENT = "Directory.ReadWrite.All", "Add delegated permission grant"
OTHER = "12345678-0000-4000-8000-000000000001"
APPROLE = given("AppRole.Value", BROAD)
SCOPE = given("DelegatedPermissionGrant.Scope", " User.Read Mail.ReadWrite")
MEMBER = {
    "modifiedProperties": [azure.changed("Role.TemplateId", None, "62e90394-69f5-4237-9190-012177145e10")]
}
DENIED = {"result": "failure", "resultReason": "Insufficient privileges to complete the operation."}
ADD_ROLE, REMOVE_ROLE = (
    "Add app role assignment to service principal", "Remove app role assignment from service principal"
)  # fmt: skip


@pytest.mark.parametrize(
    ("many", "severities"),
    [
        pytest.param([entra(10, ADD_ROLE, APPROLE, ITSELF)], ["MEDIUM"], id="an application permission"),
        pytest.param([entra(10, CONSENT, SCOPE, ITSELF)], ["MEDIUM", "MEDIUM"], id="scopes"),
        pytest.param([entra(10, "Add member to role", MEMBER, ITSELF)], ["MEDIUM"], id="a directory role"),
        pytest.param([entra(10, ADD_ROLE, APPROLE, ITSELF, **DENIED)], ["MEDIUM"], id="refused"),
        pytest.param([entra(10, ADD_ROLE, APPROLE)], [], id="an administrator consents"),
        pytest.param([entra(10, ADD_ROLE, given("AppRole.Value", "User.Read.All", OTHER), ITSELF)],
                     [], id="a pipeline"),
        pytest.param([entra(10, ADD_ROLE, APPROLE, ITSELF),
                      entra(20, REMOVE_ROLE, given("AppRole.Value", BROAD, removed=True))],
                     [], id="it was taken away"),
    ],
)  # fmt: skip
def test_grants_of_entra(many: list[Activity], severities: list[str]) -> None:
    assert loud([azure.activity(azure.sign_in()), *many]) == severities


def test_a_consent_beyond_the_declared_scopes_is_told_and_one_within_is_not() -> None:
    """An agent that asks for broader scopes after it was deployed: a person consents."""
    agent = "agent:desk/triage"
    record = Activity(
        "record", azure.activity(azure.sign_in()).time - 10**9, "inventory",
        effects=(
            Stated(agent, Declaration(0, "r", scopes=("User.Read",), aliases=(azure.APP,))),
            Aliased(azure.APP, agent),
        ),
    )  # fmt: skip
    sign_in = azure.activity(azure.sign_in())
    consent = entra(10, CONSENT, SCOPE)
    (verdict,) = [v for v in judged([record, sign_in, consent]) if v.subject.endswith(" scopes")]
    assert (
        verdict.severity == Severity.LOW
        and "Mail.ReadWrite" in verdict.title
        and "User.Read" not in verdict.title
    )
    within = entra(10, CONSENT, given("DelegatedPermissionGrant.Scope", "User.Read"))
    (verdict,) = [v for v in judged([record, sign_in, within]) if v.subject.endswith(" scopes")]
    assert verdict.severity is None


AUTHORIZATION = "/SUBSCRIPTIONS/S1/PROVIDERS/MICROSOFT.AUTHORIZATION"


def assignment(minute: float, word: str, principal: str = azure.PRINCIPAL_ID, **more: Any) -> Activity:
    where = f"{AUTHORIZATION}/ROLEASSIGNMENTS/0C1D2E3F-0000-4000-8000-000000000007"
    body = {"properties": {
        "principalId": principal, "principalType": "ServicePrincipal",
        "roleDefinitionId": f"{AUTHORIZATION}/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c",
    }}  # fmt: skip
    properties = {"requestbody": json.dumps(body)} if word == "WRITE" else {}
    record = azure.operation(
        f"MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/{word}", resourceId=where, time=stamp(minute),
        correlationId=f"{word} {minute}", properties=properties, **more,
    )  # fmt: skip
    return azure.activity(record)


def test_role_assignments_of_azure() -> None:
    signed_in = azure.activity(azure.sign_in())
    assert loud([signed_in, assignment(10, "WRITE")]) == ["MEDIUM"]
    assert loud([signed_in, assignment(10, "WRITE", OTHER)]) == []
    assert loud([signed_in, assignment(10, "WRITE"), assignment(20, "DELETE")]) == []
    rows = judged([signed_in, assignment(10, "WRITE"), assignment(20, "DELETE")], REMOVED)
    assert rows and all(row.severity is None and "roleAssignments/delete" in row.title for row in rows)
