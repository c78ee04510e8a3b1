"""OCSF events of the five classes that say something about credentials."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.activity import Activity, Ended, EndFailed, Issued, Parent, Restored
from schemas.evidence import SECOND
from schemas.sources import Context, Reading, detect
from schemas.sources.ocsf import read

CONTEXT = Context("lake", b"site")
USER = "aws:111122223333:user/deployer"
KEY = "aws:key/AKIAIOSFODNN7EXAMPLE"


def event(class_uid: int = 6003, activity_id: int = 2, **more: Any) -> dict[str, Any]:
    return {
        "class_uid": class_uid,
        "category_uid": class_uid // 1000,
        "activity_id": activity_id,
        "severity_id": 1,
        "type_uid": class_uid * 100 + activity_id,
        "time": 1795341600123,
        "status_id": 1,
        "metadata": {"uid": "evt-1", "version": "1.8.0", "product": {"name": "x", "vendor_name": "y"}},
        "cloud": {"provider": "AWS", "account": {"uid": "111122223333"}},
        "actor": {
            "user": {
                "uid": "arn:aws:iam::111122223333:user/ci/deployer",
                "name": "deployer",
                "credential_uid": "AKIAIOSFODNN7EXAMPLE",
            }
        },
        "api": {"operation": "GetObject", "service": {"name": "s3.amazonaws.com"}},
        "src_endpoint": {"ip": "198.51.100.7"},
        "http_request": {"user_agent": "aws-cli/2"},
    } | more


def reading(record: object) -> Reading:
    return read(record if isinstance(record, bytes) else json.dumps(record).encode(), CONTEXT)


def activity(record: object) -> Activity:
    result = reading(record)
    assert not result.rejects, result.rejects
    (one,) = result.activities
    return one


def test_a_call_of_an_api() -> None:
    one = activity(event())
    assert (one.uid, one.time, one.source) == ("evt-1", 1_795_341_600 * SECOND + 123_000, "ocsf")
    assert (one.identity, one.credential, one.actor_name) == (USER, KEY, "deployer")
    assert (one.operation, one.service, one.outcome) == ("GetObject", "s3.amazonaws.com", "succeeded")
    assert (one.place, one.client) == ("198.51.100.7", "aws-cli/2")


def test_a_role_acts_by_the_issuer_of_its_session() -> None:
    actor = {
        "user": {"uid": "AROAEXAMPLE:i-0abc", "credential_uid": "ASIAIOSFODNN7EXAMPLE"},
        "session": {"uid": "i-0abc", "issuer": "arn:aws:iam::111122223333:role/payments"},
    }
    one = activity(event(actor=actor))
    assert (one.identity, one.credential) == (
        "aws:111122223333:role/payments",
        "aws:key/ASIAIOSFODNN7EXAMPLE",
    )


@pytest.mark.parametrize(
    ("uid", "credential"),
    [
        (
            "//iam.googleapis.com/projects/p/serviceAccounts/a@p.iam.gserviceaccount.com/keys/k",
            "gcp:key/a@p.iam.gserviceaccount.com/k",
        ),
        ("vault:prod:accessor/x", "vault:prod:accessor/x"),
        ("cred-7", "ocsf:111122223333:credential/cred-7"),
    ],
)
def test_a_credential_goes_by_a_form_that_is_recognised_else_as_it_is_given(
    uid: str, credential: str
) -> None:
    assert activity(event(actor={"user": {"uid": "u-1", "credential_uid": uid}})).credential == credential


def test_an_unknown_user_is_one_of_its_account_or_of_the_installation() -> None:
    actor = {"user": {"uid": "u-1"}}
    assert activity(event(actor=actor)).identity == "ocsf:111122223333:user/u-1"
    assert activity(event(actor=actor, cloud={})).identity == "ocsf:lake:user/u-1"
    assert activity(event(actor={"app_uid": "a-1"}, cloud={})).identity == "ocsf:lake:app/a-1"


def test_a_bare_token_is_masked_and_one_with_an_id_is_not() -> None:
    actor = {"user": {"uid": "u-1"}}
    bare = event(actor=actor, api={"operation": "x", "token": "hvs.CAESIJ-very-secret"})
    assert activity(bare).credential.startswith("secret:unknown/hmac-") and "very-secret" not in repr(
        activity(bare)
    )
    known = event(actor=actor, api={"operation": "x", "token": {"uid": "t-1", "type_id": 3}})
    assert activity(known).credential == "ocsf:111122223333:token/t-1"


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ({"status_id": 2, "api": {"operation": "x", "response": {"error": "AccessDenied"}}}, "forbidden"),
        ({"status_id": 2, "api": {"operation": "x", "response": {"code": 401}}}, "unauthenticated"),
        ({"status_id": 2, "status_code": "InvalidClientTokenId"}, "unauthenticated"),
        ({"status_id": 2, "http_response": {"code": 403}}, "forbidden"),
        ({"status_id": 2, "action_id": 2}, "forbidden"),
        ({"status_id": 2}, "failed"),
        ({"status_id": 0}, "unknown"),
        ({"status_id": None}, "unknown"),
    ],
)
def test_how_a_call_ended(result: dict[str, Any], outcome: str) -> None:
    assert activity(event(**result)).outcome == outcome


def test_calls_that_write_identities_or_read_secrets_are_known_by_their_services() -> None:
    made = event(api={"operation": "CreateAccessKey", "service": {"name": "iam.amazonaws.com"}})
    read_ = event(api={"operation": "GetSecretValue", "service": {"name": "secretsmanager.amazonaws.com"}})
    assert (activity(made).action, activity(read_).action) == ("identity_write", "secret_read")


ABOUT = {"user": {"uid": "arn:aws:iam::111122223333:user/bot", "name": "bot"}}
BOT = "aws:111122223333:user/bot"


@pytest.mark.parametrize(
    ("activity_id", "effect"),
    [
        (1, Restored("x", "remade", identity=BOT)),
        (2, Restored("x", "disabled", identity=BOT)),
        (5, Ended("x", "disabled", identity=BOT)),
        (6, Ended("x", "deleted", identity=BOT)),
        (9, Ended("x", "disabled", identity=BOT)),
        (12, Restored("x", "disabled", identity=BOT)),
        (3, None),
        (7, None),
    ],
)
def test_changes_of_an_account(activity_id: int, effect: object) -> None:
    one = activity(event(3001, activity_id, api={"operation": "x"}, **ABOUT))
    assert one.effects == ((effect,) if effect else ())
    assert (one.identity, one.target, one.action) == (USER, BOT, "identity_write")


def test_a_change_of_one_credential_of_an_account_is_none_of_the_account() -> None:
    user = ABOUT["user"] | {"programmatic_credentials": [{"uid": "AKIAI44QH8DHBEXAMPLE"}]}
    gone = activity(event(3001, 6, api={"operation": "DeleteAccessKey"}, user=user))
    assert gone.effects == (Ended("DeleteAccessKey", "deleted", "aws:key/AKIAI44QH8DHBEXAMPLE", BOT),)
    made = activity(event(3001, 1, api={"operation": "CreateAccessKey"}, user=user))
    assert made.effects == (Issued("aws:key/AKIAI44QH8DHBEXAMPLE", BOT),)


def test_a_refused_change_was_only_tried() -> None:
    one = activity(event(3001, 6, status_id=2, api={"operation": "x"}, **ABOUT))
    assert one.effects == (EndFailed("x", "", BOT),)


def test_entities_that_are_credentials_or_identities_live_and_die() -> None:
    token = {"uid": "tok-1", "type": "API token", "type_id": 99, "user": {"uid": "u-1"}}
    key, holder = "ocsf:111122223333:credential/tok-1", "ocsf:111122223333:user/u-1"
    made = activity(event(3004, 1, entity=token))
    assert made.effects == (Issued(key, holder, "token", parents={KEY: Parent("made_by", USER)}),)
    gone = activity(event(3004, 4, entity=token, api={"operation": "x"}))
    assert gone.effects == (Ended("x", "deleted", key, holder),)
    agent = {"uid": "a-1", "type": "AI agent"}
    paused = activity(event(3004, 12, entity=agent, api={"operation": "x"}))
    assert paused.effects == (Ended("x", "disabled", identity="ocsf:111122223333:entity/a-1"),)
    assert activity(event(3004, 2, entity=agent)).action == ""
    assert activity(event(3004, 4, entity={"uid": "z", "type": "Network Zone"})).effects == ()


def test_a_log_on_is_a_use_of_a_credential_and_issues_a_session() -> None:
    more: dict[str, Any] = {
        "user": {"uid": "u-1", "credential_uid": "cred-7"},
        "actor": {},
        "session": {"uid": "s-1", "expiration_time": 1795345200000},
    }
    one = activity(event(3002, 1, **more))
    key, session, holder = (
        f"ocsf:111122223333:{name}" for name in ("credential/cred-7", "session/s-1", "user/u-1")
    )
    assert (one.identity, one.credential, one.outcome) == (holder, key, "succeeded")
    parents = {key: Parent("came_from", holder)}
    assert one.effects == (
        Issued(session, holder, "session", parents=parents, expires=1_795_345_200 * SECOND),
    )
    refused = activity(event(3002, 1, status_id=2, **more))
    assert (refused.outcome, refused.effects) == ("unauthenticated", ())
    off = activity(event(3002, 2, **more))
    assert off.effects == (Ended("Logoff", "revoked", session, holder),)


def test_datastore_activity_is_about_its_data() -> None:
    one = activity(event(6005, 1, databucket={"name": "orders"}))
    assert (one.resource, one.identity, one.credential) == ("orders", USER, KEY)


@pytest.mark.parametrize("shape", [[event()], {"events": [event()]}])
def test_an_event_is_the_same_in_every_shape(shape: object) -> None:
    record = json.dumps(shape).encode()
    assert detect(record) == "ocsf"
    assert activity(record) == activity(event())


def test_a_time_may_be_a_text() -> None:
    assert activity(event(time=None, time_dt="2026-11-22T10:00:00.123Z")) == activity(event())


@pytest.mark.parametrize(
    ("broken", "field", "reason"),
    [
        (event(2004), "class_uid", "2004 is not a class that is read"),
        (event(time=None), "time", "is missing or not a time"),
        (event(time=True), "time", "is missing or not a time"),
        ([7], "", "is not a JSON object"),
    ],
)
def test_what_is_broken_or_of_another_class_is_a_reject_with_its_place(
    broken: object, field: str, reason: str
) -> None:
    result = reading(broken)
    assert not result.activities and [(r.field, r.reason) for r in result.rejects] == [(field, reason)]


# What a producer wrote in captions, and what old versions call otherwise.

RC_2 = {"uid": "evt-1", "version": "1.0.0-rc.2", "product": {"name": "CloudTrail", "vendor_name": "AWS"}}


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ({"status_id": None, "status": "Success"}, "succeeded"),
        ({"status_id": None, "status": "FAILURE"}, "failed"),
        ({"status_id": None, "status": "Failure", "action": "Denied"}, "forbidden"),
        ({"status_id": 2, "status": "Success"}, "failed"),
        ({"status_id": None, "status": "Successful retry pending"}, "unknown"),
    ],
)
def test_an_outcome_is_told_by_its_caption_where_there_is_no_number(
    result: dict[str, Any], outcome: str
) -> None:
    assert activity(event(**result)).outcome == outcome


def test_class_and_activity_are_told_by_type_or_captions_alone() -> None:
    user = {"uid": "arn:aws:iam::111122223333:user/batch", "name": "batch"}
    bare = event(user=user) | {"class_uid": None, "activity_id": None}
    ended = (Ended("GetObject", "deleted", identity="aws:111122223333:user/batch"),)
    by_type = bare | {"type_uid": 300106}
    assert activity(by_type).effects == ended and detect(json.dumps(by_type).encode()) == "ocsf"
    by_name = bare | {"type_uid": None, "class_name": "Account Change", "activity_name": "Delete"}
    assert activity(by_name).effects == ended and detect(json.dumps(by_name).encode()) == "ocsf"
    assert activity(event(3001, 2, user=user, activity_name="Delete")).effects != ended


def test_the_class_of_calls_had_another_number_before_1_0() -> None:
    assert activity(event(3005, metadata=RC_2)).identity == USER
    assert activity(event(3005, class_name="API Activity")).identity == USER
    assert reading(event(3005)).rejects
    assert reading(event(3005, metadata=RC_2, class_name="User Access Management")).rejects


@pytest.mark.parametrize(
    ("user", "identity"),
    [
        ({"uid": "AIDAX", "uuid": "arn:aws:iam::111122223333:user/ci/deployer"}, USER),
        ({"uid": "AIDAX", "type": "IAMUser", "account_uid": "111122223333", "name": "deployer"}, USER),
        (
            {"uid": "AROAX:i-1", "uuid": "arn:aws:sts::111122223333:assumed-role/edge/i-1"},
            "aws:111122223333:role/edge",
        ),
        ({"uid": "111122223333", "type": "Root", "account_uid": "111122223333"}, "aws:111122223333:root"),
        ({"uid": "AIDAX", "name": "deployer"}, "ocsf:lake:user/AIDAX"),
    ],
)
def test_a_user_of_an_old_version_joins_the_trail_s_own(user: dict[str, Any], identity: str) -> None:
    one = event(3005, metadata=RC_2, actor={"user": user}, cloud={"provider": "AWS"})
    assert activity(one).identity == identity


def test_another_product_s_user_of_that_kind_is_not_aws_s() -> None:
    user = {"uid": "7", "type": "IAMUser", "account_uid": "111122223333", "name": "deployer"}
    assert activity(event(actor={"user": user}, cloud={})).identity == "ocsf:lake:user/7"


def test_a_changed_user_is_named_by_its_name_in_the_trail_s_account() -> None:
    more = {"user": {"name": "batch"}, "unmapped": {"recipientAccountId": "111122223333"}, "cloud": {}}
    result = activity(event(3001, 6, metadata=RC_2, **more))
    assert result.effects == (Ended("GetObject", "deleted", identity="aws:111122223333:user/batch"),)


def test_the_autonomous_system_of_a_caller_is_the_one_that_the_record_names() -> None:
    caller = {"ip": "203.0.113.9", "autonomous_system": {"number": 64500, "name": "example"}}
    assert activity(event(src_endpoint=caller)).asn == 64500
    assert activity(event()).asn == 0
