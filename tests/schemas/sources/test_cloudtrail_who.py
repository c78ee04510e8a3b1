"""Who called, from where, with what, and how it ended, in CloudTrail's many ways to say it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.activity import Action, Known, Outcome
from schemas.evidence import iso
from schemas.fact import facts_of
from tests.support.cloudtrail import ACCOUNT, KEY, ROLE, SESSION, USER, activity, event, reading

AT = f"aws:{ACCOUNT}"
IAM = f"arn:aws:iam::{ACCOUNT}"
FEDERATED: dict[str, Any] = {
    "type": "FederatedUser",
    "principalId": f"{ACCOUNT}:build",
    "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/build",
    "accountId": ACCOUNT,
    "accessKeyId": SESSION,
    "sessionContext": {"sessionIssuer": {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/deployer"}},
}


@pytest.mark.parametrize(
    ("principal", "identity", "credential"),
    [
        (USER, f"{AT}:user/deployer", KEY),
        ({**USER, "arn": None}, f"{AT}:user/deployer", KEY),
        (
            {"type": "IAMUser", "accountId": ACCOUNT, "principalId": "AIDAEXAMPLEUSER00001"},
            f"{AT}:principal/AIDAEXAMPLEUSER00001",
            "",
        ),
        ({**USER, "arn": f"arn:aws-cn:iam::{ACCOUNT}:user/deployer"}, f"{AT}:user/deployer", KEY),
        (ROLE, f"{AT}:role/payments", SESSION),
        ({**ROLE, "sessionContext": {"sessionIssuer": {}}}, f"{AT}:role/payments", SESSION),
        ({n: v for n, v in ROLE.items() if n != "sessionContext"}, f"{AT}:role/payments", SESSION),
        ({n: v for n, v in ROLE.items() if n != "arn"}, f"{AT}:role/payments", SESSION),
        (
            {"type": "Root", "accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "accessKeyId": ""},
            f"{AT}:root",
            "",
        ),
        (FEDERATED, f"{AT}:user/deployer", SESSION),
        (
            {
                **FEDERATED,
                "sessionContext": {"sessionIssuer": {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root"}},
            },
            f"{AT}:root",
            SESSION,
        ),
        (
            {
                "type": "WebIdentityUser",
                "principalId": "accounts.google.com:a:1",
                "userName": "1",
                "identityProvider": "accounts.google.com",
            },
            f"{AT}:web/accounts.google.com/1",
            "",
        ),
        (
            {
                "type": "WebIdentityUser",
                "userName": "system:serviceaccount:shop:web",
                "identityProvider": f"{IAM}:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/AB",
            },
            f"{AT}:web/oidc.eks.us-east-1.amazonaws.com/id/AB/system:serviceaccount:shop:web",
            "",
        ),
        (
            {
                "type": "SAMLUser",
                "userName": "jo",
                "identityProvider": f"arn:aws:iam::{ACCOUNT}:saml-provider/okta",
            },
            f"{AT}:saml/okta/jo",
            "",
        ),
        (
            {
                "type": "IdentityCenterUser",
                "accountId": ACCOUNT,
                "onBehalfOf": {"userId": "u-1", "identityStoreArn": "arn"},
                "credentialId": "c-1",
            },
            f"{AT}:sso/u-1",
            "bearer/c-1",
        ),
        ({"type": "Directory", "accountId": ACCOUNT, "userName": "jo"}, f"{AT}:directory/jo", ""),
        (
            {"type": "AWSAccount", "accountId": "999988887777", "principalId": "AIDAEXAMPLEOTHER0001"},
            "aws:999988887777:principal/AIDAEXAMPLEOTHER0001",
            "",
        ),
        (
            {
                "type": "AWSAccount",
                "accountId": "999988887777",
                "principalId": "AIDAEXAMPLEOTHER0001",
                "accessKeyId": KEY,
            },
            "",
            KEY,
        ),
        ({"type": "AWSAccount", "accountId": "ANONYMOUS_PRINCIPAL", "principalId": ""}, "", ""),
        ({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, "aws:service/ec2.amazonaws.com", ""),
        ({"accountId": ACCOUNT, "invokedBy": "AWS Internal"}, "", ""),
        (
            {
                **ROLE,
                "inScopeOf": {
                    "issuerType": "AWS::Lambda::Function",
                    "credentialsIssuedTo": "arn:aws:lambda:us-east-1:1:function:f",
                },
            },
            f"{AT}:role/payments",
            SESSION,
        ),
        ({"type": "Unknown", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}, "", ""),
        ({}, "", ""),
        (None, "", ""),
    ],
)
def test_identity_and_credential_of_every_kind_of_caller(
    principal: Any, identity: str, credential: str
) -> None:
    one = activity(userIdentity=principal)
    wanted = f"aws:{credential}" if "/" in credential else f"aws:key/{credential}" if credential else ""
    assert (one.identity, one.credential) == (identity, wanted)


def test_the_account_comes_from_the_arn_and_the_name_without_its_path() -> None:
    foreign = {**USER, "arn": "arn:aws:iam::444455556666:user/a/b/deployer", "accountId": ACCOUNT}
    assert activity(userIdentity=foreign).identity == "aws:444455556666:user/deployer"


def test_the_session_name_is_kept_for_reading() -> None:
    assert activity(userIdentity=ROLE).actor_name == "payments/i-0abc"


SERVICE_SIDE = [
    {
        "userIdentity": {**ROLE, "invokedBy": "cloudformation.amazonaws.com"},
        "sourceIPAddress": "cloudformation.amazonaws.com",
    },
    {"userIdentity": {**ROLE, "invokedBy": "athena.amazonaws.com"}},
    {"userIdentity": ROLE, "sourceIPAddress": "athena.amazonaws.com", "userAgent": "athena.amazonaws.com"},
    {"userIdentity": ROLE, "sourceIPAddress": "AWS Internal", "userAgent": "AWS Internal"},
    {
        "userIdentity": {"type": "AWSService", "invokedBy": "lambda.amazonaws.com"},
        "sourceIPAddress": "lambda.amazonaws.com",
    },
    {"userIdentity": USER, "eventContext": {"requestContext": {"aws:ViaAWSService": "true"}}},
]


@pytest.mark.parametrize("more", SERVICE_SIDE)
def test_calls_of_aws_itself_are_never_a_use_by_the_holder(more: dict[str, Any]) -> None:
    one = activity("DeleteAccessKey", "iam", **more)
    assert one.action == "service"
    for _, dossier in facts_of(one):
        for credential in dossier.credentials.values():
            assert not credential.places and not credential.clients
            assert all(name.endswith(":service") for name in credential.uses)


def test_a_call_in_the_console_is_its_users_own() -> None:
    console = {**USER, "invokedBy": "signin.amazonaws.com", "accessKeyId": SESSION}
    assert activity(userIdentity=console, userAgent="console.ec2.amazonaws.com").action == ""


@pytest.mark.parametrize(
    ("address", "endpoint", "place"),
    [
        ("198.51.100.7", None, "198.51.100.7"),
        ("2001:db8::1", None, "2001:db8::1"),
        ("255.18.064.253", None, ""),
        ("035.249.253.232", None, ""),
        ("ec2.amazonaws.com", None, ""),
        ("AWS Internal", None, ""),
        ("", None, ""),
        (None, None, ""),
        ("10.0.0.7", None, "10.0.0.7"),
        ("10.0.0.7", "vpce-0abc", "10.0.0.7 via vpce-0abc"),
        ("54.240.1.1", "vpce-0abc", "54.240.1.1"),
        (None, "vpce-0abc", "vpce-0abc"),
    ],
)
def test_a_place_is_a_possible_address_or_an_endpoint(address: Any, endpoint: Any, place: str) -> None:
    one = activity(sourceIPAddress=address, vpcEndpointId=endpoint)
    assert one.place == place and one.outcome == "succeeded"


def test_the_client_is_the_user_agent_without_the_brackets_of_s3_and_of_bounded_length() -> None:
    assert activity(userAgent="[aws-cli/2]").client == activity(userAgent="aws-cli/2").client == "aws-cli/2"
    assert len(activity(userAgent="x" * 5000).client) == 200
    assert activity(userAgent=None).client == ""


@pytest.mark.parametrize(
    ("code", "message", "outcome"),
    [
        (None, None, "succeeded"),
        ("", None, "succeeded"),
        ("AccessDenied", None, "forbidden"),
        ("AccessDeniedException", None, "forbidden"),
        ("UnauthorizedOperation", None, "forbidden"),
        ("Client.UnauthorizedOperation", None, "forbidden"),
        ("VpceAccessDenied", None, "forbidden"),
        ("InvalidClientTokenId", None, "unauthenticated"),
        ("UnrecognizedClientException", None, "unauthenticated"),
        ("InvalidAccessKeyId", None, "unauthenticated"),
        ("ExpiredToken", None, "unauthenticated"),
        ("ExpiredTokenException", None, "unauthenticated"),
        ("SignatureDoesNotMatch", None, "unauthenticated"),
        ("AuthFailure", "AWS was not able to validate the provided access credentials", "unauthenticated"),
        ("Client.AuthFailure", "Not authorized for images: [ami-1]", "forbidden"),
        ("AuthFailure", None, "unknown"),
        ("RequestTimeTooSkewed", None, "unknown"),
        ("Client.DryRunOperation", "Request would have succeeded, but DryRun flag is set.", "failed"),
        ("NoSuchBucket", None, "failed"),
        ("ThrottlingException", None, "failed"),
    ],
)
def test_every_error_code_has_its_outcome(code: Any, message: Any, outcome: Outcome) -> None:
    one = activity(errorCode=code, errorMessage=message)
    assert (one.outcome, one.error) == (outcome, code or "")


@pytest.mark.parametrize(
    ("operation", "service", "request_", "action"),
    [
        ("CreateAccessKey", "iam", None, "identity_write"),
        ("AttachUserPolicy", "iam", None, "identity_write"),
        ("DeactivateMFADevice", "iam", None, "identity_write"),
        ("ListUsers", "iam", None, ""),
        ("GetAccessKeyLastUsed", "iam", None, ""),
        ("AssumeRole", "sts", None, "identity_write"),
        ("GetSessionToken", "sts", None, "identity_write"),
        ("GetCallerIdentity", "sts", None, ""),
        ("LeaveOrganization", "organizations", None, "identity_write"),
        ("DescribeOrganization", "organizations", None, ""),
        ("CreateAccountAssignment", "sso", None, "identity_write"),
        ("PutKeyPolicy", "kms", None, "identity_write"),
        ("Decrypt", "kms", None, ""),
        ("CreateAccessEntry", "eks", None, "identity_write"),
        ("CreateBucket", "s3", None, ""),
        ("GetSecretValue", "secretsmanager", {"secretId": "x"}, "secret_read"),
        ("BatchGetSecretValue", "secretsmanager", None, "secret_read"),
        ("ListSecrets", "secretsmanager", None, ""),
        ("GetParameters", "ssm", {"names": ["/a"], "withDecryption": True}, "secret_read"),
        ("GetParameter", "ssm", {"name": "/a"}, ""),
    ],
)
def test_every_call_has_its_kind_of_use(operation: str, service: str, request_: Any, action: Action) -> None:
    assert activity(operation, service, requestParameters=request_).action == action


def test_a_console_sign_in_presents_the_users_password() -> None:
    alice = {"type": "IAMUser", "accountId": ACCOUNT, "userName": "alice", "accessKeyId": ""}
    more: dict[str, Any] = {"eventType": "AwsConsoleSignIn", "userIdentity": alice}
    worked = activity("ConsoleLogin", "signin", responseElements={"ConsoleLogin": "Success"}, **more)
    refused = activity(
        "ConsoleLogin",
        "signin",
        responseElements={"ConsoleLogin": "Failure"},
        errorMessage="Failed authentication",
        **more,
    )
    assert worked.credential == refused.credential == f"{AT}:password/alice"
    assert (worked.outcome, refused.outcome) == ("succeeded", "unauthenticated")


def test_a_sign_in_under_a_name_that_does_not_exist_names_nobody() -> None:
    hidden = {"type": "IAMUser", "accountId": ACCOUNT, "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}
    one = activity(
        "ConsoleLogin",
        "signin",
        userIdentity=hidden,
        responseElements={"ConsoleLogin": "Failure"},
        errorMessage="No username found in supplied account",
    )
    assert one.credential == "" and "HIDDEN" not in one.identity and one.outcome == "unauthenticated"


def test_an_insight_is_nobodys_act() -> None:
    insight = {
        "eventVersion": "1.09",
        "eventTime": "2026-11-22T10:00:00Z",
        "awsRegion": "us-east-1",
        "eventID": "ins-1",
        "sharedEventID": "shared",
        "eventType": "AwsCloudTrailInsight",
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Insight",
        "insightDetails": {
            "state": "Start",
            "eventSource": "iam.amazonaws.com",
            "eventName": "DeleteAccessKey",
            "insightType": "ApiCallRateInsight",
        },
    }
    (one,) = reading(insight).activities
    assert (one.uid, one.operation, one.service, one.outcome) == (
        "ins-1",
        "ApiCallRateInsight",
        "iam",
        "unknown",
    )
    assert not one.effects and not facts_of(one)


def test_a_network_activity_event_names_its_endpoint_and_caller() -> None:
    one = activity(
        eventCategory="NetworkActivity",
        eventType="AwsVpceEvent",
        vpcEndpointId="vpce-0abc",
        sourceIPAddress="10.0.0.9",
        userIdentity={
            "type": "AWSAccount",
            "principalId": "AROAEXAMPLEROLE00001:i-0abc",
            "accountId": ACCOUNT,
        },
        errorCode="VpceAccessDenied",
        requestParameters=None,
    )
    assert (one.place, one.outcome) == ("10.0.0.9 via vpce-0abc", "forbidden")
    assert one.identity == f"{AT}:principal/AROAEXAMPLEROLE00001"


def test_the_resource_is_what_the_event_names() -> None:
    arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:a-1"
    assert activity(resources=[{"ARN": arn, "type": "t"}]).resource == arn
    assert activity(resources=[{"ARNPrefix": "arn:aws:s3:::b/"}]).resource == "arn:aws:s3:::b/"
    assert activity("RotateSecret", "secretsmanager", responseElements={"aRN": arn}).resource == arn
    assert activity("RotateSecret", "secretsmanager", responseElements={"arn": arn}).resource == arn
    assert activity("GetSecretValue", "secretsmanager", requestParameters={"secretId": "db"}).resource == "db"
    rotated = event(
        "RotationSucceeded",
        "secretsmanager",
        eventType="AwsServiceEvent",
        additionalEventData={"SecretId": arn},
        userIdentity={"accountId": ACCOUNT, "invokedBy": "secretsmanager.amazonaws.com"},
    )
    (one,) = reading(rotated).activities
    assert (one.resource, one.action, one.outcome) == (arn, "service", "succeeded")
    (failed,) = reading(rotated | {"eventName": "RotationFailed"}).activities
    assert failed.outcome == "failed"


def test_copies_in_two_accounts_are_two_records_about_one_session() -> None:
    """The copies share ``sharedEventID`` (as start and end of an insight do); each has its ``eventID``."""
    answer = {"credentials": {"accessKeyId": SESSION, "expiration": "Nov 22, 2026, 11:00:00 AM"}}
    ask = {"roleArn": "arn:aws:iam::444455556666:role/audit"}
    near = activity(
        "AssumeRole", "sts", eventID="a", sharedEventID="s", requestParameters=ask, responseElements=answer
    )
    far = activity(
        "AssumeRole",
        "sts",
        eventID="b",
        sharedEventID="s",
        requestParameters=ask,
        responseElements=answer,
        recipientAccountId="444455556666",
        userIdentity={"type": "AWSAccount", "principalId": "AIDAEXAMPLEUSER00001", "accountId": ACCOUNT},
    )
    assert {near.uid, far.uid} == {"a", "b"}
    for copy in (near, far):
        (issued,) = copy.effects
        assert (issued.credential, issued.identity) == (f"aws:key/{SESSION}", "aws:444455556666:role/audit")  # type: ignore[union-attr]


BEGUN: dict[str, Any] = FEDERATED | {
    "sessionContext": FEDERATED["sessionContext"] | {"attributes": {"creationDate": "2026-11-22T09:00:00Z"}}
}


def test_a_key_of_the_console_says_of_which_session_it_is_and_since_when() -> None:
    """CloudTrail record contents, ``sessionCredentialFromConsole``; exports write it as they like."""
    for who, name in ((ROLE, "i-0abc"), (BEGUN, "build")):
        for mark in ("true", True):
            one = activity(userIdentity=who, sessionCredentialFromConsole=mark)
            known = next(e for e in one.effects if isinstance(e, Known))
            assert (known.credential, known.session) == (one.credential, name)
            assert iso(known.opened) == "2026-11-22T09:00:00Z"
    for none in (None, "false"):
        assert not activity(userIdentity=ROLE, sessionCredentialFromConsole=none).effects
    assert not activity(sessionCredentialFromConsole="true").effects, "a user signs in with a password"
    small = json.loads(json.dumps(event(userIdentity=ROLE, sessionCredentialFromConsole="true")))
    lake = {name.lower(): value for name, value in small.items()}
    context = lake["useridentity"].pop("sessionContext")
    context = {
        "sessionissuer": context["sessionIssuer"],
        "attributes": {"creationdate": "2026-11-22T09:00:00Z"},
    }
    lake["useridentity"]["sessioncontext"] = context
    (one,) = reading(lake).activities
    assert any(isinstance(e, Known) and e.opened for e in one.effects)


def test_a_sign_in_with_a_temporary_credential_stands_for_one_that_its_record_does_not_show() -> None:
    bare = {name: value for name, value in BEGUN.items() if name != "accessKeyId"}
    one = activity("ConsoleLogin", "signin", userIdentity=bare, responseElements={"ConsoleLogin": "Success"})
    assert (
        one.credential == f"{AT}:console/build/2026-11-22T09:00:00Z" and one.identity == f"{AT}:user/deployer"
    )
    assert any(isinstance(e, Known) and e.session == "build" for e in one.effects)
