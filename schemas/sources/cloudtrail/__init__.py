"""AWS CloudTrail: the calls of IAM, STS, Secrets Manager and every other service; insight and network events.

A record is one event, ``{"Records": […]}`` as S3 delivers it, an EventBridge or CloudWatch Logs envelope, an
export of CloudTrail Lake, Athena or a log shipper, or an array of these; gz of any too.
Layout: AWS, "CloudTrail record contents" and "CloudTrail userIdentity element".
"""

from __future__ import annotations

import msgspec

from schemas.records import events_max, more_than
from schemas.rejected import Rejected
from schemas.sources import Context, Reading
from schemas.sources.cloudtrail.event import activity_of
from schemas.sources.cloudtrail.records import EVENT, looks_like, sliced, unpack
from schemas.sources.cloudtrail.wire import AnyEvent, Unread
from schemas.summary import Blind, Summary

NAME = "cloudtrail"
SIGNS = frozenset({"eventVersion", "eventSource", "userIdentity", "detail-type"})

recognises = looks_like


SUMMARY = Summary(
    gives=(
        "AWS API calls with identity, key, session and place; issues (keys, sessions, role "
        "chains), ends (deleted or disabled keys, deleted users, session-revoking policies), "
        "Secrets Manager rotations"
    ),
    cannot_show=(
        "Most calls with a dead key are not logged at all, so the death of an AWS key is assumed, "
        "never proven by silence; `DeleteUser` names no keys; data events only where the trail "
        "has them; a shell of Systems Manager or ECS that is left, or idle, ends without an event; 5 to 15 "
        "minutes late, unordered"
    ),
    ship=(
        "The folder of delivered objects (receiver `receive_cloudtrail`, or `gapwatch send "
        "FOLDER`), or EventBridge, SQS or Kafka Connect into `raw.cloudtrail`"
    ),
    blind=(
        Blind(
            name="data events off",
            hides="reads and writes of objects, invocations of functions, items of tables",
            switch_on="Data events of the trail (advanced event selectors for S3, Lambda, DynamoDB)",
            shown_by=r"^(s3:)?(Get|Put|Delete|Head|List)Objects?(V2)?\||^(lambda:)?Invoke\||^(dynamodb:)?(Get|Put|Delete|Update)Item\|",
        ),
    ),
)
"""Its row in docs/sources.md."""


def read(record: bytes, context: Context) -> Reading:
    """Returns every event of the record as an activity or a reject with its place; never raises.

    One pass of the decoder where the record is an event or one of AWS's two envelopes; every other shape,
    and what is wrong in these, is ``unpack``'s.
    """
    reading = Reading()
    if record.startswith(EVENT) and _read_plain(reading, record, "", context):
        return reading
    most = events_max(record)
    for place, content in sliced(record):
        if _over(reading, most):
            break
        if _read_plain(reading, content, place, context):
            continue
        for inner, found in unpack(content, place):
            if _over(reading, most):
                break
            if isinstance(found, Rejected):
                reading.rejects.append(found)
            else:
                _add(reading, found, inner, context)
    return reading


def _over(reading: Reading, most: int) -> bool:
    """Whether no more is read of this record; the last reject says so."""
    count = len(reading.activities) + len(reading.rejects)
    if count == most:
        reading.rejects.append(Rejected(NAME, more_than(most)))
    return count >= most


_UNREAD = msgspec.json.Decoder(Unread)


def _read_plain(reading: Reading, content: bytes, place: str, context: Context) -> bool:
    """Whether it is an event in CloudTrail's own form; if so, it is told."""
    try:
        event = _UNREAD.decode(content)
        if not event.event_id or not event.event_time:
            return False
        _add(reading, event, place, context)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _add(reading: Reading, event: AnyEvent, place: str, context: Context) -> None:
    if missing := _missing(event):
        reading.rejects.append(Rejected(NAME, "is missing or empty", missing, place))
        return
    activity = activity_of(event, context)
    if activity is None:
        reading.rejects.append(Rejected(NAME, "is not a time that CloudTrail writes", "eventTime", place))
    else:
        reading.activities.append(activity)


def _missing(event: AnyEvent) -> str:
    """Without these an event can be neither told apart nor judged; only insights have no name."""
    if event.event_id and event.event_name and event.event_source and event.event_time:
        return ""
    if not event.event_id:
        return "eventID"
    if not event.event_name and not event.insight:
        return "eventName"
    if not event.event_source and not event.insight:
        return "eventSource"
    return "" if event.event_time else "eventTime"
