"""`gapwatch doctor`: checks what a run needs, one line each, and says what to do about what is wrong."""

from __future__ import annotations

import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

from rich.text import Text

from streams.clickhouse import query
from streams.command import trust
from streams.command.options import one_of
from streams.command.tabled import show_rows
from streams.kafka import lag, topics
from streams.screen.show import Screen
from streams.site import datafolder, metrics
from streams.site.errors import NotRunning, Stop
from streams.site.foreign import shown
from streams.site.settings import Settings
from streams.site.sitekey import site_key
from streams.site.stage import read_intake
from streams.site.units import show_size

CIRCLES_SHOWN = 10
"""Identities that a line names: enough to find the mistake in."""
LAG_WORTH_A_WORD = 100_000
"""Messages: at the pace the pipeline is made for, some seconds behind."""
DISK_LEAST = 2 * 2**30
"""Bytes; merges of the engine need room for the parts they write."""
TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Result:
    """`advice` is what to do; empty where all is well."""

    check: str
    well: bool
    said: str
    advice: str = ""
    running: bool = True


def doctor(settings: Settings, as_json: bool, as_csv: bool = False) -> int:
    """Prints every check. Exit code 0: all is well; 1: something is wrong; 3: nothing runs."""
    one_of(as_json, as_csv)
    results = list(examine(settings))
    if as_json or as_csv:
        rows = [asdict(result) for result in results]
        show_rows(rows, tuple(field.name for field in fields(Result)), as_json, as_csv, "")
    console = Screen()
    for result in () if as_json or as_csv else results:
        mark = ("✓ ", "green") if result.well else ("✗ ", "bold red")
        console.print(Text.assemble(mark, (f"{result.check:<8}", "bold"), shown(result.said)), soft_wrap=True)
        if result.advice:
            console.print(f"  → {shown(result.advice)}", soft_wrap=True, style=None)
    if not all(result.running for result in results):
        return 3
    return 0 if all(result.well for result in results) else 1


def examine(settings: Settings) -> Iterator[Result]:
    """Yields all checks; the later ones only where a broker answers."""
    yield _folder(settings)
    yield _run(settings)
    attached = datafolder.attached(settings)
    broker = _guarded("broker", lambda: _broker(attached))
    yield broker
    if broker.well:
        yield _guarded("topics", lambda: _topics(attached))
        yield _guarded("lag", lambda: _lag(attached))
    if instance := datafolder.running(settings):
        yield _stages(instance, settings)
    yield _guarded("engine", lambda: _engine(settings))
    yield from _authority(settings)
    yield _intake(settings)


def _guarded(check: str, examine_it: Callable[[], Result]) -> Result:
    try:
        return examine_it()
    except NotRunning as stop:
        return Result(check, False, str(stop), running=False)
    except Stop as stop:
        return Result(check, False, str(stop))


def _folder(settings: Settings) -> Result:
    if not settings.data.exists():
        advice = "It is made by the first `gapwatch run`."
        return Result("data", False, f"There is no folder {settings.data}.", advice, running=False)
    try:
        site_key(settings)
    except Stop as stop:
        return Result("data", False, str(stop))
    free = shutil.disk_usage(settings.data).free
    advice = "" if free >= DISK_LEAST else "Make room, or move the folder to a larger disk."
    return Result("data", not advice, f"{settings.data}, {show_size(free)} free on its disk", advice)


def _run(settings: Settings) -> Result:
    instance = datafolder.running(settings)
    if instance is None:
        away = settings.broker is not None
        advice = "" if away else "Start it: gapwatch run" + f" --data {settings.data}"
        return Result("run", away, f"No run holds {settings.data} on this machine.", advice, running=away)
    return Result("run", True, f"process {instance.pid} runs {', '.join(instance.stages)}")


def _broker(settings: Settings) -> Result:
    from confluent_kafka import KafkaException

    try:
        metadata = topics.admin_client(settings).list_topics(timeout=TIMEOUT_SECONDS)
    except KafkaException as error:
        advice = "Is the address right, the broker up, and no firewall between?"
        said = f"{settings.broker} does not answer: {error.args[0].str()}"
        return Result("broker", False, said, advice, running=False)
    return Result("broker", True, f"{settings.broker} answers, {len(metadata.brokers)} broker(s)")


def _topics(settings: Settings) -> Result:
    there = topics.admin_client(settings).list_topics(timeout=TIMEOUT_SECONDS).topics
    missing = [t for t in topics.DERIVED if topics.name(settings, t) not in there]
    if missing:
        return Result("topics", False, f"missing: {', '.join(missing)}", "`gapwatch run` creates them.")
    facts = len(there[topics.name(settings, topics.FACTS)].partitions)
    if facts != settings.partitions:
        advice = f"Set partitions to {facts}, or choose another topic_prefix for a fresh start."
        said = f"facts has {facts} partitions, the settings say {settings.partitions}"
        return Result("topics", False, said, advice)
    raw = [name for name in there if name.startswith(topics.raw(settings, ""))]
    if nobodys := topics.unreadable(settings, raw):
        said = f"what comes to {', '.join(nobodys)} is rejected: no source is called so"
        advice = (
            "Send it to raw.<source> or raw.<source>.<installation> (gapwatch sources), or delete the topic."
        )
        return Result("topics", False, said, advice)
    return Result("topics", True, f"all derived topics are there, and {len(raw)} raw ones")


def _lag(settings: Settings) -> Result:
    behind = {group: lag.behind(settings, group, TIMEOUT_SECONDS) for group in lag.GROUPS}
    said = ", ".join(f"{group} {count:,}" for group, count in behind.items())
    worst = max(behind, key=lambda group: behind[group])
    if behind[worst] <= LAG_WORTH_A_WORD:
        return Result("lag", True, f"messages behind: {said}")
    advice = f"If it keeps growing, give {worst} more processes (normalisers, correlators) or cores."
    return Result("lag", False, f"messages behind: {said}", advice)


def _stages(instance: datafolder.Instance, settings: Settings) -> Result:
    """What the run itself counts: which stages are up, and whether any waits for another in vain."""
    try:
        with urllib.request.urlopen(instance.metrics, timeout=TIMEOUT_SECONDS) as answer:
            found = metrics.parsed(answer.read().decode())
    except (OSError, ValueError) as error:
        advice = f"Is the process {instance.pid} stopped, or its machine overloaded?"
        return Result("stages", False, f"{instance.metrics} does not answer: {error}", advice)
    logs = datafolder.log_folder(settings)
    if seconds := metrics.stuck_for(found, time.time()):
        said = f"ClickHouse has taken nothing for {seconds:.0f} s; what comes waits in the topics"
        return Result("stages", False, said, f"Its answer is in {logs / 'deliver.log'}.")
    # A stage that only begins a run, such as restore, is not down when it has done its work.
    up = {label: value for (name, label), value in found.items() if name == metrics.UP_NAME}
    down = sorted(
        label for label, value in up.items() if label.partition("-")[0] in instance.stages and not value
    )
    if down:
        said = f"not up: {', '.join(down)}"
        return Result("stages", False, said, f"If that lasts: their logs are in {logs}.")
    held = sorted(label for (name, label), value in found.items() if name == metrics.HELD_NAME and value)
    if held:
        advice = "Is the broker up, and intake open?"
        return Result("stages", False, f"Kafka takes nothing from {', '.join(held)}; senders wait", advice)
    return Result("stages", True, "all are up, and ClickHouse takes what it is offered")


def _engine(settings: Settings) -> Result:
    found = query.rows(
        settings, "SELECT version() AS version, (SELECT count() FROM findings FINAL) AS findings"
    )
    return Result(
        "engine",
        True,
        f"ClickHouse {found[0]['version']} answers, {int(found[0]['findings']):,} findings stored",
    )


def _authority(settings: Settings) -> Iterator[Result]:
    """Who is believed about what, and what was said by those who are not."""
    for source, own in trust.table():
        yield Result("trust", True, f"{source} speaks for {own}")
    for who, keys in sorted(settings.authority.items()):
        yield Result("trust", True, f"{who} is believed about {', '.join(keys)} too (setting authority)")
    yield _guarded("hearsay", lambda: _beyond(settings))
    yield _guarded("aliases", lambda: _circles(settings))


def _beyond(settings: Settings) -> Result:
    found = [
        f"{row['voice']} {int(row['things']):,}"
        for row in query.rows(settings, trust.BEYOND)
        if not settings.believed.grants_any(row["voice"])
    ]
    if not found:
        return Result("hearsay", True, "nobody spoke of what is another's")
    advice = (
        "It tells, and decides nothing. Where a source is the provider's own log, grant it: docs/trust.md."
    )
    return Result("hearsay", True, f"things of others that a source spoke of: {', '.join(found)}", advice)


def _circles(settings: Settings) -> Result:
    rows = query.rows(settings, trust.CIRCLES)
    shared = query.rows(settings, trust.SHARED)
    if not rows and not shared:
        return Result("aliases", True, "no two identities are each other's alias, none share one")
    said = []
    if rows:
        said.append(
            f"{len(rows)} identities are aliases of each other, judged under the least key: {_keys(rows)}"
        )
    if shared:
        said.append(
            f"{len(shared)} aliases are given to several identities, the least of which speaks of them: "
            f"{_keys(shared)}"
        )
    advice = "Declare again which of them is the identity, and which its aliases."
    return Result("aliases", False, "; ".join(said), advice)


def _keys(rows: list[dict[str, Any]]) -> str:
    return ", ".join(str(row["key"]) for row in rows[:CIRCLES_SHOWN])


def _intake(settings: Settings) -> Result:
    closed = read_intake(datafolder.run_folder(settings))
    if closed is None:
        return Result("intake", True, "open")
    advice = "Stop and start `gapwatch run` (what was found stays), or use an Apache Kafka: GAPWATCH_BROKER."
    return Result("intake", False, closed, advice)
