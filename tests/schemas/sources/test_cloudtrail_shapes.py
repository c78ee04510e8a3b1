"""CloudTrail records come in many envelopes, and broken."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from schemas.sources import detect
from tests.support.cloudtrail import ACCOUNT, CONTEXT, KEY, ROLE, SESSION, event, reading

ONE = event()
SHAPES: dict[str, object] = {
    "a single record": ONE,
    "a delivery to S3": {"Records": [ONE]},
    "an array": [ONE],
    "an EventBridge envelope": {
        "version": "0",
        "id": "6a7e",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.s3",
        "account": ACCOUNT,
        "time": "2026-11-22T10:00:05Z",
        "region": "us-east-1",
        "resources": [],
        "detail": ONE,
    },
    "an EventBridge envelope with its detail as text": {
        "detail-type": "AWS API Call via CloudTrail",
        "detail": json.dumps(ONE),
    },
    "a CloudWatch Logs subscription": {
        "messageType": "DATA_MESSAGE",
        "logEvents": [{"id": "1", "timestamp": 1, "message": json.dumps(ONE)}],
    },
    "a row of CloudTrail Lake": {"eventJson": json.dumps(ONE)},
    "the answer to lookup-events": {
        "Events": [{"EventId": "e", "EventName": "x", "ReadOnly": "true", "CloudTrailEvent": json.dumps(ONE)}]
    },
    "an event bus' event, notified, in a queue": {
        "Messages": [
            {
                "MessageId": "1",
                "Body": json.dumps(
                    {"Type": "Notification", "Message": json.dumps({"detail-type": "x", "detail": ONE})}
                ),
            }
        ]
    },
    "a notification in a queue": {
        "MessageId": "1",
        "body": json.dumps({"Type": "Notification", "Message": json.dumps(ONE)}),
    },
    "an export with parts as text": ONE
    | {name: json.dumps(ONE[name]) for name in ("userIdentity", "requestParameters", "responseElements")},
    "an export of a table, in small letters": {
        name.lower(): json.dumps({k.lower(): v for k, v in value.items()})
        if isinstance(value, dict)
        else value
        for name, value in ONE.items()
    },
    "a shipper's record with its own time": {n: v for n, v in ONE.items() if n != "eventTime"}
    | {"@timestamp": "2026-11-22T10:00:00.000Z", "@version": "1"},
}


@pytest.mark.parametrize("record", SHAPES.values(), ids=SHAPES.keys())
def test_every_shape_is_recognised_and_reads_alike(record: object) -> None:
    body = json.dumps(record).encode()
    expected = reading(ONE).activities
    assert detect(body) == "cloudtrail"
    assert reading(record).activities == expected and expected
    assert not reading(record).rejects


ENCODINGS = {
    "gz": lambda body: gzip.compress(body),
    "gz in two members": lambda body: gzip.compress(body[:50]) + gzip.compress(body[50:]),
    "a byte order mark": lambda body: b"\xef\xbb\xbf" + body,
    "UTF-16 with its mark": lambda body: body.decode().encode("utf-16"),
    "UTF-16 without a mark": lambda body: body.decode().encode("utf-16-le"),
    "CRLF": lambda body: body + b"\r\n",
    "a NUL at the end": lambda body: body + b"\0",
    "NaN in a part that is not needed": lambda body: body.replace(b'"readOnly": true', b'"readOnly": NaN'),
    "a key twice": lambda body: body.replace(b'"eventName"', b'"eventName": "Wrong", "eventName"'),
    "a lone surrogate": lambda body: body.replace(b"aws-cli/2.15.0", b"aws-cli/2.15.0\\ud800"),
}


@pytest.mark.parametrize("encoded", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_every_encoding_gives_the_event(encoded: Any) -> None:
    result = reading(encoded(json.dumps(ONE).encode()))
    assert [(a.uid, a.operation, a.credential) for a in result.activities] == [
        (ONE["eventID"], "ListBuckets", f"aws:key/{KEY}")
    ]
    assert not result.rejects


def test_many_lines_in_one_gz_record_are_all_read() -> None:
    lines = [json.dumps(event(eventID=f"id-{n}")) for n in range(3)]
    result = reading(gzip.compress("\n".join(lines).encode()))
    assert [a.uid for a in result.activities] == ["id-0", "id-1", "id-2"]


def test_a_gz_cut_short_gives_what_came_and_names_the_line_that_broke() -> None:
    lines = [json.dumps(event(eventID=f"id-{n}", requestID="0123456789abcdef" * n)) for n in range(40)]
    result = reading(gzip.compress("\n".join(lines).encode(), compresslevel=0)[:-4000])
    assert len(result.activities) > 20
    assert [r.place for r in result.rejects] == [f"line {len(result.activities) + 1}"]


def test_one_bad_event_does_not_stop_its_neighbours() -> None:
    result = reading({"Records": [ONE, {**ONE, "eventID": ""}, 17, {**ONE, "userIdentity": []}, ONE]})
    assert len(result.activities) == 2
    assert [(r.place, r.field) for r in result.rejects] == [
        ("Records[1]", "eventID"),
        ("Records[2]", ""),
        ("Records[3]", "userIdentity"),
    ]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"eventID": ""}, "eventID"),
        ({"eventID": None}, "eventID"),
        ({"eventName": ""}, "eventName"),
        ({"eventSource": None}, "eventSource"),
        ({"eventTime": ""}, "eventTime"),
        ({"eventTime": "yesterday"}, "eventTime"),
        ({"eventTime": "2026-13-45T10:00:00Z"}, "eventTime"),
        ({"userIdentity": "somebody"}, "userIdentity"),
        ({"userIdentity": {**ROLE, "sessionContext": []}}, "userIdentity.sessionContext"),
    ],
)
def test_what_cannot_be_read_is_a_reject_that_names_its_field(more: dict[str, Any], field: str) -> None:
    result = reading(event(**more))
    assert not result.activities
    assert [(r.source, r.field) for r in result.rejects] == [("cloudtrail", field)] and result.rejects[
        0
    ].reason


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
        b"\x1f\x8bxxxxxxxx",
        b"\xff\xfe\x00",
        b'{"Records":',
        b'{"Records":[{]}',
        b'{"Records":"none"}',
        b"[" * 100_000,
        b'{"a":' * 5_000,
        b"\xff\xff\xff",
    ],
)
def test_rubbish_never_raises(record: bytes) -> None:
    result = reading(record)
    assert not result.activities


def test_half_a_line_is_a_reject_that_says_where_it_breaks() -> None:
    (reject,) = reading(json.dumps(ONE).encode()[:200]).rejects
    assert reject.reason.startswith("is not JSON") and "character" in reject.reason


def test_a_megabyte_of_request_is_read() -> None:
    result = reading(event(requestParameters={"items": [{"value": "x" * 100}] * 10_000}))
    assert len(result.activities) == 1


def test_a_gz_that_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemas.records.UNPACKED_MAX", 1024)
    (reject,) = reading(gzip.compress(b" " * 10_000)).rejects
    assert "unpacks to more" in reject.reason


@pytest.mark.parametrize(
    "other",
    [
        {
            "Records": [
                {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventVersion": "2.1", "s3": {}}
            ]
        },
        {"awsAccountId": ACCOUNT, "digestStartTime": "2026-11-22T10:00:00Z", "logFiles": []},
        {"detail-type": "GuardDuty Finding", "detail": {"schemaVersion": "2.0", "id": "1"}},
        {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": "1", "stage": "ResponseComplete"},
        {"records": [{"operationName": "Sign-in activity"}]},
        {"type": "request", "time": "t", "auth": {}},
        [],
        {},
        "text",
        7,
    ],
)
def test_other_logs_are_not_taken_for_cloudtrail(other: object) -> None:
    assert detect(json.dumps(other).encode()) != "cloudtrail"


def test_a_delivery_without_events_is_cloudtrail_and_gives_none() -> None:
    result = reading({"Records": []})
    assert detect(b'{"Records":[]}') == "cloudtrail"
    assert not result.activities and not result.rejects


def test_bytes_that_no_parser_took_are_recognised() -> None:
    assert detect(gzip.compress(json.dumps({"Records": [ONE]}).encode())) == "cloudtrail"
    assert detect(json.dumps(ONE).encode()[:-20]) == "cloudtrail"
    assert detect(b"\x1f\x8b rubbish") is None


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-22T10:00:00Z",
        "2026-11-22T10:00:00.000Z",
        "2026-11-22T10:00:00.000000000Z",
        "2026-11-22 10:00:00.000",
        "2026-11-22T10:00:00",
        "2026-11-22T12:00:00+02:00",
        "2026-11-22T05:00:00-0500",
        "Nov 22, 2026, 10:00:00 AM",
        "Nov 22, 2026 10:00:00 AM",
        "Nov 22, 2026, 10:00:00\u202fAM",
        "1795341600",
        "1795341600000",
        1795341600000,
        "2026-11-22T09:59:60Z",
    ],
)
def test_every_way_to_write_a_time_is_the_same_time(written: object) -> None:
    (one,) = reading(event(eventTime=written)).activities
    assert one.time == 1_795_341_600_000_000


def test_fractions_are_kept_to_the_microsecond_and_future_times_as_they_are() -> None:
    (one,) = reading(event(eventTime="2199-01-01T00:00:00.123456789Z")).activities
    assert one.time % 1_000_000 == 123_456 and one.time > 7_000_000_000_000_000


def test_numbers_in_the_place_of_text_are_read_as_text() -> None:
    result = reading(event(recipientAccountId=int(ACCOUNT), userIdentity={**ROLE, "accountId": int(ACCOUNT)}))
    assert result.activities[0].identity == f"aws:{ACCOUNT}:role/payments"
    assert result.activities[0].credential == f"aws:key/{SESSION}"


def test_when_it_came_and_which_installation_stand_in_the_activity() -> None:
    from schemas.sources.cloudtrail import read

    context = type(CONTEXT)("org", b"k", 5, 6)
    (one,) = read(json.dumps(ONE).encode(), context).activities
    assert (one.instance, one.arrived, one.processed) == ("org", 5, 6)
    assert "org" not in one.identity + one.credential


@pytest.mark.parametrize(
    "part", ["userIdentity", "requestParameters", "responseElements", "additionalEventData", "resources"]
)
def test_a_part_as_text_says_what_the_part_says(part: str) -> None:
    whole = event(
        "GetObject",
        requestParameters={"bucketName": "b"},
        responseElements={"arn": "arn:aws:s3:::of-the-answer"},
        additionalEventData={"AuthenticationMethod": "QueryString"},
        resources=[{"ARN": "arn:aws:s3:::b"}],
    )
    assert reading(whole | {part: json.dumps(whole[part])}) == reading(whole)


def test_one_caller_seen_by_two_accounts_is_read_for_each() -> None:
    nobody = {"type": "AWSAccount", "principalId": "AIDAEXAMPLEUSER00001"}
    result = {
        reading(event(userIdentity=nobody, recipientAccountId=account)).activities[0].identity
        for account in ("111122223333", "444455556666")
    }
    assert len(result) == 2


def test_what_is_long_is_read_and_not_remembered() -> None:
    from schemas.sources.cloudtrail import event as events
    from schemas.sources.cloudtrail import identity, naming

    def entries() -> int:
        caches = events._read_usual, identity._read_who, naming._read_resource
        return sum(cache.cache_info().currsize for cache in caches)

    reading(event(userAgent="usual"))
    before = entries()
    long = event(
        userAgent="x" * 5_000,
        userIdentity=ROLE | {"principalId": "A" * 5_000},
        requestParameters={"bucketName": "b", "key": "k" * 5_000},
    )
    assert reading(long).activities[0].client == "x" * 200
    assert entries() == before
    reading(event(userAgent="another"))
    assert entries() > before
