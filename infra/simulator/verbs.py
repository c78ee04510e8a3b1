"""What a step of the story does, as the API call that CloudTrail logs. The table is all that a new verb
needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from infra.simulator.cloudtrail import console_time, stamp
from infra.simulator.estate import Holder

Fields = dict[str, Any]


class About(NamedTuple):
    """What a verb may speak of: who acts, whom or whose key it is about, when, and a number that varies what
    is touched."""

    caller: Holder
    of: Holder
    moment: datetime
    turn: int


class Verb(NamedTuple):
    """``request`` and ``response`` as CloudTrail shows them; ``touches``: type and arn of the resource."""

    service: str
    operation: str
    request: Callable[[About], Fields | None] = lambda about: None
    response: Callable[[About], Fields | None] = lambda about: None
    touches: Callable[[About], tuple[str, str]] | None = None
    writes: bool = False


def _key(about: About) -> Fields:
    return {"userName": about.of.name, "accessKeyId": about.of.key}


def _status(status: str) -> Callable[[About], Fields]:
    return lambda about: {"userName": about.of.name, "status": status, "accessKeyId": about.of.key}


def _user(about: About) -> Fields:
    return {"userName": about.of.name}


def _new_key(about: About) -> Fields:
    made = {"accessKeyId": about.of.key, "status": "Active", "userName": about.of.name}
    return {"accessKey": made | {"createDate": console_time(about.moment)}}


def _new_user(about: About) -> Fields:
    user = {"path": "/", "userName": about.of.name, "userId": about.of.principal, "arn": about.of.arn}
    return {"user": user | {"createDate": console_time(about.moment)}}


def _older_sessions(about: About) -> Fields:
    condition = {"DateLessThan": {"aws:TokenIssueTime": f"{stamp(about.moment)[:-1]}.000Z"}}
    statement = {"Effect": "Deny", "Action": ["*"], "Resource": ["*"], "Condition": condition}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=4)
    name = "AWSRevokeOlderSessions"
    return {"roleName": about.of.name, "policyName": name, "policyDocument": document}


def _bucket(about: About) -> str:
    return f"{about.caller.owner.removeprefix('team-')}-{about.caller.account[:4]}"


def _object(about: About) -> Fields:
    host = f"{_bucket(about)}.s3.{about.caller.region}.amazonaws.com"
    return {
        "bucketName": _bucket(about),
        "Host": host,
        "key": f"{about.caller.name}/part-{about.turn:05d}.csv",
    }


def _object_arn(about: About) -> tuple[str, str]:
    return "AWS::S3::Object", f"arn:aws:s3:::{_bucket(about)}/{about.caller.name}/part-{about.turn:05d}.csv"


def _secret(about: About) -> Fields:
    where = f"arn:aws:secretsmanager:{about.caller.region}:{about.caller.account}:secret"
    return {"secretId": f"{where}:{about.caller.owner}/{about.caller.name}-x1Y2z3"}


def _kms(about: About) -> tuple[str, str]:
    return (
        "AWS::KMS::Key",
        f"arn:aws:kms:{about.caller.region}:{about.caller.account}:key/6f1c-{about.caller.owner}",
    )


def _table(about: About) -> Fields:
    return {"tableName": about.caller.owner, "key": {"id": "HIDDEN_DUE_TO_SECURITY_REASONS"}}


VERBS = {
    # keys and identities
    "create_key": Verb("iam", "CreateAccessKey", _user, _new_key, writes=True),
    "delete_key": Verb("iam", "DeleteAccessKey", _key, writes=True),
    "disable_key": Verb("iam", "UpdateAccessKey", _status("Inactive"), writes=True),
    "enable_key": Verb("iam", "UpdateAccessKey", _status("Active"), writes=True),
    "look_up_key": Verb("iam", "GetAccessKeyLastUsed", lambda about: {"accessKeyId": about.of.key}),
    "list_keys": Verb("iam", "ListAccessKeys", _user),
    "create_user": Verb("iam", "CreateUser", _user, _new_user, writes=True),
    "delete_user": Verb("iam", "DeleteUser", _user, writes=True),
    "attach_admin": Verb("iam", "AttachUserPolicy", lambda about: {"userName": about.of.name, "policyArn":
    "arn:aws:iam::aws:policy/AdministratorAccess"}, writes=True), "revoke_sessions": Verb("iam",
    "PutRolePolicy", _older_sessions, writes=True), "list_roles": Verb("iam", "ListRoles", lambda about:
    {"maxItems": 100}), "who_am_i": Verb("sts", "GetCallerIdentity"),
    # work
    "list_buckets": Verb("s3", "ListBuckets", lambda about: {"Host":
    f"s3.{about.caller.region}.amazonaws.com"}), "get_object": Verb("s3", "GetObject", _object,
    touches=_object_arn), "put_object": Verb("s3", "PutObject", _object, touches=_object_arn, writes=True),
    "get_secret": Verb("secretsmanager", "GetSecretValue", _secret),
    "get_parameter": Verb("ssm", "GetParameter", lambda about: {"name":
    f"/{about.caller.owner}/{about.caller.name}", "withDecryption": True}), "decrypt": Verb("kms", "Decrypt",
    lambda about: {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"}, touches=_kms), "describe_instances":
    Verb("ec2", "DescribeInstances", lambda about: {"instancesSet": {}, "filterSet": {}}), "describe_stacks":
    Verb("cloudformation", "DescribeStacks", lambda about: {"stackName": about.caller.owner}),
    "update_stack": Verb("cloudformation", "UpdateStack", lambda about: {"stackName": about.caller.owner},
    writes=True), "query_table": Verb("dynamodb", "Query", _table), "put_item": Verb("dynamodb", "PutItem",
    _table, writes=True), "list_queues": Verb("sqs", "ListQueues", lambda about: {"queueNamePrefix":
    about.caller.owner}), "describe_logs": Verb("logs", "DescribeLogGroups", lambda about:
    {"logGroupNamePrefix": f"/{about.caller.owner}"}), "list_functions": Verb("lambda",
"ListFunctions20150331"), }  # fmt: skip

ROUTINES: dict[str, tuple[str, ...]] = {
    "people": ("describe_instances", "list_roles", "list_buckets", "describe_stacks"),
    "deploy": ("who_am_i", "describe_stacks", "update_stack", "list_functions", "describe_instances"),
    "objects": ("get_object", "get_object", "put_object", "list_buckets", "decrypt"),
    "service": ("query_table", "put_item", "get_secret", "get_parameter", "decrypt"),
    "small": ("who_am_i", "list_queues", "describe_logs"),
    "none": (),
}
"""What an identity does all day."""
