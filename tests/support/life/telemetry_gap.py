"""Ordinary life around ``telemetry_gap``: collectors, week-ends, and logs that are made anew."""

from __future__ import annotations

from functools import partial
from typing import Any

from correlators.driver.watch import DAY as DAY_MICROS
from correlators.driver.watch import rhythms
from schemas.activity import Activity
from schemas.dossier import Dossier, Watch
from schemas.verdict import Clock, Verdict
from tests.support import azure, gcp, vault_lines
from tests.support.life import DAY, HOUR, Life, Said, stamp, trail, user
from tests.support.scenario import World

START = 20_700
"""A day, by its number since 1970."""

BOB = user("bob")


def rhythm(*hours: float, silent: float) -> Said:
    """What is said of a source that showed something at these hours, and nothing for so many hours since."""
    return partial(_said, hours, silent)


def _said(hours: tuple[float, ...], silent: float) -> list[Verdict]:
    micros = sorted(START * DAY_MICROS + int(h * DAY_MICROS / 24) for h in hours)
    days: dict[int, int] = {}
    for time in micros:
        days.setdefault(time // DAY_MICROS, time)
    now = micros[-1] + int(silent * DAY_MICROS / 24)
    world = World(1, Clock(now, {"vault": micros[-1], "cloudtrail": now}))
    world.take(rhythms(Dossier(watch={"vault": Watch(0, 0, days)})))
    world.settle()
    return [r.verdict for r in world.last.values() if r.verdict]


def daily(*days: int, hour: float = 12) -> list[float]:
    return [24 * day + hour for day in days]


WEEKS = [day for day in range(35) if day % 7 < 5]
EVERY = range(35)


def call(when: float, operation: str, **more: Any) -> Activity:
    return trail(when, operation, "cloudtrail", **({"name": "main"} | more))


def lake(when: float, operation: str) -> Activity:
    store = "arn:aws:cloudtrail:us-east-1:111122223333:eventdatastore/e1"
    return trail(when, operation, "cloudtrail", eventDataStore=store)


def selected(when: float, **fields: Any) -> Activity:
    """Management events, but for what the fields leave out."""
    fields_of = [{"field": name, **test} for name, test in fields.items()]
    fields_of.append({"field": "eventCategory", "equals": ["Management"]})
    return trail(
        when, "PutEventSelectors", "cloudtrail", trailName="main",
        advancedEventSelectors=[{"fieldSelectors": fields_of}],
    )  # fmt: skip


def device(when: float, operation: str, name: str = "file", who: str = "admin", **options: str) -> Activity:
    record = vault_lines.line(f"sys/audit/{name}", operation=operation, who=vault_lines.auth(who, f"e-{who}"))
    masked = {option: f"hmac-sha256:{value}" for option, value in options.items()}
    named = record["request"] | {
        "id": f"{operation} {name} {when}",
        "data": {"type": "file", "options": masked},
    }
    return vault_lines.activity(record | {"time": stamp(when), "request": named})


def sink(when: float, word: str, **request: Any) -> Activity:
    return gcp.activity(gcp.entry(
        f"google.logging.v2.ConfigServiceV2.{word}", "logging", request=request,
        resourceName="projects/shop-prod/sinks/audit", entry_insertId=f"{word} {when}",
        entry_timestamp=stamp(when),
    ))  # fmt: skip


def setting(when: float, word: str) -> Activity:
    record = azure.operation(
        f"MICROSOFT.INSIGHTS/DIAGNOSTICSETTINGS/{word}", time=stamp(when), correlationId=f"{word} {when}",
        resourceId="/SUBSCRIPTIONS/S1/PROVIDERS/MICROSOFT.INSIGHTS/DIAGNOSTICSETTINGS/TO-SIEM",
    )  # fmt: skip
    return azure.activity(record)


LOGS = call(-DAY, "StartLogging")

LIVES = [
    Life(
        "the collector is restarted, and away for most of a day",
        "it does not come back",
        rhythm(*daily(*EVERY), silent=22), rhythm(*daily(*EVERY), silent=60),
    ),
    Life(
        "a log of working days is quiet over the week-end",
        "and on Monday and Tuesday too",
        rhythm(*daily(*WEEKS), silent=3 * 24), rhythm(*daily(*WEEKS), silent=5 * 24),
    ),
    Life(
        "the clocks are changed: a nightly log comes an hour earlier, and so on the day before",
        "it stops on that night",
        rhythm(*daily(*range(20), hour=0.5), *daily(*range(19, 35), hour=23.5), silent=20),
        rhythm(*daily(*range(20), hour=0.5), silent=60),
    ),
    Life(
        "a log that speaks once a fortnight",
        "one that spoke daily until a week ago",
        rhythm(*daily(0, 14, 28), silent=10 * 24), rhythm(*daily(*EVERY), silent=7 * 24),
    ),
    Life(
        "Terraform replaces a trail",
        "it is made again by somebody else an hour later",
        [LOGS, call(0, "DeleteTrail"), call(5, "CreateTrail"), call(9, "StartLogging")],
        [LOGS, call(0, "DeleteTrail"), call(HOUR, "CreateTrail", who=BOB)],
    ),
    Life(
        "a trail leaves out the calls of KMS, as AWS offers to save costs",
        "it leaves out all reads",
        [LOGS, selected(0, eventSource={"notEquals": ["kms.amazonaws.com"]})],
        [LOGS, selected(0, readOnly={"equals": ["false"]})],
    ),
    Life(
        "an audit device of Vault is made anew with other options",
        "it is not",
        [device(0, "delete"), device(20, "update")], [device(0, "delete")],
    ),
    Life(
        "an audit device of Vault is moved: another one is enabled, and the old one disabled",
        "the other one leaves out requests",
        [device(0, "update", "new", file_path="b"), device(20, "delete")],
        [device(0, "update", "new", file_path="b", filter="c"), device(20, "delete")],
    ),
    Life(
        "an audit device of Vault is disabled, and enabled under another path",
        "that one is disabled, too, a minute later",
        [device(0, "delete"), device(20, "update", "new", file_path="b")],
        [device(0, "delete"), device(20, "update", "new", file_path="b"), device(80, "delete", "new")],
    ),
    Life(
        "a second audit device of Vault takes the requests of one mount alone",
        "the only one is made anew so",
        [device(0, "update", "kv", file_path="b", filter="c")],
        [device(0, "delete"), device(20, "update", file_path="b", filter="c")],
    ),
    Life(
        "an audit device of Vault that leaves out requests is moved",
        "it is moved, and somebody else enables the new one an hour later",
        [
            device(-DAY, "update", "old", filter="c"), device(0, "update", "new", filter="c"),
            device(20, "delete", "old"),
        ],
        [device(0, "delete", "old"), device(HOUR, "update", "new", who="bob")],
    ),
    Life(
        "an event data store of CloudTrail Lake is stopped and started while its price is changed",
        "it stays stopped",
        [lake(0, "StopEventDataStoreIngestion"), lake(60, "StartEventDataStoreIngestion")],
        [lake(0, "StopEventDataStoreIngestion")],
    ),
    Life(
        "a sink is given another bucket",
        "it is switched off",
        [sink(0, "UpdateSink", sink={"name": "audit", "destination": "storage.googleapis.com/new"})],
        [sink(0, "UpdateSink", sink={"name": "audit", "disabled": True})],
    ),
    Life(
        "Azure Policy writes a diagnostic setting anew each night",
        "it is deleted",
        [setting(n * DAY, "WRITE") for n in range(4)], [setting(0, "WRITE"), setting(DAY, "DELETE")],
    ),
]  # fmt: skip
