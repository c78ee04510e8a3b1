"""Applies the numbered DDL of infra/clickhouse, each number once per database, and counts epochs.

What is for people lies in the database of the settings, what is for gapwatch alone in a second one. In a file
of DDL `{internal}` is the name of the second, and a name without a database is in the first.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from importlib import resources

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from streams.clickhouse.engine import Engine, brief
from streams.clickhouse.replicated import on_cluster
from streams.site.errors import Stop
from streams.site.sitekey import another_key

OFFSET_BITS = 40
"""A row's version is epoch << OFFSET_BITS | topic offset; the reason for 40 stands in 001_epochs.sql."""

TABLE = """
CREATE TABLE IF NOT EXISTS {internal}.migrations
(
    number  UInt32,
    name    String,
    applied DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY number
"""
KEYS = """
CREATE TABLE IF NOT EXISTS {internal}.site_keys
(
    check_value String COMMENT 'tells the site key that the rows were made with from any other; not the key',
    noted       DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY check_value
"""
TABLE_ALREADY_EXISTS = 57
_FILE = re.compile(r"(\d{3})_\w+\.sql\Z")


@dataclass(frozen=True)
class Migration:
    """One numbered file of ``infra/clickhouse``, in statements."""

    number: int
    name: str
    statements: tuple[str, ...]


def migrations() -> list[Migration]:
    """Returns all numbered files in order. A statement ends with a semicolon at the end of a line."""
    files = resources.files("infra").joinpath("clickhouse").iterdir()
    found = [
        Migration(int(match[1]), file.name, _statements(file.read_text(encoding="utf-8")))
        for file in files
        if (match := _FILE.match(file.name))
    ]
    return sorted(found, key=lambda migration: migration.number)


def _statements(text: str) -> tuple[str, ...]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    pieces = re.split(r";\s*$", "\n".join(lines), flags=re.MULTILINE)
    return tuple(piece.strip() for piece in pieces if piece.strip())


def migrate(engine: Engine) -> list[str]:
    """Applies what is missing and returns the names of the files applied now.

    Every statement says IF NOT EXISTS, and what is done is asked before each file, so two processes that do
    this at once, or one that was killed in the middle, do no harm. Raises Stop naming file and statement
    where the engine refuses one.
    """
    client = engine.writer()
    try:
        _bookkeeping(client, engine, "migrations", TABLE)
        applied = []
        for migration in migrations():
            if migration.number not in _done(client, engine):
                _apply(client, engine, migration)
                applied.append(migration.name)
        return applied
    finally:
        engine.discard(client)


def _bookkeeping(client: Client, engine: Engine, table: str, ddl: str) -> None:
    """Makes a table that is there before all migrations; one that an earlier release made is moved."""
    internal = engine.internal
    there = client.query(
        "SELECT database FROM system.tables WHERE name = {name:String} AND database IN {both:Array(String)}",
        parameters={"name": table, "both": [engine.database, internal]},
    )
    if [database for (database,) in there.result_rows] == [engine.database]:
        client.command(on_cluster(f"RENAME TABLE IF EXISTS {table} TO {internal}.{table}", engine.cluster))
    client.command(on_cluster(ddl.replace("{internal}", internal).strip(), engine.cluster))


def _done(client: Client, engine: Engine) -> set[int]:
    found = client.query(f"SELECT number FROM {engine.internal}.migrations").result_rows
    return {int(number) for (number,) in found}


def _apply(client: Client, engine: Engine, migration: Migration) -> None:
    for statement in migration.statements:
        try:
            client.command(on_cluster(statement.replace("{internal}", engine.internal), engine.cluster))
        except ClickHouseError as error:
            if statement.startswith("RENAME") and getattr(error, "code", None) == TABLE_ALREADY_EXISTS:
                continue  # It was moved before; another process made an empty one in the old place.
            said = statement.splitlines()[0]
            raise Stop(
                f"ClickHouse refused {migration.name} at `{said}`: {brief(error)}.\n"
                f"The ClickHouse user must be allowed to create, rename and drop tables and views in "
                f"{engine.database} and {engine.internal}."
            ) from None
    values = {"number": migration.number, "name": migration.name}
    noted = f"INSERT INTO {engine.internal}.migrations (number, name)"
    client.command(f"{noted} VALUES ({{number:UInt32}}, {{name:String}})", parameters=values)


def bind_key(engine: Engine, check: str, former: Collection[str] = ()) -> None:
    """Notes the check value of the site's key where it is new; raises SettingsError where the rows that are
    there were made with one that is neither this nor a former one."""
    client = engine.writer()
    try:
        _bookkeeping(client, engine, "site_keys", KEYS)
        keys = f"{engine.internal}.site_keys"
        found = {str(row[0]) for row in client.query(f"SELECT check_value FROM {keys}").result_rows}
        if check not in found and found <= set(former):
            client.command(
                f"INSERT INTO {keys} (check_value) VALUES ({{check:String}})", parameters={"check": check}
            )
        elif check not in found:
            raise another_key(f"the database {engine.database}")
    finally:
        engine.discard(client)


def next_epoch(engine: Engine, broker: str) -> int:
    """Returns the epoch of this broker: the last one if it is still the same broker, else a new one, one
    higher.

    `broker` changes whenever a broker starts empty (its cluster id, or what the runner gave an embedded one).
    A broker that comes back after another one gets a new epoch too: its rows must outrank those in between.
    """
    client = engine.writer()
    try:
        epochs = f"{engine.internal}.epochs"
        latest = f"SELECT epoch, broker FROM {epochs} ORDER BY epoch DESC, started DESC LIMIT 1"
        rows = client.query(latest).result_rows
        last, known = rows[0] if rows else (0, None)
        if known == broker:
            return int(last)
        values = {"epoch": int(last) + 1, "broker": broker}
        client.command(
            f"INSERT INTO {epochs} (epoch, broker) VALUES ({{epoch:UInt64}}, {{broker:String}})",
            parameters=values,
        )
        return int(last) + 1
    finally:
        engine.discard(client)


def version(epoch: int, offset: int) -> int:
    """Returns the version of the row that came with this offset."""
    return epoch << OFFSET_BITS | offset
