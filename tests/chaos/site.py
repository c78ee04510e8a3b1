"""A site under chaos: three brokers, the stages, a ClickHouse server, and all that was ever sent to it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from infra.simulator.delivery import deliver
from infra.simulator.inventory import inventory
from infra.simulator.load import Load
from infra.simulator.story import tell
from schemas.sources import Context
from streams.clickhouse import query
from streams.command.declare import declare
from streams.command.replay import Options
from streams.command.send import send
from streams.files.reading import read
from streams.kafka import lag, topics
from streams.site.context import Site as Reads
from streams.site.errors import NotRunning, Stop
from streams.site.settings import Settings
from streams.supervision.broker import resident_bytes
from streams.supervision.process import StageProcess
from tests.chaos.disturbed import OFFSET_VARIABLE, set_clock
from tests.kafka import apache
from tests.kafka.apache import Kafka
from tests.support.clickhouse_server import Server, server_over
from tests.support.kafka_rows import Rows, replayed, stored
from tests.support.stages import Stages
from tests.support.waiting import wait_for

KEY = "a site key of the tests"
NAMES = (("deliver", 0), ("correlate", 0), ("correlate", 1), ("normalise", 0))
CORRELATORS = 2
RECORDS = 150
"""Of one round: some of their keys are deleted, and some of these are used again."""
PER_SECOND = 2
FAMILIES = 10
"""Rounds whose workloads have names of their own: later ones meet what earlier ones left."""
SETTLED_SECONDS = 240.0
UNDER_WAY = {"correlate": 20}
"""Messages that may be: watermarks go on while nothing else comes, and Faust commits every few seconds."""


class NotSettledError(Exception):
    """Something is lost, doubled or wrong, and stays so."""


@dataclass
class Seen:
    """How it stands after a round."""

    findings: int = 0
    assurance: int = 0
    seconds: float = 0.0
    resident: dict[str, int] = field(default_factory=dict)
    state: int = 0
    """Bytes of all dossiers as they are stored."""


@dataclass
class Site:
    settings: Settings
    brokers: list[Kafka]
    clickhouse: Server
    stages: Stages
    folder: Path
    start: datetime
    sent: list[str] = field(default_factory=list)
    events: set[str] = field(default_factory=set)
    upgrading: bool = False
    written_before: list[dict[str, Any]] = field(default_factory=list)

    def begin(self, kind: type[StageProcess]) -> None:
        """Starts the stages, declares the inventory and sends a day of two accounts."""
        self.stages.kind = kind
        story = tell(22, self.start)
        paths = deliver(story, self.folder / "story")
        (self.folder / "inventory.yaml").write_text(inventory(story), encoding="utf-8")
        for name, worker in NAMES:
            self.stages.start(name, worker, wait=False)
        declare(self.settings, [str(self.folder / "inventory.yaml")])
        self.send(*paths)

    def load(self, number: int, seed: int) -> Path:
        """The records of a round: a function of its number and the seed."""
        start = self.start + timedelta(minutes=2 * number)
        made = Load(RECORDS, 12, seed * 1_000 + number, start, killed=0.4, per_second=PER_SECOND)
        path = self.folder / f"round-{number}.jsonl"
        name, ids = f"w{number % FAMILIES}load-".encode(), f"-{number:04x}-4000-".encode()
        with path.open("wb") as out:
            for line in made.lines():
                out.write(line.replace(b"workload-", name).replace(b"-0000-4000-", ids))
        return path

    def send(self, *paths: Path) -> None:
        """Sends files, again from their beginning where the brokers were away: duplicates change nothing."""
        end = time.monotonic() + SETTLED_SECONDS
        while True:
            try:
                send(self.settings, [str(path) for path in paths])
                break
            except Stop:
                if time.monotonic() > end:
                    raise
                time.sleep(1.0)
        self.sent += [str(path) for path in paths]
        for path in paths:
            self.events |= {json.loads(piece.content)["eventID"] for piece in read(path, 2**22)}

    def all_read(self) -> None:
        """Waits until every record sent so far is an activity, whatever was made of it."""
        wait_for(self._has_all, "all records to be stored", SETTLED_SECONDS)

    def _has_all(self) -> bool:
        self.stages.revive()
        with suppress(NotRunning, Stop):
            sql = "SELECT uniqExact(uid) FROM activities WHERE source = 'cloudtrail'"
            return self._number(sql) == len(self.events)
        return False

    def settle(self) -> Seen:
        """Waits until everything stands as a replay of all that was sent says, and nothing is under way.
        Raises NotSettledError with what differs."""
        began = time.monotonic()
        expected = self._expected()
        why = "nothing was asked"
        while time.monotonic() - began < SETTLED_SECONDS:
            self.stages.revive()
            with suppress(NotRunning, Stop):
                why = self._missing() or self._differs(expected, found := stored(self.settings))
                if not why:
                    return self._seen(found, time.monotonic() - began)
            time.sleep(0.5)
        raise NotSettledError(why)

    def _expected(self) -> tuple[Rows, Rows]:
        assurance = self.folder / "assurance.jsonl"
        options = Options(
            tuple(self.sent),
            (str(self.folder / "inventory.yaml"),),
            as_of=datetime.now(UTC),
            assurance=assurance,
            site=Reads(Context(key=KEY.encode())),
        )
        return replayed(options, assurance)

    def _missing(self) -> str:
        """Says what is not stored yet, or not taken; asks for numbers only."""
        activities = self._number("SELECT uniqExact(uid) FROM activities WHERE source = 'cloudtrail'")
        if activities != len(self.events):
            return f"activities: {activities} of {len(self.events)}"
        doubled = self._number("SELECT count() - uniqExact(uid) FROM findings FINAL")
        if doubled:
            return f"findings: {doubled} are there twice"
        behind = {name: lag.behind(self.settings, name) for name in lag.GROUPS}
        if any(many > UNDER_WAY.get(name, 0) for name, many in behind.items()):
            return f"messages that nobody has taken: {behind}"
        return ""

    def _differs(self, expected: tuple[Rows, Rows], found: tuple[Rows, Rows]) -> str:
        for name, should, is_now in zip(("findings", "assurance"), expected, found, strict=True):
            lost, more = should.keys() - is_now.keys(), is_now.keys() - should.keys()
            both = should.keys() & is_now.keys()
            other = [uid for uid in both if not self._equal(should[uid], is_now[uid])]
            if lost or more or other:
                uid = sorted(lost or more or other)[0]
                count = f"{len(lost)} lost, {len(more)} too many, {len(other)} other"
                return f"{name}: {count}: {uid} {_difference(should.get(uid), is_now.get(uid))}"
        return ""

    def _equal(self, should: dict[str, Any], is_now: dict[str, Any]) -> bool:
        """An upgrade writes no row anew in which nothing was learned: such a row stands in the words of the
        last release, and decides the same."""
        if should == is_now:
            return True
        old = self.upgrading or is_now in self.written_before
        return old and _decided(should) == _decided(is_now)

    def upgraded(self) -> Seen:
        """Settles what the last release began. Rows that stay as they are now are its rows."""
        self.upgrading = True
        seen = self.settle()
        self.upgrading = False
        self.written_before = [row for rows in stored(self.settings) for row in rows.values()]
        return seen

    def _number(self, sql: str) -> int:
        (row,) = query.rows(self.asked, sql)
        return int(next(iter(row.values())))

    @property
    def asked(self) -> Settings:
        return self.settings.model_copy(update={"clickhouse": f"http://127.0.0.1:{self.clickhouse.port}"})

    def _seen(self, found: tuple[Rows, Rows], seconds: float) -> Seen:
        resident = {
            stage.label: resident_bytes(stage.pid) for stage in self.stages.running if stage.pid is not None
        }
        latest = "SELECT argMax(length(body), version) AS size FROM {internal}.dossiers GROUP BY key"
        state = self._number(f"SELECT sum(size) FROM ({latest})")
        return Seen(len(found[0]), len(found[1]), seconds, resident, state)


def _decided(row: dict[str, Any]) -> tuple[object, ...]:
    """Returns what a row decides, whatever words and fields a release writes it in."""
    info = row["finding_info"]
    known = [
        row.get(name) for name in ("severity_id", "status_id", "status_detail", "start_time", "end_time")
    ]
    return (*known, row["unmapped"]["value"], info["analytic"]["uid"], info.get("related_events"))


def _difference(should: object, is_now: object, path: str = "") -> str:
    """The first place where two rows differ, and what stands there."""
    if isinstance(should, dict) and isinstance(is_now, dict):
        for key in sorted(should.keys() | is_now.keys()):
            if should.get(key) != is_now.get(key):
                return _difference(should.get(key), is_now.get(key), f"{path}.{key}")
    if isinstance(should, list) and isinstance(is_now, list) and len(should) == len(is_now):
        for number, (one, other) in enumerate(zip(should, is_now, strict=True)):
            if one != other:
                return _difference(one, other, f"{path}[{number}]")
    return f"{path} should be {json.dumps(should)[:300]}, is {json.dumps(is_now)[:300]}"


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """A site whose brokers and ClickHouse are up; its stages are not started yet."""
    with ExitStack() as end:
        brokers = apache.cluster(folder / "kafka")
        for broker in brokers:
            end.callback(broker.kill)
            broker.start(wait=False)
        for broker in brokers:
            broker.wait_until_it_answers()
        served = end.enter_context(server_over(folder / "clickhouse"))
        settings = Settings(
            data=folder / "data",
            broker=",".join(broker.address for broker in brokers),
            clickhouse=f"http://127.0.0.1:{served.port}",
            sql_port=served.port,
            hmac_key=KEY,
            correlators=CORRELATORS,
            partitions=4,
            replication=len(brokers),
        )
        topics.create_missing(settings, topics.wanted(settings, ["cloudtrail", "inventory", "vault"]))
        clock = folder / "clock"
        set_clock(clock, 0.0)
        os.environ[OFFSET_VARIABLE] = str(clock)
        end.callback(os.environ.pop, OFFSET_VARIABLE, None)
        stages = Stages(settings)
        end.callback(stages.close)
        start = (datetime.now(UTC) - timedelta(days=3)).replace(microsecond=0)
        yield Site(settings, brokers, served, stages, folder, start)
