"""What sources record as a rotation, and what they do not."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.activity import Activity, Effect, Fetched, Rotated
from schemas.evidence import SECOND
from tests.support.cloudtrail import ACCOUNT, activity, effects
from tests.support.kubernetes import ACCOUNT as MAILER
from tests.support.kubernetes import ADMIN, event, ref
from tests.support.kubernetes import effects as effects_of

ARN = f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:prod/db-AbC123"
SECRET = f"aws:{ACCOUNT}:secret/prod/db"
WHICH = "eu-central-1 AbC123"
TEN = 1_795_341_600 * SECOND


def secrets(operation: str, request: dict[str, Any] | None = None, **more: Any) -> tuple[Effect, ...]:
    return effects(operation, "secretsmanager", requestParameters=request, **more)


def test_a_moved_stage_is_a_rotation_that_names_its_successor() -> None:
    request = {
        "secretId": ARN,
        "versionStage": "AWSCURRENT",
        "moveToVersionId": "v2",
        "removeFromVersionId": "v1",
    }
    assert secrets("UpdateSecretVersionStage", request) == (
        Rotated(SECRET, successor="version v2", how="UpdateSecretVersionStage", which=WHICH),
    )


def test_the_stages_of_a_rotation_under_way_are_none_yet() -> None:
    request = {"secretId": ARN, "versionStage": "AWSPENDING", "moveToVersionId": "v2"}
    assert secrets("UpdateSecretVersionStage", request) == ()
    assert secrets("RotateSecret", {"secretId": ARN}) == ()


def test_the_services_own_event_tells_a_rotation_without_naming_versions() -> None:
    more: dict[str, Any] = {"eventType": "AwsServiceEvent", "additionalEventData": {"SecretId": ARN}}
    assert secrets("RotationSucceeded", **more) == (Rotated(SECRET, how="RotationSucceeded", which=WHICH),)
    assert secrets("RotationFailed", **more) == ()


@pytest.mark.parametrize(
    ("asked", "version"),
    [
        ({}, "stage AWSCURRENT"),
        ({"versionStage": "AWSPREVIOUS"}, "stage AWSPREVIOUS"),
        ({"versionId": "v1", "versionStage": "AWSPREVIOUS"}, "version v1"),
    ],
)
def test_a_read_tells_which_version_was_given(asked: dict[str, str], version: str) -> None:
    for name in (ARN, "prod/db"):
        which = WHICH if name == ARN else "us-east-1"
        assert secrets("GetSecretValue", {"secretId": name, **asked}) == (Fetched(SECRET, version, which),)


def test_a_refused_read_gives_nothing_and_a_new_key_is_no_rotation() -> None:
    assert secrets("GetSecretValue", {"secretId": ARN}, errorCode="AccessDenied") == ()
    answer = {"accessKey": {"userName": "bot", "accessKeyId": "AKIAI44QH8DHBEXAMPLE"}}
    made: Activity = activity("CreateAccessKey", "iam", responseElements=answer)
    assert not [e for e in made.effects if isinstance(e, Rotated)]


def annotated(name: str, value: str) -> list[Rotated]:
    body = {"metadata": {"annotations": {name: value}}}
    line = event(4, user=ADMIN, verb="patch", objectRef=ref("serviceaccounts", "mailer"), requestObject=body)
    return [e for e in effects_of(line) if isinstance(e, Rotated)]


@pytest.mark.parametrize(
    "name", ["rotation.example.com/cutover", "rotation.corp.net/cut-over", "nhi/rotation-cutover"]
)
def test_an_annotated_cut_over_ends_the_use_of_what_was_made_before(name: str) -> None:
    (rotated,) = annotated(name, "2026-11-22T10:00:00Z")
    assert (rotated.subject, rotated.at, rotated.overlap, rotated.successor) == (MAILER, TEN, 0, "")


def test_other_annotations_and_values_that_are_no_time_say_nothing() -> None:
    assert annotated("rotation.example.com/every", "2026-11-22T10:00:00Z") == []
    assert annotated("rotation.example.com/cutover", "soon") == []


def test_the_object_in_an_answer_repeats_old_annotations_and_declares_nothing_anew() -> None:
    body = {"metadata": {"annotations": {"rotation.example.com/cutover": "2026-11-22T10:00:00Z"}}}
    line = event(4, user=ADMIN, verb="patch", objectRef=ref("serviceaccounts", "mailer"), responseObject=body)
    assert not [e for e in effects_of(line) if isinstance(e, Rotated)]
