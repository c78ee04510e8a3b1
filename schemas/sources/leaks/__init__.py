"""Leaks: reports that a credential was found where others can read it, as exposure facts.

GitHub secret-scanning alerts (webhooks, listings, partners' notices), AWS Health and Trusted Advisor events.
A record is one of them, an array, or JSON lines. The secret that an alert holds is masked at once; ids that
are no secrets are kept, so that the exposure meets the credential's uses. Out of sight: webhooks of GitHub
hold no secret, so they name no credential until the alert is fetched from the API.
"""

from __future__ import annotations

from typing import Any

from schemas.records import head_of
from schemas.rejected import Rejected
from schemas.shippers import Envelopes
from schemas.sources import Context, Reading
from schemas.sources.leaks import aws, github
from schemas.summary import Summary

NAME = "leaks"
SIGNS = frozenset({"secret_type", "alert", "detail-type"})

MARKS = ('"secret_type"', '"aws.health"', '"aws.trustedadvisor"')


SUMMARY = Summary(
    gives=("Exposure: GitHub secret-scanning alerts, AWS Health exposed-key events and quarantine policies"),
    cannot_show=(
        "A provider's secret of a kind without an id can be joined only where the same secret is "
        "masked in another source"
    ),
    ship=("The webhook's or event's JSON into `raw.leaks`"),
)
"""Its row in docs/sources.md."""


def recognises(document: object) -> bool:
    """Says whether a decoded record (bytes: one that no JSON parser took) reports a leak."""
    if isinstance(document, bytes):
        head = head_of(document)
        return any(mark in head for mark in MARKS)
    return ENVELOPES.recognises(document)


def _ours(document: dict[str, Any]) -> bool:
    known = aws.is_health(document) or github.is_webhook(document) or github.is_alert(document)
    return known or (github.is_notice(document) and "source" in document)


def read(record: bytes, context: Context) -> Reading:
    """Returns every report in the record as an activity or a reject with its place; never raises. Other
    health events are passed."""
    reading = Reading([], [], 0)
    for place, found in ENVELOPES.objects(record):
        activity = found if isinstance(found, Rejected) else _read_one(found, place, context)
        if activity is None:
            reading.passed += 1
        elif isinstance(activity, Rejected):
            reading.rejects.append(activity)
        else:
            reading.activities.append(activity)
    return reading


ENVELOPES = Envelopes(NAME, _ours, is_bare=github.is_notice)


def _read_one(document: dict[str, Any], place: str, context: Context) -> Any:
    if aws.is_health(document):
        return aws.read(document, place, context)
    if _ours(document) or github.is_notice(document):
        return github.read(document, place, context)
    return Rejected(NAME, "is no report of a leak that is read", "", place)
