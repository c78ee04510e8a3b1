"""`gapwatch forget IDENTITY`: deletes what is stored of an identity, and says what it cannot delete.

It works on a pipeline that stands still: what a worker holds in memory would be written again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Any

import orjson
from clickhouse_connect.driver.client import Client

from correlators.kernel.knowledge.join import join
from correlators.kernel.stored import known_by
from correlators.kernel.views.inventoried import keys_of
from correlators.kernel.views.view import View
from schemas.dossier import EMPTY, Dossier
from schemas.fact import partition_of
from streams.clickhouse.engine import Engine
from streams.site import datafolder
from streams.site.errors import NotRunning, Stop
from streams.site.foreign import for_json, shown
from streams.site.settings import Settings

if TYPE_CHECKING:
    from confluent_kafka import Producer

WAIT_SECONDS = 30.0
"""A broker that has not confirmed a deletion by then is taken as gone."""
ADMIN_SECONDS = 10.0

_ABOUT = "identity IN {keys:Array(String)} OR credential IN {keys:Array(String)}"
_SPOKEN_OF = f"{_ABOUT} OR subject IN {{keys:Array(String)}}"
TABLES = {
    "activities": f"{_ABOUT} OR target IN {{keys:Array(String)}} OR hasAny(names, {{keys:Array(String)}})",
    "{internal}.spans": "agent IN {keys:Array(String)}",
    "credentials": _ABOUT,
    "findings": _SPOKEN_OF,
    "findings_history": _SPOKEN_OF,
    "assurance": _SPOKEN_OF,
    "assurance_history": _SPOKEN_OF,
    "notes": "finding IN {findings:Array(String)}",
    "{internal}.conduct": "identity IN {keys:Array(String)}",
    "{internal}.declared_privileges": "identity IN {keys:Array(String)}",
    "{internal}.credential_uses": "credential IN {keys:Array(String)}",
    "{internal}.dossiers": "key IN {keys:Array(String)}",
    "{internal}.dossiers_superseded": "key IN {keys:Array(String)}",
}
"""The rows of each table that are about an identity, by its keys and those of its credentials."""
_TEXTS = {"{internal}.dossiers": "body", "findings": "ocsf", "assurance": "ocsf", "activities": "effects"}
_NAMED = "SELECT count() FROM {table} WHERE NOT ({where}) AND multiSearchAny({text}, {keys:Array(String)})"
"""Rows about others that name it: an administrator's act, a record that declares both."""
NEEDLES_MAX = 255
"""Of one search, by ClickHouse."""

LEFT = (
    "messages that Kafka holds (raw, activities, facts, findings, assurance) until their retention is over",
    "what subscribers of the alert topic, packs, exports and backups hold",
    "rejects, which name places in a log and no identity",
)


@dataclass
class Forgotten:
    """``keys``: of the identity and its credentials; ``rows``: by table, how many are about it; ``named``:
    rows about others that name it."""

    identity: str
    keys: list[str]
    rows: dict[str, int] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    named: int = 0

    def lines(self) -> list[str]:
        """Returns it in words."""
        found = [f"{shown(self.identity)}, under {len(self.keys):,} keys:"]
        found += [f"  {count:,} rows of {name}" for name, count in self.rows.items() if count]
        found.append("Not forgotten:")
        if self.named:
            found.append(f"  {self.named:,} rows about others that name it")
        return found + [f"  {text}" for text in LEFT]


def forget(
    settings: Settings,
    identity: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    ask: Callable[[str], bool] | None,
) -> Forgotten:
    """Shows what is stored of an identity, asks, and deletes it. Raises Stop where nothing is known of it,
    where nobody said yes, and where the pipeline runs."""
    from streams.delivering.deliver import open_engine

    datafolder.make_folders(settings)
    with datafolder.held(settings):
        engine = open_engine(settings)
        try:
            found = look(engine, identity)
            if not as_json:
                print("\n".join(found.lines()))
            if not dry_run:
                if not yes and (ask is None or not ask("Delete all of it for good?")):
                    raise Stop("Nothing was deleted. --yes deletes without asking.", code=1)
                if settings.broker is not None:
                    _stands_still(settings)
                delete(engine, found)
                if settings.broker is not None:
                    tombstones(settings, found)
        finally:
            engine.close()
    if as_json:
        body = {"identity": found.identity, "deleted": not dry_run, "rows": found.rows}
        body |= {"named_by_others": found.named, "not_forgotten": list(LEFT), "keys": found.keys}
        sys.stdout.write(for_json(orjson.dumps(body).decode()) + "\n")
    elif not dry_run:
        print("Deleted.")
    return found


def look(engine: Engine, identity: str) -> Forgotten:
    """Returns what is stored of an identity. Raises Stop where nothing is."""
    client = engine.writer()
    try:
        keys = _keys(client, engine, identity)
        found = Forgotten(identity, keys)
        concerned = "SELECT DISTINCT uid FROM {table} WHERE {where}"
        for table in ("findings", "assurance"):
            sql = concerned.replace("{table}", table).replace("{where}", TABLES[table])
            found.findings += [str(uid) for (uid,) in _rows(client, engine, sql, found)]
        sql = f"SELECT DISTINCT id FROM notes WHERE {TABLES['notes']}"
        found.notes = [str(note) for (note,) in _rows(client, engine, sql, found)]
        for table, where in TABLES.items():
            ((count,),) = _rows(client, engine, f"SELECT count() FROM {table} WHERE {where}", found)
            found.rows[table.removeprefix("{internal}.")] = int(count)
        for table, text in _TEXTS.items():
            named = _NAMED.replace("{table}", table).replace("{where}", TABLES[table])
            some = Forgotten(identity, keys[:NEEDLES_MAX], findings=found.findings)
            ((count,),) = _rows(client, engine, named.replace("{text}", text), some)
            found.named += int(count)
    finally:
        engine.discard(client)
    if not any(found.rows.values()):
        raise Stop(f"Nothing is stored of {shown(identity)}. Its whole key is meant, as findings show it.")
    return found


def delete(engine: Engine, found: Forgotten) -> None:
    """Deletes the rows, and waits until they are written out of the parts that held them."""
    client = engine.writer()
    try:
        for table, where in TABLES.items():
            sql = f"ALTER TABLE {table} DELETE WHERE {where} SETTINGS mutations_sync = 2"
            client.command(sql.replace("{internal}", engine.internal), parameters=_filled(found))
    finally:
        engine.discard(client)


def tombstones(settings: Settings, found: Forgotten) -> None:
    """Deletes its dossiers and notes from the topics that keep them for good. Raises NotRunning where the
    broker does not confirm."""
    from confluent_kafka import Producer

    from streams.correlating.faust_app import changelog
    from streams.kafka import topics
    from streams.kafka.connection import kafka_config

    refused: list[str] = []
    producer: Producer = Producer(kafka_config(settings, acks="all"))
    there = topics.admin_client(settings).list_topics(timeout=ADMIN_SECONDS).topics

    def send(topic: str, key: str, **more: Any) -> None:
        if topic in there:
            producer.produce(
                topic,
                None,
                key.encode(),
                on_delivery=lambda e, _: refused.append(e.str()) if e else None,
                **more,
            )

    for key in found.keys:
        send(changelog(settings), key, partition=partition_of(key, settings.partitions))
    for note in found.notes:
        send(topics.name(settings, topics.NOTES), note)
    left = producer.flush(WAIT_SECONDS)
    if left or refused:
        said = refused[0] if refused else "no answer"
        raise NotRunning(
            f"ClickHouse has forgotten it; the broker did not take its deletion: {said}. Run it again."
        )


def _stands_still(settings: Settings) -> None:
    from confluent_kafka import KafkaException

    from streams.kafka import topics
    from streams.kafka.connection import no_answer

    group = topics.name(settings, "correlate")
    try:
        asked = topics.admin_client(settings).describe_consumer_groups([group], request_timeout=ADMIN_SECONDS)
        members = len(asked[group].result().members)
    except KafkaException as error:
        raise no_answer(settings, error) from None
    if members:
        raise Stop(
            f"{members} correlate workers run elsewhere and would write its dossiers again. Stop them and "
            "run this once more."
        )


def _keys(client: Client, engine: Engine, identity: str) -> list[str]:
    """The identity's keys, and those of its credentials."""
    sql = f"SELECT body FROM {engine.internal}.dossiers FINAL WHERE key = {{key:String}} AND body != ''"
    bodies = client.query(sql, parameters={"key": identity}).result_rows
    dossier: Dossier = reduce(join, (known_by(body) for (body,) in bodies), EMPTY)
    names = {key for name, c in dossier.credentials.items() for key in (name, *c.names)}
    own = {key for key in keys_of(View(identity, dossier)) if dossier is not EMPTY}
    return sorted({identity, *own, *names} - {""})


def _filled(found: Forgotten) -> dict[str, Any]:
    return {"keys": found.keys, "findings": found.findings}


def _rows(client: Client, engine: Engine, sql: str, found: Forgotten) -> list[tuple[Any, ...]]:
    answer = client.query(sql.replace("{internal}", engine.internal), parameters=_filled(found))
    return [tuple(row) for row in answer.result_rows]
