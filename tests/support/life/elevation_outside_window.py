"""Ordinary life around ``elevation_outside_window``: just-in-time access and its clocks."""

from __future__ import annotations

import json
from datetime import datetime

from msgspec.structs import replace

from schemas.activity import Activity
from schemas.evidence import SECOND
from schemas.sources import Context, inventory
from tests.support.bindings import OTHER
from tests.support.declared import approved
from tests.support.kubernetes import ACCOUNT
from tests.support.life import DAY, HOUR, Life, at, bound, cluster, trail, unbound
from tests.support.make import T0

BOT = "aws:111122223333:user/deployer"
NIGHTS = 5


def assumed(when: float, denied: bool = False) -> Activity:
    """The deployer takes on the role of production."""
    arn = "arn:aws:iam::111122223333:role/prod"
    answer = None if denied else {
        "credentials": {"accessKeyId": f"ASIAPROD{int(when):012}", "expiration": "Sep 29, 2026, 3:00:00 AM"},
        "assumedRoleUser": {"arn": "arn:aws:sts::111122223333:assumed-role/prod/one"},
    }  # fmt: skip
    return trail(when, "AssumeRole", "sts", denied=denied, answer=answer, roleArn=arn, roleSessionName="one")


def window(
    start: float, end: float, uid: str = "approval", grant: str = "role/prod", **more: str
) -> Activity:
    return approved(BOT, start, end, grant, uid, **more)


def bound_window(start: float, end: float, uid: str = "approval") -> Activity:
    return approved(ACCOUNT, start, end, "rolebinding/shop/night", uid)


def used(when: float) -> Activity:
    return cluster(when, by="night")


def zoned(start: str, end: str) -> tuple[Activity, ...]:
    """An approval with its zones, as a ticket has them."""
    record = {
        "gapwatch": "inventory/v1", "recorded": "2026-09-01T00:00:00Z",
        "approvals": [{"identity": BOT, "grant": "role/prod", "from": start, "until": end}],
    }  # fmt: skip
    return tuple(inventory.read(json.dumps(record).encode(), Context(key=b"k")).activities)


def moment(text: str) -> float:
    """Seconds after the start."""
    return datetime.fromisoformat(text).timestamp() - T0 / SECOND


def nightly(hour: float = 1) -> list[Activity]:
    """A batch that is approved for two hours of each night."""
    windows = [window(n * DAY, n * DAY + 2 * HOUR, f"night {n}", ticket=f"T-{n}") for n in range(NIGHTS)]
    return [*windows, *(assumed(n * DAY + hour * HOUR) for n in range(NIGHTS))]


LATE = assumed(2 * HOUR)
DST = zoned("2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00")

LIVES = [
    Life(
        "an extension is recorded the next day",
        "the extension is of another identity",
        [window(0, HOUR), LATE, replace(window(HOUR, 3 * HOUR, "x", ticket="T-2"), time=at(DAY))],
        [window(0, HOUR), LATE, approved("aws:111122223333:user/bob", HOUR, 3 * HOUR, "role/prod", "x")],
    ),
    Life(
        "the hour that a clock change repeats: a window in local time with its offsets",
        "an act an hour after its end",
        [*DST, assumed(moment("2026-10-25T01:15:00+00:00"))],
        [*DST, assumed(moment("2026-10-25T02:15:00+00:00"))],
    ),
    Life(
        "a break-glass drill while no window is open",
        "a drill that was over",
        [window(0, HOUR), window(90 * 60, 3 * HOUR, "drill", "break-glass", ticket="D-1"), LATE],
        [window(0, HOUR), window(90 * 60, 100 * 60, "drill", "break-glass", ticket="D-1"), LATE],
    ),
    Life(
        "a nightly batch, approved night by night", "the batch runs at noon too",
        nightly(), [*nightly(), assumed(2 * DAY + 12 * HOUR)],
    ),
    Life(
        "the broker takes its minutes to take the role away",
        "it is used a quarter of an hour later",
        [bound_window(-60, HOUR), bound(0, "night", "admin"), used(60), used(HOUR + 240),
         unbound(HOUR + 270, "night")],
        [bound_window(-60, HOUR), bound(0, "night", "admin"), used(60), used(HOUR + 900),
         unbound(HOUR + 960, "night")],
    ),
    Life(
        "records of the cloud come late: delivered an hour after the end of the window",
        "made an hour after it",
        [window(0, HOUR), replace(assumed(60), arrived=at(2 * HOUR), processed=at(2 * HOUR))],
        [window(0, HOUR), replace(assumed(2 * HOUR), arrived=at(2 * HOUR), processed=at(2 * HOUR))],
    ),
    Life(
        "a job retries outside its window and is refused",
        "the retry is let in",
        [window(0, HOUR), assumed(60), assumed(2 * HOUR, denied=True), assumed(3 * HOUR, denied=True)],
        [window(0, HOUR), assumed(60), assumed(2 * HOUR, denied=True), assumed(3 * HOUR)],
    ),
    Life(
        "two windows with a holiday between them, used in both",
        "used on the holiday",
        [window(0, HOUR), window(5 * DAY, 5 * DAY + HOUR, "second", ticket="T-2"), assumed(60),
         assumed(5 * DAY + 60)],
        [window(0, HOUR), window(5 * DAY, 5 * DAY + HOUR, "second", ticket="T-2"), assumed(60),
         assumed(2 * DAY)],
    ),
    Life(
        "on-call change: each engineer's automation has its own window",
        "the one whose window is over goes on in that of the next",
        [window(0, HOUR), approved("aws:111122223333:user/bob", HOUR, 2 * HOUR, "role/prod", "bob"),
         assumed(60)],
        [window(0, HOUR), approved("aws:111122223333:user/bob", HOUR, 2 * HOUR, "role/prod", "bob"),
         assumed(HOUR + 1_800)],
    ),
    Life(
        "the account is given the role in its window by a person and acts by others all day",
        "it is given the role by another in the evening",
        [bound_window(-60, HOUR), bound(0, "night", "admin"), used(60), unbound(HOUR, "night"),
         cluster(5 * HOUR, by="mailer-reader")],
        [bound_window(-60, HOUR), bound(0, "night", "admin"), used(60), unbound(HOUR, "night"),
         bound(9 * HOUR, "night", "admin", OTHER)],
    ),
]  # fmt: skip
