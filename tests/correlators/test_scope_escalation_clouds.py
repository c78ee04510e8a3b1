"""Grants to oneself in clouds and directories, as their own logs show them, and what takes them away."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.activity import Activity
from schemas.sources.cloudtrail import read as read_cloudtrail
from schemas.verdict import Verdict
from tests.support import cloudtrail
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
    told = cloudtrail.event(
        operation, service, eventTime=stamp(minute), eventID=f"{operation}-{minute}",
        requestParameters=request or None, **more,
    )  # fmt: skip
    (one,) = read_cloudtrail(json.dumps(told).encode(), cloudtrail.CONTEXT).activities
    return one


def judged(many: list[Activity], name: str = NAME) -> list[Verdict]:
    last = every_way(many, clock_after(many)).last.values()
    return [r.verdict for r in last if r.verdict and r.verdict.control == name]


def loud(many: list[Activity]) -> list[str]:
    return [v.severity.name for v in judged(many) if v.severity is not None and v.value == "violated"]


MINE, ADMIN = {"userName": "deployer"}, {"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
READ = {"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}


def inline(actions: str, **whose: str) -> dict[str, str]:
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
        pytest.param([aws(10, "AttachRolePolicy", roleName="shop", **ADMIN)], id="terraform makes another's role"),
        pytest.param([aws(10, "AttachUserPolicy", userName="other", **ADMIN)], id="an administrator gives"),
        pytest.param([aws(10, "AttachUserPolicy", denied=True, userName="other", **READ)], id="refused for another"),
        pytest.param([aws(10, "AttachUserPolicy", **MINE, policyArn="arn:aws:iam::aws:policy/AWSDenyAll")],
                     id="it locks itself"),
        pytest.param([aws(10, "PutUserPolicy", policyName="AWSRevokeOlderSessions", policyDocument="", **MINE)],
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
    told = cloudtrail.event("AttachUserPolicy", "iam", userIdentity=made, requestParameters=MINE | ADMIN,
                            eventTime=stamp(-60), eventID="by another")  # fmt: skip
    (given,) = read_cloudtrail(json.dumps(told).encode(), cloudtrail.CONTEXT).activities
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
    for operation, more in (
        ("RemoveUserFromGroup", {"groupName": "admins"}),
        ("DeleteUserPolicy", {"policyName": "p"}),
    ):
        assert judged([before[0], aws(10, operation, **MINE, **more)], REMOVED)
