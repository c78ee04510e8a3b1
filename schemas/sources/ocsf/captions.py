"""What an event says in numbers, also where its producer wrote the captions alone, or an old version's.

Every enumerated attribute of OCSF is a pair: a number (``status_id``) and its caption (``status``). Some
numbers are only recommended, and producers leave out others. A number that is there wins.
"""

from __future__ import annotations

from typing import NamedTuple

from schemas.activity import Outcome
from schemas.sources.ocsf.wire import Event

ACCOUNT_CHANGE, AUTHENTICATION, ENTITY_MANAGEMENT, API_ACTIVITY, DATASTORE_ACTIVITY = (
    3001,
    3002,
    3004,
    6003,
    6005,
)

CLASSES = {
    "account change": ACCOUNT_CHANGE,
    "authentication": AUTHENTICATION,
    "entity management": ENTITY_MANAGEMENT,
    "api activity": API_ACTIVITY,
    "datastore activity": DATASTORE_ACTIVITY,
}

API_ACTIVITY_BEFORE_1_0 = 3005
"""API Activity up to 1.0.0-rc.2; from 1.0.0 on the number is User Access Management's."""
BEFORE_1_0 = ("1.0.0-rc", "0.")

ACTIVITIES: dict[int, dict[str, int]] = {
    ACCOUNT_CHANGE: {"create": 1, "enable": 2, "disable": 5, "delete": 6, "lock": 9, "unlock": 12},
    AUTHENTICATION: {"logon": 1, "logoff": 2},
    ENTITY_MANAGEMENT: {
        "create": 1, "read": 2, "update": 3, "delete": 4, "move": 5, "enroll": 6, "unenroll": 7, "enable": 8,
        "disable": 9, "activate": 10, "deactivate": 11, "suspend": 12, "resume": 13,
    },
}  # fmt: skip
"""Captions of the activities that are told apart."""

OUTCOMES: dict[str, Outcome] = {"success": "succeeded", "failure": "failed"}
STATUSES: dict[int, Outcome] = {1: "succeeded", 2: "failed"}
DENIED = 2


class Kind(NamedTuple):
    """An event's class and activity as numbers of 1.0 and later; None where it says neither way."""

    class_uid: int | None
    activity_id: int | None


def kind_of(event: Event) -> Kind:
    """Returns the kind of an event by the class's number, the type's (a hundredfold of it, plus the
    activity), or the captions."""
    number = event.class_uid or (event.type_uid // 100 if event.type_uid else None)
    named = CLASSES.get((event.class_name or event.type_name.partition(":")[0]).strip().lower())
    class_uid = number or named
    if number == API_ACTIVITY_BEFORE_1_0 and _before_1_0(event, named):
        class_uid = API_ACTIVITY
    activity = event.activity_id
    if activity is None and event.type_uid:
        activity = event.type_uid % 100
    if activity is None:
        word = event.activity_name or event.type_name.partition(":")[2]
        activity = ACTIVITIES.get(class_uid or 0, {}).get(word.strip().lower())
    return Kind(class_uid, activity)


def _before_1_0(event: Event, named: int | None) -> bool:
    if event.class_name or event.type_name:
        return named == API_ACTIVITY
    return event.metadata.version.startswith(BEFORE_1_0)


def status_of(event: Event) -> Outcome:
    """Says whether it took, as far as the status alone tells."""
    status = STATUSES.get(event.status_id or 0)
    return status or OUTCOMES.get(event.status.strip().lower(), "unknown")


def denied(event: Event) -> bool:
    """Says whether the event says that it was denied, by ``action_id`` or, without one, by its caption."""
    return event.action_id == DENIED or (event.action_id is None and event.action.lower() == "denied")
