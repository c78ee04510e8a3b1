"""What CloudTrail events change: credentials handed out and ended, identities deleted, sessions cut."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from schemas.activity import Aliased, Ended, EndFailed, Granted, Issued, Known, Parent, Restored, Withdrawn
from schemas.evidence import SECOND
from tests.support.cloudtrail import ACCOUNT, KEY, ROLE, SESSION, USER, activity, effects, reading
from tests.support.effects import all_of

AT = f"aws:{ACCOUNT}"
OTHER = "AKIAI44QH8DHBEXAMPLE"
TEN = 1_795_341_600 * SECOND
"""2026-11-22T10:00:00Z, when the events of these tests are."""
MINUTE = 60 * SECOND


def test_a_created_key_belongs_to_the_user_it_was_made_for_and_survives_its_maker() -> None:
    answer = {"accessKey": {"userName": "bot", "accessKeyId": OTHER, "status": "Active"}}
    (issued,) = effects("CreateAccessKey", requestParameters={"userName": "bot"}, responseElements=answer)
    maker = {f"aws:key/{KEY}": Parent("made_by", f"{AT}:user/deployer")}
    assert issued == Issued(f"aws:key/{OTHER}", f"{AT}:user/bot", "access_key", parents=maker)


def test_a_key_created_without_a_user_name_is_the_callers_own() -> None:
    (issued,) = effects("CreateAccessKey", responseElements={"accessKey": {"accessKeyId": OTHER}})
    assert isinstance(issued, Issued) and issued.identity == f"{AT}:user/deployer"
    root = {"type": "Root", "accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root"}
    (issued,) = effects(
        "CreateAccessKey", userIdentity=root, responseElements={"accessKey": {"accessKeyId": OTHER}}
    )
    assert isinstance(issued, Issued) and issued.identity == f"{AT}:root"


ASSUMED = {
    "credentials": {
        "accessKeyId": OTHER,
        "sessionToken": "never-to-be-stored",
        "expiration": "Nov 22, 2026, 11:00:00 AM",
    },
    "assumedRoleUser": {"assumedRoleId": "AROAX:s", "arn": "arn:aws:sts::444455556666:assumed-role/audit/s"},
}
ASK = {"roleArn": "arn:aws:iam::444455556666:role/path/audit", "roleSessionName": "s"}


def test_an_assumed_role_is_the_roles_session_and_came_from_the_callers_key() -> None:
    (issued,) = effects("AssumeRole", "sts", requestParameters=ASK, responseElements=ASSUMED)
    assert issued == Issued(
        f"aws:key/{OTHER}",
        "aws:444455556666:role/audit",
        "session",
        parents={f"aws:key/{KEY}": Parent("came_from", f"{AT}:user/deployer")},
        expires=TEN + 60 * MINUTE,
        session="s",
    )


def test_a_chained_role_came_from_the_session_it_was_asked_with() -> None:
    (issued,) = effects(
        "AssumeRole", "sts", userIdentity=ROLE, requestParameters=ASK, responseElements=ASSUMED
    )
    assert isinstance(issued, Issued)
    assert issued.parents == {f"aws:key/{SESSION}": Parent("came_from", f"{AT}:role/payments")}


@pytest.mark.parametrize("operation", ["AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"])
def test_a_federated_role_session_has_no_key_before_it(operation: str) -> None:
    caller = {"type": "WebIdentityUser", "userName": "sub", "identityProvider": "idp.example"}
    (issued,) = effects(
        operation, "sts", userIdentity=caller, requestParameters=ASK, responseElements=ASSUMED
    )
    assert isinstance(issued, Issued)
    assert issued.identity == "aws:444455556666:role/audit" and not issued.parents


@pytest.mark.parametrize("operation", ["GetSessionToken", "GetFederationToken"])
def test_a_users_own_temporary_keys_are_the_users(operation: str) -> None:
    answer = {
        "credentials": ASSUMED["credentials"],
        "federatedUser": {"arn": f"arn:aws:sts::{ACCOUNT}:federated-user/x"},
    }
    (issued,) = effects(operation, "sts", requestParameters={"name": "x"}, responseElements=answer)
    assert isinstance(issued, Issued)
    assert (issued.identity, issued.kind) == (f"{AT}:user/deployer", "session")


def test_a_root_session_is_of_the_account_it_was_asked_for() -> None:
    (issued,) = effects(
        "AssumeRoot",
        "sts",
        requestParameters={"targetPrincipal": "444455556666"},
        responseElements=ASSUMED | {"assumedRoleUser": None},
    )
    assert isinstance(issued, Issued) and issued.identity == "aws:444455556666:root"


def test_an_identity_pools_session_is_of_a_role_that_only_its_use_tells() -> None:
    answer = {"credentials": ASSUMED["credentials"], "identityId": "us-east-1:1cf667a2"}
    (issued,) = effects(
        "GetCredentialsForIdentity",
        "cognito-identity",
        userIdentity={"type": "Unknown"},
        requestParameters={"identityId": "us-east-1:1cf667a2"},
        responseElements=answer,
    )
    assert issued == Issued(f"aws:key/{OTHER}", "", "session", expires=TEN + 60 * MINUTE)


def test_roles_anywhere_wraps_its_answer() -> None:
    (issued,) = effects("CreateSession", "rolesanywhere", responseElements={"credentialSet": [ASSUMED]})
    assert isinstance(issued, Issued) and issued.identity == "aws:444455556666:role/audit"


@pytest.mark.parametrize(
    ("result", "asked", "expires"),
    [
        ("2026-11-22T11:00:00Z", None, TEN + 60 * MINUTE),
        ("Nov 22, 2026, 11:00:00\u202fAM", None, TEN + 60 * MINUTE),
        (1795345200, None, TEN + 60 * MINUTE),
        (None, 900, TEN + 15 * MINUTE),
        (None, "900", TEN + 15 * MINUTE),
        (None, 10**12, 0),
        (None, None, 0),
    ],
)
def test_a_sessions_expiry_is_told_or_follows_from_its_duration(
    result: Any, asked: Any, expires: int
) -> None:
    answer = {"credentials": {"accessKeyId": OTHER, "expiration": result}}
    (issued,) = effects(
        "AssumeRole", "sts", requestParameters=ASK | {"durationSeconds": asked}, responseElements=answer
    )
    assert isinstance(issued, Issued) and issued.expires == expires


def test_a_deleted_key_ends_at_its_owner_not_at_the_administrator() -> None:
    ended = Ended("DeleteAccessKey", "deleted", f"aws:key/{OTHER}", f"{AT}:user/bot")
    assert effects("DeleteAccessKey", requestParameters={"userName": "bot", "accessKeyId": OTHER}) == (ended,)


def test_a_key_deleted_without_a_user_name_is_the_callers_own_and_of_unknown_owner_for_a_role() -> None:
    (own,) = effects("DeleteAccessKey", requestParameters={"accessKeyId": OTHER})
    (unknown,) = effects("DeleteAccessKey", requestParameters={"accessKeyId": OTHER}, userIdentity=ROLE)
    assert isinstance(own, Ended) and own.identity == f"{AT}:user/deployer"
    assert isinstance(unknown, Ended) and unknown.identity == ""


def test_a_key_is_switched_off_and_on() -> None:
    ask = {"userName": "bot", "accessKeyId": OTHER}
    (off,) = effects("UpdateAccessKey", requestParameters=ask | {"status": "Inactive"})
    (on,) = effects("UpdateAccessKey", requestParameters=ask | {"status": "Active"})
    assert off == Ended("UpdateAccessKey Inactive", "disabled", f"aws:key/{OTHER}", f"{AT}:user/bot")
    assert on == Restored("UpdateAccessKey Active", "disabled", f"aws:key/{OTHER}", f"{AT}:user/bot")


def test_other_long_lived_credentials_of_users_end_too() -> None:
    (service,) = effects(
        "DeleteServiceSpecificCredential",
        requestParameters={"userName": "bot", "serviceSpecificCredentialId": "ACCAEXAMPLE"},
    )
    (certificate,) = effects(
        "DeleteSigningCertificate", requestParameters={"userName": "bot", "certificateId": "TA7SMP"}
    )
    assert isinstance(service, Ended) and service.credential == "aws:key/ACCAEXAMPLE"
    assert isinstance(certificate, Ended) and certificate.credential == "aws:certificate/TA7SMP"


@pytest.mark.parametrize("code", ["AccessDenied", "DeleteConflict", "ServiceFailure", "InvalidClientTokenId"])
def test_a_kill_that_did_not_succeed_is_a_failed_one(code: str) -> None:
    result = effects(
        "DeleteAccessKey", requestParameters={"userName": "bot", "accessKeyId": OTHER}, errorCode=code
    )
    assert result == (EndFailed("DeleteAccessKey", f"aws:key/{OTHER}", f"{AT}:user/bot"),)


@pytest.mark.parametrize("code", ["NoSuchEntity", "NoSuchEntityException"])
def test_deleting_what_does_not_exist_is_no_kill(code: str) -> None:
    assert effects("DeleteAccessKey", requestParameters={"accessKeyId": OTHER}, errorCode=code) == ()


@pytest.mark.parametrize(
    "request_", [None, {}, {"accessKeyId": None}, {"accessKeyId": ["x"]}, "HIDDEN_DUE_TO_SECURITY_REASONS"]
)
def test_a_kill_whose_parameters_are_gone_is_still_an_activity(request_: Any) -> None:
    one = activity("DeleteAccessKey", "iam", requestParameters=request_)
    assert one.effects == () and one.action == "identity_write"


def test_a_refused_call_hands_nothing_out() -> None:
    assert effects("AssumeRole", "sts", errorCode="AccessDenied", requestParameters=None) == ()
    assert effects("CreateAccessKey", errorCode="LimitExceeded", requestParameters={"userName": "bot"}) == ()


@pytest.mark.parametrize(("what", "named"), [("User", "userName"), ("Role", "roleName")])
def test_a_deleted_identity_ends_itself_and_a_created_one_takes_it_back(what: str, named: str) -> None:
    identity = f"{AT}:{what.lower()}/bot"
    assert effects(f"Delete{what}", requestParameters={named: "bot"}) == (
        Ended(f"Delete{what}", "deleted", identity=identity),
    )
    assert effects(f"Create{what}", requestParameters={named: "bot"}) == (
        Restored(f"Create{what}", "remade", identity=identity),
    )


def test_a_password_ends_and_begins_under_one_key() -> None:
    ask = {"userName": "alice"}
    password = f"{AT}:password/alice"
    assert effects("DeleteLoginProfile", requestParameters=ask) == (
        Ended("DeleteLoginProfile", "deleted", password, f"{AT}:user/alice"),
    )
    assert effects("CreateLoginProfile", requestParameters=ask) == (
        Restored("CreateLoginProfile", "remade", password, f"{AT}:user/alice"),
    )
    assert effects("UpdateLoginProfile", requestParameters=ask) == ()


def older_sessions(time: str, **more: Any) -> str:
    statement = {
        "Effect": "Deny",
        "Action": ["*"],
        "Resource": ["*"],
        "Condition": {"DateLessThan": {"aws:TokenIssueTime": time}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | more]})


def cut(
    document: str, name: str = "AWSRevokeOlderSessions", operation: str = "PutRolePolicy"
) -> Ended | None:
    who = "roleName" if "Role" in operation else "userName"
    result = effects(
        operation, requestParameters={who: "payments", "policyName": name, "policyDocument": document}
    )
    assert all(isinstance(effect, Ended) for effect in result)
    return result[0] if result else None  # type: ignore[return-value]


def test_revoking_a_roles_sessions_cuts_those_issued_before_the_policys_time() -> None:
    result = cut(older_sessions("2026-11-22T09:59:59.250Z"))
    assert result == Ended(
        "PutRolePolicy AWSRevokeOlderSessions", "cut", identity=f"{AT}:role/payments", at=TEN - 750_000
    )
    assert cut(older_sessions("2026-11-22T09:59:59.250Z"), name="own name") == result
    assert cut(quote(older_sessions("2026-11-22T09:59:59.250Z"))) == result


def test_users_sessions_are_cut_alike() -> None:
    result = cut(older_sessions("2026-11-22T10:00:00Z"), operation="PutUserPolicy")
    assert result is not None and result.identity == f"{AT}:user/payments" and result.at == TEN


@pytest.mark.parametrize("time", ["2026-11-22T03:00:00Z", "2030-01-01T00:00:00Z"])
def test_a_cut_never_works_before_its_policy_was_put_nor_waits_for_a_far_time(time: str) -> None:
    result = cut(older_sessions(time))
    assert result is not None and result.at == TEN


@pytest.mark.parametrize(
    "document",
    [
        older_sessions("2026-11-22T10:00:00Z", Effect="Allow"),
        older_sessions("2026-11-22T10:00:00Z", Action="s3:*"),
        older_sessions("2026-11-22T10:00:00Z", Resource="arn:aws:s3:::b/*"),
        older_sessions(
            "2026-11-22T10:00:00Z",
            Condition={"DateGreaterThan": {"aws:TokenIssueTime": "2026-11-22T10:00:00Z"}},
        ),
        older_sessions(
            "2026-11-22T10:00:00Z",
            Condition={
                "DateLessThan": {"aws:TokenIssueTime": "2026-11-22T10:00:00Z"},
                "StringEquals": {"aws:x": "y"},
            },
        ),
        '{"aws:TokenIssueTime": broken',
        json.dumps({"Statement": "aws:TokenIssueTime"}),
        json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}),
    ],
)
def test_a_narrower_or_other_policy_cuts_nothing(document: str) -> None:
    assert cut(document) is None


def test_a_revoking_policy_whose_document_is_gone_cuts_at_its_own_time() -> None:
    result = cut("")
    assert result is not None and result.at == TEN


def test_denying_everything_cuts_and_its_removal_restores() -> None:
    ask = {"roleName": "payments", "policyArn": "arn:aws:iam::aws:policy/AWSDenyAll"}
    (cut_,) = effects("AttachRolePolicy", requestParameters=ask)
    (back,) = effects("DetachRolePolicy", requestParameters=ask)
    assert isinstance(cut_, Ended) and (cut_.kind, cut_.identity) == ("cut", f"{AT}:role/payments")
    assert isinstance(back, Restored) and (back.kind, back.identity) == ("cut", f"{AT}:role/payments")
    (undone,) = effects(
        "DeleteRolePolicy", requestParameters={"roleName": "payments", "policyName": "AWSRevokeOlderSessions"}
    )
    assert isinstance(undone, Restored) and undone.kind == "cut"
    other = ask | {"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    (given,) = effects("AttachRolePolicy", requestParameters=other)
    assert isinstance(given, Granted) and given.identities == (f"{AT}:role/payments",)


DOCUMENT = '{"Statement": [{"Effect": "Allow", "Action": %s, "Resource": "*"}]}'


@pytest.mark.parametrize(
    ("operation", "service", "more", "what"),
    [
        ("AttachUserPolicy", "iam", {"policyArn": "arn:aws:iam::aws:policy/job-function/B"}, "policy/B"),
        ("PutUserPolicy", "iam", {"policyName": "p", "policyDocument": DOCUMENT % '"s3:Get*"'}, "inline/p"),
        ("AddUserToGroup", "iam", {"groupName": "admins"}, "group/admins"),
        ("DeleteUserPermissionsBoundary", "iam", {}, "no-boundary"),
        ("CreateAccessEntry", "eks", {"name": "c1"}, "access/c1"),
        ("AssociateAccessPolicy", "eks",
         {"name": "c1", "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"},
         "access/c1/AmazonEKSClusterAdminPolicy"),
    ],
)  # fmt: skip
def test_what_is_given_and_what_takes_it_away_name_one_grant(
    operation: str, service: str, more: dict[str, str], what: str
) -> None:
    ask = {"userName": "bot", "principalArn": "arn:aws:iam::111122223333:user/bot", **more}
    taken = {
        "AttachUserPolicy": "DetachUserPolicy", "PutUserPolicy": "DeleteUserPolicy",
        "AddUserToGroup": "RemoveUserFromGroup", "CreateAccessEntry": "DeleteAccessEntry",
        "DeleteUserPermissionsBoundary": "PutUserPermissionsBoundary",
        "AssociateAccessPolicy": "DisassociateAccessPolicy",
    }[operation]  # fmt: skip
    given = effects(operation, service, requestParameters=ask)[0]
    gone = effects(taken, service, requestParameters=ask)[0]
    assert isinstance(given, Granted) and isinstance(gone, Withdrawn)
    assert given.grant == gone.grant == f"{AT}:grant/user/bot/{what}"
    assert given.identities == gone.identities == (f"{AT}:user/bot",)


@pytest.mark.parametrize(
    ("document", "wide"),
    [(DOCUMENT % '"*"', True), (DOCUMENT % '["s3:Get*", "iam:*"]', True), (DOCUMENT % '"s3:*"', False),
     ('{"Statement": {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}}', True)],
)  # fmt: skip
def test_an_inline_policy_that_allows_everything_is_a_grant_of_its_own(document: str, wide: bool) -> None:
    ask = {"roleName": "payments", "policyName": "p", "policyDocument": document}
    given = [e for e in effects("PutRolePolicy", requestParameters=ask) if isinstance(e, Granted)]
    assert (f"{AT}:policy/everything" in {e.role for e in given}) == wide and given


def test_a_policy_that_only_denies_gives_nothing() -> None:
    ask = {"roleName": "r", "policyName": "p", "policyDocument": DOCUMENT.replace("Allow", "Deny") % '"*"'}
    assert effects("PutRolePolicy", requestParameters=ask) == ()


@pytest.mark.parametrize(
    ("operation", "service"), [("GetAccessKeyLastUsed", "iam"), ("GetAccessKeyInfo", "sts")]
)
def test_an_administrator_asking_about_a_key_does_not_use_it(operation: str, service: str) -> None:
    one = activity(operation, service, requestParameters={"accessKeyId": OTHER})
    assert (one.target, one.credential, one.effects) == (f"aws:key/{OTHER}", f"aws:key/{KEY}", ())


@pytest.mark.parametrize(
    ("operation", "service", "request_", "target"),
    [
        ("AssumeRole", "sts", ASK, "aws:444455556666:role/audit"),
        ("DeleteUser", "iam", {"userName": "bot"}, f"{AT}:user/bot"),
        ("PutRolePolicy", "iam", {"roleName": "r"}, f"{AT}:role/r"),
        ("GetObject", "s3", {"userName": "bot"}, ""),
        ("ListUsers", "iam", None, ""),
    ],
)
def test_the_target_is_whom_the_call_is_about(
    operation: str, service: str, request_: Any, target: str
) -> None:
    assert activity(operation, service, requestParameters=request_).target == target


def test_iam_acts_in_the_account_that_got_the_event() -> None:
    far = {**USER, "arn": "arn:aws:iam::999988887777:user/admin"}
    (ended,) = effects("DeleteUser", userIdentity=far, requestParameters={"userName": "bot"})
    assert isinstance(ended, Ended) and ended.identity == f"{AT}:user/bot"


def test_no_secret_reaches_an_activity() -> None:
    secret = "never-to-be-stored"
    answer = {
        **ASSUMED,
        "accessKey": {"accessKeyId": OTHER, "secretAccessKey": secret},
        "serviceSpecificCredential": {"serviceSpecificCredentialId": "ACCA", "servicePassword": secret},
        "secretString": secret,
        "ciphertextBlob": secret,
    }
    ask = {
        "password": secret,
        "secretString": secret,
        "webIdentityToken": secret,
        "sAMLAssertion": secret,
        "newPassword": secret,
        "userName": "bot",
    }
    for operation, service in [
        ("AssumeRole", "sts"),
        ("CreateAccessKey", "iam"),
        ("CreateLoginProfile", "iam"),
        ("PutSecretValue", "secretsmanager"),
        ("CreateServiceSpecificCredential", "iam"),
        ("AssumeRoleWithWebIdentity", "sts"),
        ("ChangePassword", "iam"),
    ]:
        one = activity(operation, service, requestParameters=ask, responseElements=answer, errorMessage=None)
        assert secret.encode() not in msgspec.json.encode(one)
    assert reading(b"").activities == []


def test_a_renamed_user_is_the_same_under_its_new_name() -> None:
    result = effects("UpdateUser", requestParameters={"userName": "bot", "newUserName": "svc-x"})
    old, new = f"{AT}:user/bot", f"{AT}:user/svc-x"
    assert [(e.alias, e.identity, e.alive) for e in all_of(Aliased, result)] == [
        (old, new, True),
        (new, old, False),
    ]
    assert effects("UpdateUser", requestParameters={"userName": "bot", "newPath": "/ci/"}) == ()


def test_a_role_that_is_taken_on_in_the_console_came_from_the_session_there() -> None:
    asked_by = f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/jo"
    more: dict[str, Any] = {"userIdentity": ROLE, "responseElements": {"SwitchRole": "Success"}}
    made = effects("SwitchRole", "signin", additionalEventData={"SwitchFrom": asked_by}, **more)
    before = f"{AT}:console/jo/2026-11-22T10:00:00Z"
    assert Known(before, f"{AT}:role/ops", session="jo", opened=TEN - 10 * SECOND) in made
    issued = next(e for e in made if isinstance(e, Issued))
    assert issued.credential == f"{AT}:console/i-0abc/2026-11-22T09:00:00Z"
    assert (issued.identity, issued.session) == (f"{AT}:role/payments", "i-0abc")
    assert issued.parents == {before: Parent("came_from", f"{AT}:role/ops")}
    user = {"SwitchFrom": f"arn:aws:iam::{ACCOUNT}:user/jo"}
    issued = next(
        e for e in effects("SwitchRole", "signin", additionalEventData=user, **more) if isinstance(e, Issued)
    )
    assert issued.parents == {f"{AT}:password/jo": Parent("came_from", f"{AT}:user/jo")}
    failed: dict[str, Any] = more | {"responseElements": {"SwitchRole": "Failure"}}
    none = effects("SwitchRole", "signin", additionalEventData=user, **failed)
    assert not any(isinstance(e, Issued) for e in none)


def test_a_token_for_a_sign_in_comes_with_a_credential_that_was_issued_for_it() -> None:
    answer = {"credentials": ASSUMED["credentials"], "GetSigninToken": "Success"}
    issued = effects("GetSigninToken", "signin", userIdentity=ROLE, responseElements=answer)[0]
    assert isinstance(issued, Issued) and issued.credential == f"aws:key/{OTHER}"
    assert issued.parents == {f"aws:key/{SESSION}": Parent("came_from", f"{AT}:role/payments")}
    assert not any(
        isinstance(e, Issued)
        for e in effects("GetSigninToken", "signin", responseElements={"GetSigninToken": "Success"})
    )
