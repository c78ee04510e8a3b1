"""Reports of leaked credentials: who could read what, and no secret goes further."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from schemas.activity import Activity, Ended, Exposed, Restored
from schemas.evidence import SECOND
from schemas.sources import Context, Reading, detect
from schemas.sources.leaks import read
from tests.support.leaks import alert, webhook

CONTEXT = Context("prod", b"site", arrived=1_795_400_000 * SECOND)
CREATED = 1_795_341_600 * SECOND
KEY = "aws:key/AKIAQYLPMN5HFIQR7XYA"
TOLD = "GitHub shop/web#7"
LEAK_REPORT = "leak:report/github/shop/web#7"
NAMED = Exposed(f"{TOLD}: names its secret", LEAK_REPORT, "", True, CREATED, LEAK_REPORT)
EXPOSED = Exposed(TOLD, KEY, at=CREATED, report=LEAK_REPORT)


def reading(record: object, context: Context = CONTEXT) -> Reading:
    return read(json.dumps(record).encode(), context)


def activity(record: object) -> Activity:
    result = reading(record)
    assert not result.rejects, result.rejects
    (one,) = result.activities
    return one


def test_an_alert_exposes_the_credential_since_it_was_made() -> None:
    record = webhook()
    assert detect(json.dumps(record).encode()) == "leaks"
    one = activity(record)
    assert (one.uid, one.time, one.source, one.target) == ("github:shop/web#7:created", CREATED, "leaks", KEY)
    assert (one.identity, one.credential) == ("", ""), "a report is no use"
    assert one.effects == (EXPOSED, NAMED)


@pytest.mark.parametrize(
    ("kind", "secret", "credential"),
    [
        ("aws_access_key_id", "AKIA01U43UX3RBRDXF4Q", "aws:key/AKIA01U43UX3RBRDXF4Q"),
        ("aws_secret_access_key", "AKIAQYLPMN5HFIQR7XYA:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", KEY),
        (
            "google_cloud_service_account_credentials",
            json.dumps(
                {
                    "type": "service_account",
                    "project_id": "p",
                    "private_key_id": "k1",
                    "private_key": "-----BEGIN",
                    "client_email": "a@p.iam.gserviceaccount.com",
                }
            ),
            "gcp:key/a@p.iam.gserviceaccount.com/k1",
        ),
    ],
)
def test_ids_that_are_no_secrets_are_kept_and_the_rest_is_dropped(
    kind: str, secret: str, credential: str
) -> None:
    one = activity(webhook(secret=secret, kind=kind))
    assert one.target == credential
    assert "wJalr" not in repr(one) and "BEGIN" not in repr(one)


def test_a_key_file_says_whose_key_it_is() -> None:
    secret = json.dumps({"private_key_id": "k1", "client_email": "a@p.iam.gserviceaccount.com"})
    effect = activity(webhook(secret=secret, kind="g")).effects[0]
    assert isinstance(effect, Exposed) and effect.identity == "gcp:p:a@p.iam.gserviceaccount.com"


def jwt_of(**claims: Any) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJSUzI1NiJ9.{body}.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("secret", "prefix"),
    [
        ("hvs.CAESIJ1aB2cD3eF4gH5iJ6kL7mN8oP9q", "vault:prod:token/hmac-"),
        (
            jwt_of(
                jti="J-1", iss="https://kubernetes.default.svc", **{"kubernetes.io": {"namespace": "web"}}
            ),
            "k8s:prod:jti/J-1",
        ),
        (jwt_of(jti="J-1", iss="https://idp.example.com"), "oidc:idp.example.com:jti/J-1"),
        (jwt_of(sub="nobody"), "secret:jwt/hmac-"),
        ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "secret:github/hmac-"),
        ("{not a key file", "secret:unknown/hmac-"),
    ],
)
def test_every_other_secret_is_masked_at_once(secret: str, prefix: str) -> None:
    one = activity(webhook(secret=secret, kind="Some kind"))
    assert one.target.startswith(prefix)
    assert secret not in repr(one)


def test_a_webhook_without_the_secret_names_no_credential_and_says_so() -> None:
    one = activity(webhook(secret=None))
    assert (one.effects, one.target) == ((Exposed(TOLD, LEAK_REPORT, at=CREATED, report=LEAK_REPORT),), "")
    assert one.error == "names no credential, only its kind: aws_access_key_id"


def test_alerts_are_listed_by_the_api_with_their_secrets() -> None:
    listed = [alert("AKIAQYLPMN5HFIQR7XYA", repository={"full_name": "shop/web"})]
    assert detect(json.dumps(listed).encode()) == "leaks"
    assert activity(listed).effects == (EXPOSED, NAMED)


def test_a_public_leak_is_told() -> None:
    effect = activity(webhook("publicly_leaked", updated_at="2026-11-22T11:00:00Z")).effects[0]
    assert isinstance(effect, Exposed) and effect.how == f"publicly leaked: {TOLD}" and effect.at == CREATED


def test_a_resolution_as_revoked_is_a_claim_from_then_on() -> None:
    more = {"resolution": "revoked", "resolved_at": "2026-11-22T12:00:00Z", "state": "resolved"}
    one = activity(webhook("resolved", **more))
    at = CREATED + 7200 * SECOND
    assert one.time == at
    ended = Ended(f"{TOLD}: resolved as revoked", "declared", KEY, claims_cut=False, at=at)
    assert one.effects == (EXPOSED, ended, NAMED)


@pytest.mark.parametrize("resolution", ["false_positive", "used_in_tests"])
def test_test_secrets_and_false_alarms_take_the_exposure_back(resolution: str) -> None:
    more = {"resolution": resolution, "resolved_at": "2026-11-22T12:00:00Z", "state": "resolved"}
    back = activity(webhook("resolved", **more)).effects[1]
    assert back == Exposed(f"{TOLD}: {resolution}", KEY, "", True, CREATED + 7200 * SECOND, LEAK_REPORT)


@pytest.mark.parametrize("resolution", ["wont_fix", "pattern_deleted", None])
def test_other_resolutions_change_nothing(resolution: str | None) -> None:
    more = {"resolution": resolution, "resolved_at": "2026-11-22T12:00:00Z", "state": "resolved"}
    assert activity(webhook("resolved", **more)).effects == (EXPOSED, NAMED)


def test_an_alert_that_is_open_later_than_it_was_made_is_exposed_then_too_and_another_event() -> None:
    later, at = "2026-11-22T12:00:00Z", CREATED + 7200 * SECOND
    for one in (
        activity(alert("AKIAQYLPMN5HFIQR7XYA", updated_at=later, repository={"full_name": "shop/web"})),
        activity(webhook("reopened", updated_at=later)),
    ):
        assert one.time == at and one.uid.endswith(f"@{later}")
        again = Exposed(f"{TOLD}, open again or still", KEY, "", False, at, LEAK_REPORT)
        assert one.effects[:2] == (EXPOSED, again)


def test_a_report_opened_again_without_its_secret_is_open_whatever_it_was_closed_as() -> None:
    later, at = "2026-11-22T12:00:00Z", CREATED + 7200 * SECOND
    (*_, restored) = activity(webhook("reopened", None, updated_at=later)).effects
    assert restored == Restored(f"{TOLD}: open", "declared", LEAK_REPORT, at=at)


def test_a_partners_notice_has_the_token_and_is_as_old_as_its_arrival() -> None:
    notice = [
        {
            "token": "AKIAQYLPMN5HFIQR7XYA",
            "type": "aws",
            "url": "https://github.com/o/r/blob/x/.env",
            "source": "commit",
        }
    ]
    assert detect(json.dumps(notice).encode()) == "leaks"
    one = activity(notice)
    assert (one.time, one.target) == (CONTEXT.arrived, KEY)
    assert [r.field for r in reading(notice, Context()).rejects] == ["time"]


def health(code: str = "AWS_RISK_CREDENTIALS_EXPOSED", **detail: Any) -> dict[str, Any]:
    result = {
        "eventArn": "arn:aws:health:us-east-1::event/RISK/x", "service": "RISK", "eventTypeCode": code,
        "eventTypeCategory": "issue", "startTime": "Sun, 22 Nov 2026 10:00:00 GMT",
        "affectedEntities": [{"entityValue": "AKIAQYLPMN5HFIQR7XYA"}],
    }  # fmt: skip
    return {
        "version": "0",
        "id": "7bf73129",
        "detail-type": "AWS Health Event",
        "source": "aws.health",
        "account": "111122223333",
        "time": "2026-11-22T10:05:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": result | detail,
    }


def test_aws_health_names_the_key_it_found() -> None:
    assert detect(json.dumps(health()).encode()) == "leaks"
    one = activity(health())
    assert (one.uid, one.time, one.target) == ("7bf73129", CREATED, KEY)
    assert one.effects == (Exposed("AWS Health AWS_RISK_CREDENTIALS_EXPOSED", KEY),)


def test_aws_health_may_name_only_the_user() -> None:
    one = activity(health(affectedEntities=[{"entityValue": "ci-bot"}]))
    assert one.effects == (
        Exposed("AWS Health AWS_RISK_CREDENTIALS_EXPOSED", identity="aws:111122223333:user/ci-bot"),
    )


def test_trusted_advisor_names_key_and_user() -> None:
    item = {
        "Access Key ID": "AKIAQYLPMN5HFIQR7XYA",
        "User Name (IAM or Root)": "ci-bot",
        "Location": "github.com/x?y=z",
    }
    event = health() | {
        "source": "aws.trustedadvisor",
        "detail": {"check-name": "Exposed Access Keys", "check-item-detail": item},
    }
    one = activity(event)
    assert one.effects == (
        Exposed("Trusted Advisor Exposed Access Keys", KEY, "aws:111122223333:user/ci-bot"),
    )
    assert one.resource == "github.com/x"


def test_health_of_other_things_is_passed() -> None:
    result = reading(
        [
            health("AWS_EC2_OPERATIONAL_ISSUE"),
            health() | {"source": "aws.trustedadvisor", "detail": {"check-name": "Cost"}},
        ]
    )
    assert (result.activities, result.rejects, result.passed) == ([], [], 2)


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (webhook(created_at="soon"), "alert.created_at"),
        (webhook(number=None), "alert.number"),
        ({"x": 1}, ""),
        ([7], ""),
        (health(startTime="soon") | {"time": ""}, "detail.startTime"),
    ],
)
def test_what_is_broken_is_a_reject_with_its_place(broken: object, field: str) -> None:
    result = reading(broken)
    assert not result.activities and [r.field for r in result.rejects] == [field]


def test_a_half_alert_is_rejected_without_its_secret() -> None:
    result = read(json.dumps(webhook(secret="hvs.CAESIJ1aB2cD3eF4gH5iJ6kL7mN8oP9q")).encode()[:-40], CONTEXT)
    assert not result.activities and len(result.rejects) == 1 and "hvs" not in repr(result)
