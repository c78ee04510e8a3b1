"""Amazon Web Services, as CloudTrail shows it."""

from __future__ import annotations

import re
from datetime import timedelta

from schemas.provider import NAMES, UUID, Grace, Id, Provider

PROVIDER = Provider(
    name="aws",
    words=("aws",),
    title="AWS",
    sorts={
        "user/": "user",
        "role/": "role",
        "root": "root user",
        "federated-user/": "federated user",
        "service/": "service",
        "key/ASIA": "session key",
        "key/": "access key",
        "password/": "console password",
        "bearer/": "bearer token",
        "console/": "console session",
        "certificate/": "certificate",
    },
    opaque=("bearer/",),
    # Identity and Access Management API reference.
    acts={
        "CreateAccessKey": "created a new access key",
        "CreateUser": "created a user",
        "CreateRole": "created a role",
        "CreateLoginProfile": "set a console password",
        "UpdateLoginProfile": "changed a console password",
        "UpdateAccessKey": "switched an access key on or off",
        "AttachUserPolicy": "attached a policy to a user",
        "AttachRolePolicy": "attached a policy to a role",
        "AttachGroupPolicy": "attached a policy to a group",
        "PutUserPolicy": "wrote a policy of a user",
        "PutRolePolicy": "wrote a policy of a role",
        "PutGroupPolicy": "wrote a policy of a group",
        "AddUserToGroup": "added a user to a group",
        "UpdateAssumeRolePolicy": "changed who may take on a role",
        "CreatePolicyVersion": "changed a policy",
        "DeleteAccessKey": "deleted an access key",
        "DeleteUser": "deleted a user",
    },
    sources=("cloudtrail",),
    # aws:key/AKIA…, aws:bearer/…, aws:certificate/…, aws:<account>:password/<user>, aws:<account>:console/<…>
    credentials=("key/", "bearer/", "certificate/", "password/", "console/"),
    ids={
        # IAM user guide, "IAM identifiers": unique ids begin with four letters that say of what.
        "key/": Id(r"A[A-Z]{3}[A-Z0-9_]{4,128}"),
        "bearer/": Id(UUID),
        "certificate/": Id(r"[A-Z0-9]{6,128}"),
        "password/": NAMES,
        "console/": NAMES,
    },
    # Ids of temporary keys begin with ASIA (IAM user guide, unique identifiers).
    sessions=("key/ASIA",),
    # GetFederationToken and GetSessionToken give 129,600 seconds at most, AssumeRole less (STS API
    # reference).
    lives={"key/ASIA": timedelta(hours=36), "console/": timedelta(hours=36)},
    # Service-linked roles, and those that Identity Center and Control Tower keep for people, are AWS's own…
    own=re.compile(r"(?:user|role)/(?!AWSServiceRoleFor|AWSReservedSSO_|aws-controltower-)"),
    # …by their path, which their sessions show: anybody may choose the name. Control Tower's have no such
    # path, they are made with its own role (AWS Control Tower, "How AWS Control Tower works with roles
    # to create and manage accounts").
    imitable=re.compile(r"role/(?:AWSServiceRoleFor|AWSReservedSSO_)"),
    makers={"role/aws-controltower-": "role/AWSControlTowerExecution"},
    # Who signs in with a password is a person, whatever else it holds.
    personal=("password/",),
    # AKIAIOSFODNN7EXAMPLE and its like stand in every tutorial.
    placeholders=re.compile(r"key/.*EXAMPLE\Z"),
    uses="cloudtrail",
    forgets=("key/",),
    # Not those that lift a denial, a boundary or a second factor (IAM API reference).
    removals=frozenset(
        {
            "DeleteGroup",
            "DeleteInstanceProfile",
            "DeleteOpenIDConnectProvider",
            "DeletePolicy",
            "DeletePolicyVersion",
            "DeleteSAMLProvider",
            "DeleteSSHPublicKey",
            "DeleteServerCertificate",
            "RemoveRoleFromInstanceProfile",
            "RemoveUserFromGroup",
        }
    ),
    # AWS Systems Manager API, GetParameters: ten at most. Of a batch of Secrets Manager each secret has an
    # entry of its own.
    reads_many=frozenset({"GetParameters"}),
    enumerates=re.compile(r"ListSecrets|BatchGetSecretValue|DescribeParameters|GetParametersByPath"),
    gates=re.compile(r"vpce-[0-9a-z]+"),
    refusals_hidden="CloudTrail does not deliver requests that fail authentication",
    grace=Grace(
        setting="grace_aws_key",
        length=timedelta(seconds=10),
        why="Time granted for the end of an AWS key to take: IAM is eventually consistent.",
    ),
    graces={
        "cut": Grace(
            setting="grace_aws_policy",
            length=timedelta(minutes=5),
            why="Time granted for an AWS policy that revokes sessions: documented as minutes.",
        )
    },
    driven=re.compile(
        r"AWS-Console|console\.amazonaws|signin\.amazonaws|S3Console|AWS-Toolkit|.*\bCloudShell\b",
        re.IGNORECASE,
    ),
    # AWS managed policies that allow everything, or to take everything; the last stands for inline ones.
    almighty=re.compile(r"policy/(?:AdministratorAccess|IAMFullAccess|everything)"),
    # Whoever makes a cluster of EKS is its administrator (Amazon EKS, "Access entries"), entry or not.
    things=re.compile(r"grant/.+/access/([^/]+)(?:/[^/]+)?"),
    things_are="cluster/",
    refused_self=re.compile(r"grants-itself"),
    sign_ins=frozenset({"ConsoleLogin", "SwitchRole", "GetSigninToken"}),
    # EC2 names the sessions of an instance profile after the instance: whatever keys it gets, they are one
    # holder's.
    machine=re.compile(r"/(i-[0-9a-f]{8,17})\Z"),
    # Staging labels of Secrets Manager.
    old_version="stage AWSPREVIOUS",
    new_version="stage AWSCURRENT",
)
