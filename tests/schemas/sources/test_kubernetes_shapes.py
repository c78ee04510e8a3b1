"""Audit events travel alone, in lists, in the envelopes of clouds and shippers, and broken."""

from __future__ import annotations

import base64
import gzip
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.sources import Context, azure, detect, kubernetes
from schemas.sources.kubernetes.x509 import certificate_of
from schemas.times import micros_of
from tests.support.kubernetes import CONTEXT, event, reading, ref
from tests.support.replayed import data

ONE = event(1, objectRef=ref("secrets", "db"), verb="get")
TEXT = json.dumps(ONE)
AKS: dict[str, Any] = {
    "time": "2026-11-22T10:00:01Z",
    "category": "kube-audit",
    "operationName": "Microsoft.ContainerService/managedClusters/diagnosticLogs/Read",
    "resourceId": "/SUBSCRIPTIONS/X/PROVIDERS/MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/PROD",
    "properties": {"log": TEXT, "pod": "kube-apiserver-1"},
}
AKS_ROW: dict[str, Any] = {
    "TenantId": "0000-workspace",
    "TimeGenerated": "2026-11-22T10:00:09Z",
    "Level": ONE["level"],
    "AuditId": ONE["auditID"],
    "Stage": ONE["stage"],
    "RequestUri": ONE["requestURI"],
    "Verb": ONE["verb"],
    "User": ONE["user"],
    "SourceIps": ONE["sourceIPs"],
    "UserAgent": ONE.get("userAgent", ""),
    "ObjectRef": ONE["objectRef"],
    "ResponseStatus": ONE["responseStatus"],
    "RequestObject": "skipped-too-big-size-object",
    "ResponseObject": None,
    "RequestReceivedTime": ONE["requestReceivedTimestamp"],
    "StageReceivedTime": ONE["stageTimestamp"],
    "Annotations": ONE.get("annotations"),
    "PodName": "kube-apiserver-1",
    "SourceSystem": "Azure",
    "Type": "AKSAuditAdmin",
    "_ResourceId": AKS["resourceId"].lower(),
}
EKS = {
    "messageType": "DATA_MESSAGE",
    "logGroup": "/aws/eks/prod/cluster",
    "logStream": "kube-apiserver-audit-1",
    "logEvents": [{"id": "1", "timestamp": 1, "message": TEXT}],
}
SHAPES: dict[str, object] = {
    "an event": ONE,
    "a webhook's batch": {
        "kind": "EventList",
        "apiVersion": "audit.k8s.io/v1",
        "metadata": {},
        "items": [ONE],
    },
    "an array": [ONE],
    "CloudWatch Logs of EKS": EKS,
    "a row of a CloudWatch query": {"@message": TEXT, "@log": "111122223333:/aws/eks/prod/cluster"},
    "diagnostic settings of AKS": {"records": [AKS]},
    "one diagnostic record of AKS": AKS,
    "a row of Log Analytics": {
        "Category": "kube-audit",
        "log_s": TEXT,
        "TimeGenerated": "2026-11-22T10:00:01Z",
    },
    "a row of AKS's own table": AKS_ROW,
    "a row of AKS's own table, its parts as text": {
        name: json.dumps(value) if isinstance(value, dict | list) else value
        for name, value in AKS_ROW.items()
    },
    "rows of AKS's own table in an event hub": {"records": [AKS_ROW]},
    "a shipper's line": {"log": TEXT + "\n", "stream": "stdout", "@timestamp": "2026-11-22T10:00:01Z"},
    "a shipper's object": {"event": ONE, "host": "a"},
    "a shipper's own fields beside": {
        **ONE,
        "@timestamp": "2026-11-22T10:00:09Z",
        "p_log_type": "Amazon.EKS.Audit",
    },
}


@pytest.mark.parametrize("record", SHAPES.values(), ids=SHAPES.keys())
def test_every_shape_is_recognised_and_reads_alike(record: object) -> None:
    body = json.dumps(record).encode()
    assert detect(body) == "kubernetes"
    result = reading(body)
    assert result.activities == reading(ONE).activities and not result.rejects


def test_what_other_components_of_a_clusters_control_plane_say_is_passed_beside_its_audit_log() -> None:
    """AKS sends all its categories to one hub, and Azure's own logs may come there too."""
    other = AKS | {"category": "kube-controller-manager", "properties": {"log": "I1122 10:00:00 started"}}
    for records in ([AKS, other], [other, AKS]):
        body = json.dumps({"records": records}).encode()
        assert detect(body) == "kubernetes"
        for source in (kubernetes, azure):
            result = source.read(body, CONTEXT)
            assert [a.uid for a in result.activities] == ["audit-1"] and result.passed == 1
            assert not result.rejects


ENCODINGS = {
    "gz": lambda body: gzip.compress(body),
    "a byte order mark": lambda body: b"\xef\xbb\xbf" + body,
    "UTF-16": lambda body: body.decode().encode("utf-16"),
    "CRLF": lambda body: body + b"\r\n",
    "a NUL at the end": lambda body: body + b"\0",
    "blanks before it": lambda body: b"  \n" + body,
    "a container runtime's prefix": lambda body: b"2026-11-22T10:00:01.5Z stdout F " + body,
    "a prefix of syslog": lambda body: b"<14>Nov 22 10:00:01 cp-1 kube-apiserver[1]: " + body,
    "NaN in a part that is not needed": lambda body: body.replace(
        b'"level":"RequestResponse"', b'"level":NaN'
    ),
    "a key twice": lambda body: body.replace(b'"verb":"get"', b'"verb":"wrong","verb":"get"'),
    "a lone surrogate": lambda body: body.replace(b"mailer/1.0", b"mailer/1.0\\ud800"),
}


@pytest.mark.parametrize("encoded", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_every_encoding_gives_the_event(encoded: Any) -> None:
    body = encoded(json.dumps(ONE, separators=(",", ":")).encode())
    result = reading(body)
    assert [(a.uid, a.operation) for a in result.activities] == [("audit-1", "get secrets")]
    assert not result.rejects
    assert detect(body) == "kubernetes"


def test_an_envelope_that_names_its_cluster_names_the_installation_unless_told_otherwise() -> None:
    def instance(record: object, context: Context) -> str:
        return reading(record, context).activities[0].instance

    default = Context()
    assert instance(EKS, default) == "prod"
    assert instance({"records": [AKS]}, default) == "prod"
    assert instance(AKS_ROW, default) == "prod"
    assert instance(EKS, CONTEXT) == "c1"
    assert instance(ONE, default) == "default"


def test_an_event_without_a_time_of_its_own_has_that_of_its_envelope() -> None:
    bare = {k: v for k, v in ONE.items() if not k.endswith("Timestamp")}
    result = reading(AKS | {"properties": {"log": json.dumps(bare)}})
    assert [a.time for a in result.activities] == [micros_of("2026-11-22T10:00:01Z")]
    assert [(r.field, r.reason) for r in reading(bare).rejects] == [
        ("requestReceivedTimestamp", "is missing or no time")
    ]


def test_an_event_without_any_time_is_as_old_as_its_arrival_but_a_time_that_is_none_is_a_reject() -> None:
    bare = {k: v for k, v in ONE.items() if not k.endswith("Timestamp")}
    arrived = Context(instance="c1", arrived=1_795_400_000_000_000)
    (result,) = reading(bare, arrived).activities
    assert result.time == result.arrived == arrived.arrived
    assert [a.time for a in reading(ONE, arrived).activities] == [a.time for a in reading(ONE).activities]
    for name in ("requestReceivedTimestamp", "@timestamp"):
        assert [r.field for r in reading(bare | {name: "soon"}, arrived).rejects] == [
            "requestReceivedTimestamp"
        ]


def test_an_entry_of_google_may_hold_its_time_further_in_or_only_that_of_its_arrival_there() -> None:
    late = "2026-11-22T10:00:09Z"
    within = entry(timestamp=late) | {"timestamp": None}
    for result in (within, entry() | {"timestamp": None, "receiveTimestamp": late}):
        assert [a.time for a in reading(result).activities] == [micros_of(late)]


def test_an_event_without_an_audit_id_is_told_by_its_digest_always_the_same() -> None:
    bare = {k: v for k, v in ONE.items() if k != "auditID"}
    (first,), (second,) = reading(bare).activities, reading([bare]).activities
    assert first.uid.startswith("sha256:")
    assert first.identity == second.identity


def test_old_versions_have_one_timestamp() -> None:
    old = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1beta1",
        "metadata": {"creationTimestamp": "2017-09-11T19:55:05Z"},
        "timestamp": "2017-09-11T19:55:05Z",
        "auditID": "a",
        "stage": "ResponseComplete",
        "verb": "list",
        "user": {"username": "bob"},
        "responseStatus": {"code": 200},
    }
    (result,) = reading(old).activities
    assert (result.time, result.outcome) == (micros_of("2017-09-11T19:55:05Z"), "succeeded")


# Google


def entry(**more: Any) -> dict[str, Any]:
    payload = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "serviceName": "k8s.io",
        "methodName": "io.k8s.core.v1.secrets.get",
        "resourceName": "core/v1/namespaces/shop/secrets/db",
        "authenticationInfo": {"principalEmail": "system:serviceaccount:shop:mailer"},
        "authorizationInfo": [{"granted": True, "permission": "io.k8s.core.v1.secrets.get"}],
        "requestMetadata": {"callerIp": "10.1.2.3", "callerSuppliedUserAgent": "mailer/1.0"},
        "status": {"code": 0},
    }
    return {
        "insertId": "i-1",
        "logName": "projects/shop-prod/logs/cloudaudit.googleapis.com%2Fdata_access",
        "timestamp": "2026-11-22T10:00:01.5Z",
        "resource": {
            "type": "k8s_cluster",
            "labels": {"project_id": "shop-prod", "location": "europe-west1", "cluster_name": "c1"},
        },
        "protoPayload": payload | more,
    }


def test_a_log_entry_of_gke_is_an_event_of_its_cluster() -> None:
    (result,) = kubernetes.read(json.dumps(entry()).encode(), Context()).activities
    assert result.identity == "k8s:shop-prod/europe-west1/c1:shop/mailer"
    assert (result.operation, result.resource, result.action, result.outcome) == (
        "get secrets",
        "shop/secrets/db",
        "secret_read",
        "succeeded",
    )
    assert (result.place, result.client, result.uid) == ("10.1.2.3", "mailer/1.0", "i-1")
    assert detect(json.dumps(entry()).encode()) == "kubernetes"


def test_a_log_entry_in_a_pubsub_message_is_opened() -> None:
    pushed = {
        "message": {"data": base64.b64encode(json.dumps(entry()).encode()).decode(), "messageId": "1"},
        "subscription": "s",
    }
    assert [a.uid for a in reading(pushed).activities] == ["i-1"]


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({"status": {"code": 7, "message": "PERMISSION_DENIED"}}, "forbidden"),
        ({"status": {"code": 5}}, "failed"),
        ({"status": {"code": 16}}, "unauthenticated"),
        ({"authorizationInfo": [{"granted": False}]}, "forbidden"),
        ({"response": {"status": "Failure", "code": 409}}, "failed"),
        ({"status": {}}, "succeeded"),
    ],
)
def test_googles_codes_are_outcomes(more: dict[str, Any], outcome: str) -> None:
    assert reading(entry(**more)).activities[0].outcome == outcome


@pytest.mark.parametrize(
    "more",
    [
        {"authorizationInfo": 5},
        {"authorizationInfo": [5, None]},
        {"status": {"code": []}},
        {"status": 5},
        {"request": "text", "response": [1]},
        {"requestMetadata": [], "authenticationInfo": "x"},
        {"methodName": 5, "resourceName": {}},
    ],
)
def test_an_entry_with_parts_of_another_form_is_still_an_event(more: dict[str, Any]) -> None:
    result = reading(entry(**more))
    assert len(result.activities) == 1 and not result.rejects


def test_other_services_log_entries_and_core_events_are_not_ours() -> None:
    other = entry(serviceName="iam.googleapis.com", methodName="google.iam.admin.v1.CreateServiceAccountKey")
    core = {
        "kind": "Event",
        "apiVersion": "v1",
        "involvedObject": {"kind": "Pod"},
        "reason": "Killing",
        "message": "x",
        "verb": "x",
        "stage": "y",
        "user": {},
    }
    assert not kubernetes.recognises(other)
    assert not kubernetes.recognises(core)
    assert [r.reason for r in reading(core).rejects] == ["is no audit event"]


# Broken


def test_one_bad_event_does_not_stop_its_neighbours() -> None:
    batch = {
        "kind": "EventList",
        "apiVersion": "audit.k8s.io/v1",
        "items": [
            ONE,
            {**ONE, "user": "somebody"},
            17,
            {**ONE, "requestReceivedTimestamp": "soon", "stageTimestamp": None},
            ONE,
        ],
    }
    result = reading(batch)
    assert len(result.activities) == 2
    assert [(r.place, r.field) for r in result.rejects] == [
        ("items[1]", "user"),
        ("items[2]", ""),
        ("items[3]", "requestReceivedTimestamp"),
    ]


@pytest.mark.parametrize(
    "more",
    [
        {"requestObject": "text"},
        {"requestObject": {"metadata": [], "spec": 5}},
        {"responseObject": {"items": [None, 5, {"metadata": "x"}]}},
        {"annotations": {"a": {"b": 1}}},
        {"annotations": []},
        {"sourceIPs": {"a": 1}},
        {"userAgent": ["x"]},
        {"user": {"username": "x", "extra": {"a": "b"}}},
        {"user": {"username": "x", "extra": {"authentication.kubernetes.io/credential-id": []}}},
        {"responseObject": {"metadata": {"labels": {"a": [1]}}}},
        {"responseStatus": {"code": 200, "details": "x", "message": 5}},
        {"objectRef": {"resource": "pods", "uid": {}}},
    ],
)
def test_a_part_of_another_form_is_left_out_and_the_event_stays(more: dict[str, Any]) -> None:
    result = reading(event(1, **more))
    assert len(result.activities) == 1 and not result.rejects


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"user": 5}, "user"),
        ({"verb": {}}, "verb"),
        ({"objectRef": "x"}, "objectRef"),
        ({"responseStatus": []}, "responseStatus"),
        ({"auditID": []}, "auditID"),
    ],
)
def test_an_event_in_doubt_is_a_reject_that_names_its_field_and_quotes_nothing(
    more: dict[str, Any], field: str
) -> None:
    result = reading(event(1, **more))
    assert [(r.source, r.field) for r in result.rejects] == [("kubernetes", field)] and not result.activities


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"null",
        b"[]",
        b"17",
        b'"text"',
        b"{",
        b"\x1f\x8b",
        b"\x1f\x8bxxxxxx",
        b"\xff\xfe\x00",
        b'{"kind":"EventList","items":',
        b'{"kind":"Event","apiVersion":"audit.k8s.io/v1"',
        b'{"items":[{}]}',
        b'{"items":"none"}',
        b"[" * 100_000,
        b'{"a":' * 5_000,
        b"\xff\xff\xff",
        b'{"message":{"data":"!!"}}',
        b'{"properties":"{\\"log\\":5}"}',
        b'{"kind":"Event","apiVersion":"audit.k8s.io/v1","items":[]}',
    ],
)
def test_rubbish_never_raises(record: bytes) -> None:
    result = reading(record)
    assert result.rejects and not result.activities
    detect(record)


PARTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["metadata", "spec", "status", "items", "name", "uid", "user", "token"])
            | st.text(max_size=4),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [*sorted(ONE), "requestObject", "impersonatedUser", "protoPayload", "items", "properties"]
        ),
        PARTS,
        max_size=4,
    ),
    st.sampled_from(["list", "delete", "create", "patch", "deletecollection"]),
)
def test_whatever_stands_in_an_event_it_is_an_activity_passed_or_a_reject_with_its_place(
    more: dict[str, Any], verb: str
) -> None:
    result = reading(
        json.dumps({**event(1, verb=verb, objectRef=ref("serviceaccounts", "x")), **more}).encode()
    )
    assert result.activities or result.rejects or result.passed


def test_cut_and_flipped_lines_never_raise() -> None:
    chance = random.Random(7)
    lines = data("kubernetes/apiserver_recorded/audit.jsonl").read_bytes().splitlines()
    for line in chance.sample(lines, 150):
        body = bytearray(line)
        for _ in range(chance.randrange(1, 6)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        for record in (bytes(body), line[: chance.randrange(len(line))]):
            result = reading(record)
            assert result.activities or result.rejects or result.passed


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "rubbish",
        "LS0tLS1CRUdJTg==",
        base64.b64encode(b"-----BEGIN CERTIFICATE-----\nMAAwgA==\n-----END CERTIFICATE-----").decode(),
    ],
)
def test_what_is_no_certificate_has_no_facts(encoded: str) -> None:
    found = certificate_of(encoded)
    assert found is None or (found.name, found.expires) == ("", 0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01T00:00:01.000002Z", 1_000_002),
        ("1970-01-01T00:00:01.0000029Z", 1_000_002),
        ("1970-01-01 00:00:01.5", 1_500_000),
        ("1970-01-01T01:00:01+01:00", 1_000_000),
        ("1970-01-01T00:00:01.123456789+00:00", 1_123_456),
        ("1970-13-01T00:00:01.000002Z", 0),
        ("1970-01-01T00:00:01.00x002Z", 0),
        ("yesterday", 0),
        ("", 0),
        (None, 0),
        ("1969-01-01T00:00:01.000002Z", 0),
    ],
)
def test_times_are_read_in_every_form(text: str | None, seconds: int) -> None:
    assert micros_of(text) == seconds


# Other people's records


def panther(name: str) -> list[dict[str, Any]]:
    path = data(f"kubernetes/panther-labs_panther-analysis/{name}.tests.jsonl")
    return [json.loads(line)["log"] for line in path.read_text().splitlines()]


TIMELESS = "2024-01-19T13:47:18Z"
"""Most of these hold just what one rule looks at; a time is laid beside them."""


@pytest.mark.parametrize("name", ["aws_eks_rules", "kubernetes_rules", "gcp_k8s_rules"])
def test_test_events_of_a_rule_set_are_read_with_who_what_outcome_and_place(name: str) -> None:
    missing = []
    for log in panther(name):
        if not kubernetes.recognises(log):
            continue
        result = reading({"@timestamp": TIMELESS, "timestamp": TIMELESS} | log)
        assert not result.rejects, (log, result.rejects)
        (found,) = result.activities
        text = json.dumps(log)
        if ("username" in text or "principalEmail" in text) and not found.identity:
            missing.append((log, "identity"))
        if '"code": ' in text and found.outcome == "unknown":
            missing.append((log, "outcome"))
        if ('"sourceIPs": ["' in text or "callerIP" in text) and not found.place:
            missing.append((log, "place"))
        if not found.operation:
            missing.append((log, "operation"))
    assert missing == []


def test_of_the_rule_sets_events_all_but_other_services_are_recognised() -> None:
    passed = {
        n: sum(not kubernetes.recognises(log) for log in panther(n))
        for n in ("aws_eks_rules", "kubernetes_rules", "gcp_k8s_rules")
    }
    assert passed == {"aws_eks_rules": 0, "kubernetes_rules": 2, "gcp_k8s_rules": 7}


def test_a_log_of_2017_is_read_whole() -> None:
    lines = data("kubernetes/liggitt_audit2rbac/demo.log").read_bytes().splitlines()
    found = [reading(line) for line in lines]
    assert [r for result in found for r in result.rejects] == []
    activities = [a for result in found for a in result.activities]
    assert len(activities) == len(lines)
    assert {a.identity for a in activities if a.target} == {"k8s:c1:system/admin"}
    assert {a.outcome for a in activities} >= {"succeeded", "forbidden"}
