"""Logs that take less, and ways for logs that are cut, as vendors write them."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.activity import Activity
from schemas.evidence import iso
from schemas.verdict import Severity
from tests.support import azure, cloudtrail, gcp
from tests.support.declared import at, verdicts

NAME = "telemetry_gap"


def narrowed(when: float, management: bool = False, **more: Any) -> Activity:
    selectors = [{"readWriteType": "All", "includeManagementEvents": management, "dataResources": []}]
    ask = {"trailName": "main", "eventSelectors": selectors} | more
    return trail_call(when, "PutEventSelectors", ask)


def trail_call(when: float, operation: str, ask: dict[str, Any], who: str = "deployer") -> Activity:
    user = cloudtrail.USER | {"userName": who, "arn": f"arn:aws:iam::111122223333:user/{who}"}
    record = cloudtrail.event(
        operation, "cloudtrail", requestParameters=ask, userIdentity=user,
        eventTime=iso(at(when)), eventID=f"{operation} {when}",
    )  # fmt: skip
    (one,) = cloudtrail.reading(record).activities
    return one


MAIN = {"name": "main"}
BEFORE = trail_call(-9_000, "StartLogging", MAIN)


@pytest.mark.parametrize(
    ("many", "severities"),
    [
        pytest.param([BEFORE, narrowed(0)], [Severity.MEDIUM], id="it took all before"),
        pytest.param([narrowed(0)], [Severity.LOW], id="never seen to take all"),
        pytest.param([BEFORE, narrowed(0), trail_call(60, "StartLogging", MAIN)],
                     [Severity.MEDIUM], id="started again, and narrow yet"),
        pytest.param([trail_call(-60, "CreateTrail", MAIN), narrowed(0)], [], id="made so"),
        pytest.param([narrowed(0, management=True)], [], id="it takes all"),
        pytest.param(
            [narrowed(0, eventSelectors=None, advancedEventSelectors=[{"fieldSelectors": [
                {"field": "eventCategory", "equals": ["Management"]},
                {"field": "eventSource", "notEquals": ["kms.amazonaws.com"]}]}])],
            [], id="all but the calls of one service, as AWS offers",
        ),
        pytest.param(
            [narrowed(0, eventSelectors=None, advancedEventSelectors=[{"fieldSelectors": [
                {"field": "eventCategory", "equals": ["Management"]},
                {"field": "readOnly", "equals": ["false"]}]}])],
            [Severity.LOW], id="writes alone",
        ),
    ],
)  # fmt: skip
def test_a_trail_that_is_told_to_take_less(many: list[Activity], severities: list[Severity]) -> None:
    found = [v for v in verdicts(NAME, many) if v.value == "violated"]
    assert [v.severity for v in found] == severities


def test_a_trail_that_takes_all_again_is_proven() -> None:
    (verdict,) = verdicts(NAME, [narrowed(0), narrowed(9_000, management=True)])
    assert (verdict.value, verdict.severity) == ("proven", Severity.LOW)


def sink(word: str, when: float = 0, uid: str = "", **request: Any) -> Activity:
    entry = gcp.entry(
        f"google.logging.v2.ConfigServiceV2.{word}", "logging", authenticationInfo=gcp.BY_KEY,
        resourceName="projects/shop-prod/sinks/audit", request=request,
        entry_insertId=uid or f"{word} {when}", entry_timestamp=iso(at(when)),
    )  # fmt: skip
    return gcp.activity(entry)


OUT = {"filter": 'logName:"cloudaudit.googleapis.com"'}


@pytest.mark.parametrize(
    ("one", "fires"),
    [
        (sink("DeleteSink"), True),
        (sink("UpdateSink", sink={"name": "audit", "disabled": True}), True),
        (sink("UpdateSink", sink={"name": "audit", "exclusions": [{"name": "x", **OUT}]}), True),
        (sink("CreateExclusion", exclusion={"name": "x", **OUT}), True),
        (sink("UpdateSink", sink={"name": "audit", "destination": "storage.googleapis.com/b"}), False),
        (sink("CreateExclusion", exclusion={"name": "x", "filter": "severity<INFO"}), False),
        (sink("CreateSink", sink={"name": "audit"}), False),
    ],
    ids=str,
)
def test_ways_for_googles_logs_that_are_cut(one: Activity, fires: bool) -> None:
    assert [v.value for v in verdicts(NAME, [one])] == (["violated"] if fires else [])


def test_audit_logs_of_google_that_are_switched_off_for_a_service_or_for_one_member() -> None:
    def policy(when: float, **delta: Any) -> Activity:
        deltas = {"auditConfigDeltas": [{"service": "allServices", "logType": "DATA_READ", **delta}]}
        return gcp.activity(gcp.entry(
            "SetIamPolicy", "cloudresourcemanager", serviceData={"policyDelta": deltas},
            resourceName="projects/shop-prod", entry_insertId=f"p {when}", entry_timestamp=iso(at(when)),
        ))  # fmt: skip

    off, on = policy(0, action="REMOVE"), policy(9_000, action="ADD")
    assert [v.value for v in verdicts(NAME, [off])] == ["violated"]
    assert [v.value for v in verdicts(NAME, [off, on])] == ["proven"]
    exempt = policy(0, action="ADD", exemptedMember="serviceAccount:x@y.iam.gserviceaccount.com")
    assert [v.value for v in verdicts(NAME, [exempt])] == ["violated"]


def test_a_diagnostic_setting_of_azure_that_is_deleted_is_told_and_one_that_is_made_again_is_not() -> None:
    where = "/SUBSCRIPTIONS/S1/PROVIDERS/MICROSOFT.INSIGHTS/DIAGNOSTICSETTINGS/TO-SIEM"

    def setting(when: float, word: str) -> Activity:
        record = azure.operation(
            f"MICROSOFT.INSIGHTS/DIAGNOSTICSETTINGS/{word}", resourceId=where, time=iso(at(when)),
            correlationId=f"c {word} {when}",
        )  # fmt: skip
        return azure.activity(record)

    assert [v.value for v in verdicts(NAME, [setting(0, "DELETE")])] == ["violated"]
    assert verdicts(NAME, [setting(0, "DELETE"), setting(60, "WRITE")]) == []
    assert [v.value for v in verdicts(NAME, [setting(0, "DELETE"), setting(9_000, "WRITE")])] == ["proven"]
