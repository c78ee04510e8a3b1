"""The way to ClickHouse: a server by URL, or the engine embedded in this process; a writer and readers.

The embedded engine knows one user, so a reader is held by three things at once: a role that may only read
our database (no table functions that reach files, networks or this process), limits, and `readonly=1`, after
which the engine lets nobody change any of them on that handle. The rest is refused by
`streams.clickhouse.sql_gate`.
"""

from __future__ import annotations

import contextlib
import os
import stat
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from streams.clickhouse.replicated import on_cluster
from streams.site.errors import NotRunning

INTERNAL = "_internal"
"""Behind the name of the database: the name of the second one."""
WRITER = "gapwatch_writer"
READER = "gapwatch_reader"

SYSTEM_TABLES_KEPT = (
    *("collations", "columns", "data_skipping_indices", "data_type_families", "databases", "formats"),
    *("functions", "keywords", "numbers", "numbers_mt", "one", "settings", "table_engines"),
    *("table_functions", "tables", "time_zones", "zeros", "zeros_mt"),
    # KILL QUERY finds the running ones there; `streams.clickhouse.sql_gate` keeps readers from it.
    "processes",
)
"""What clients ask for when they connect or browse. The rest of the embedded engine's `system` tells of this
machine and of other people's queries, and is taken away: roles cannot forbid it there."""

CONFIG = """<clickhouse>
  <users_config>{users}</users_config>
  <max_server_memory_usage>{memory}</max_server_memory_usage>
  <mark_cache_size>134217728</mark_cache_size>
</clickhouse>
"""

USERS = f"""<clickhouse>
  <profiles><default></default></profiles>
  <quotas><default></default></quotas>
  <roles>
    <{WRITER}><grants><query>GRANT ALL ON *.*</query></grants></{WRITER}>
    <{READER}><grants><query>GRANT SELECT, SHOW ON {{database}}.*</query>
      <query>GRANT SELECT, SHOW ON {{internal}}.*</query></grants></{READER}>
  </roles>
  <users>
    <default>
      <password></password>
      <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants><query>GRANT {WRITER}</query><query>GRANT {READER}</query></grants>
    </default>
  </users>
</clickhouse>
"""


CONNECT_SECONDS, ANSWER_SECONDS = 10, 60
"""To a server. One that takes a connection and then says nothing must not hold deliver for longer: its group
would take it for dead."""


@dataclass(frozen=True)
class Limits:
    """What ad-hoc queries may take: time, rows and bytes of an answer, threads each; bytes of memory all that
    run together."""

    time: timedelta = timedelta(seconds=30)
    memory: int = 2 * 2**30
    rows: int = 1_000_000
    result_bytes: int = 128 * 2**20
    threads: int = 2

    def settings(self) -> dict[str, float]:
        """Returns the limits as ClickHouse spells them."""
        return {
            "max_execution_time": self.time.total_seconds(),
            "max_memory_usage": self.memory,
            # Sorting and grouping go to disk before the limit stops them.
            "max_bytes_before_external_group_by": self.memory // 2,
            "max_bytes_before_external_sort": self.memory // 2,
            "max_result_rows": self.rows,
            "max_result_bytes": self.result_bytes,
            "max_threads": self.threads,
            "max_ast_elements": 50_000,
            # One row per key although parts are not merged yet: right answers without knowing the word FINAL.
            # Measured on 3,000,000 activities: a hunt by identity 5 -> 8 ms, a full scan 0.03 -> 0.44 s.
            "final": 1,
        }


class Certificates(NamedTuple):
    """PEM files towards a server: who signed its certificate, and our own with its key."""

    authority: Path | None = None
    own: Path | None = None
    key: Path | None = None


@dataclass
class Engine:
    """Makes clients; each is used by one thread at a time. `close` closes all of them. `internal`: the second
    database, for what is for gapwatch alone. `cluster`: on whose servers all is made, "" on this one."""

    database: str
    internal: str
    embedded: bool
    limits: Limits
    options: dict[str, Any]
    cluster: str = ""
    _clients: list[Client] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def writer(self) -> Client:
        """Returns a client that may do everything. Never give it a `readonly` setting: an embedded one keeps
        it."""
        return self._open()

    def reader(self, limits: Limits | None = None, more: Mapping[str, str] | None = None) -> Client:
        """Returns a client that may read the database and can be made to do nothing else; within its own
        limits, or those of all, and with `more` settings (`streams.clickhouse.asked_settings`)."""
        limits = limits or self.limits
        if not self.embedded:
            # Each request to a server carries its settings, and after readonly=1 a query cannot change them.
            return self._open(settings={**limits.settings(), **(more or {}), "readonly": 1})
        client = self._open()
        try:
            for statement in _restrictions(limits, more or {}):
                client.command(statement)
        except ClickHouseError:
            self.discard(client)
            raise
        return client

    def discard(self, client: Client) -> None:
        """Closes one client for good."""
        with self._lock, contextlib.suppress(ValueError):
            self._clients.remove(client)
        client.close()

    def close(self) -> None:
        """Closes every client that is still open; to be called once, after all use."""
        with self._lock:
            clients, self._clients = self._clients, []
        for client in clients:
            client.close()

    def _open(self, **more: Any) -> Client:
        client = open_client(**self.options, database=self.database, **more)
        with self._lock:
            self._clients.append(client)
        return client


def _restrictions(limits: Limits, more: Mapping[str, str]) -> list[str]:
    return [
        f"SET ROLE {READER}",
        # The embedded engine reads `1 + 1` as a query and shows the addresses of its code, unless told.
        "SET implicit_select = 0",
        "SET allow_introspection_functions = 0",
        *(f"SET {name} = {value}" for name, value in limits.settings().items()),
        *(assignment(name, value) for name, value in more.items()),
        "SET readonly = 1",
    ]


def assignment(name: str, value: str) -> str:
    """Returns the statement that sets this; the engine reads numbers out of strings."""
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"SET {name} = '{quoted}'"


def connect(
    url: str | None,
    path: Path,
    *,
    database: str = "gapwatch",
    internal: str = "",
    user: str = "default",
    password: str = "",
    certificates: Certificates | None = None,
    limits: Limits | None = None,
    memory: int | None = None,
    cluster: str = "",
) -> Engine:
    """Returns the engine at `url` (http(s)://host:port), or without one the embedded engine over the folder
    `path`.

    Both databases are made where they are missing; the second is named as the first with `_internal` behind
    it unless `internal` names it. `memory`: most bytes that the embedded engine may take in all
    (default half of the machine's); `cluster`: of the servers that hold the same (settings).
    Raises NotRunning where the server does not answer or another process
    holds the folder.
    """
    limits = limits or Limits()
    internal = internal or f"{database}{INTERNAL}"
    if url:
        options = server_options(url, user, password, certificates or Certificates())
    else:
        options = embedded_options(path, database, internal, memory)
    first = open_client(**options)
    try:
        for name in (database, internal):
            making = name
            first.command(on_cluster(f"CREATE DATABASE IF NOT EXISTS `{name}`", cluster))
        if url is None:
            _hide_system_tables(first)
    except ClickHouseError as error:
        raise NotRunning(f"ClickHouse cannot make the database {making}: {brief(error)}.") from None
    finally:
        # The embedded engine ends with its last client, so the next one is opened before this one goes.
        engine = Engine(database, internal, url is None, limits, options, cluster)
        if url is None:
            engine._clients.append(first)
        else:
            first.close()
    return engine


def server_options(url: str, user: str, password: str, certificates: Certificates) -> dict[str, Any]:
    """Returns the options of ``clickhouse_connect.get_client`` for a server's URL; the port is ClickHouse's
    own unless the URL names one. Our certificate says who we are where there is no password; where there is
    one, it is only what TLS asks for."""
    parts = urlsplit(url)
    named = {
        "ca_cert": certificates.authority,
        "client_cert": certificates.own,
        "client_cert_key": certificates.key,
        "tls_mode": "strict" if certificates.own and password else None,
    }
    return {name: str(value) for name, value in named.items() if value} | {
        "interface": parts.scheme,
        "host": parts.hostname,
        "port": parts.port or (8443 if parts.scheme == "https" else 8123),
        "username": user,
        "password": password,
        # Sessions allow one query at a time, and none of ours needs one.
        "autogenerate_session_id": False,
        "connect_timeout": CONNECT_SECONDS,
        "send_receive_timeout": ANSWER_SECONDS,
    }


def embedded_options(path: Path, database: str, internal: str, memory: int | None) -> dict[str, Any]:
    """Returns the options of an embedded client; writes the engine's configuration (roles, memory) beside its
    data."""
    if memory is None:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    folder = path / "gapwatch-config"
    folder.mkdir(parents=True, exist_ok=True)
    path.chmod(stat.S_IRWXU)
    users, config = folder / "users.xml", folder / "config.xml"
    users.write_text(USERS.format(database=database, internal=internal), encoding="utf-8")
    config.write_text(CONFIG.format(users=_xml(users.resolve()), memory=memory), encoding="utf-8")
    return {"interface": "chdb", "path": str(path), "chdb_options": {"config-file": str(config.resolve())}}


def open_client(**options: Any) -> Client:
    """Returns a clickhouse-connect client; raises NotRunning, in words for people, where nothing can be
    reached."""
    try:
        return clickhouse_connect.get_client(**options)
    except ClickHouseError as error:
        if options["interface"] == "chdb":
            raise NotRunning(
                f"The embedded ClickHouse engine cannot open {options['path']}: {brief(error)}.\n"
                "One process at a time may open it: stop the other `gapwatch run` over this folder, "
                "or ask its SQL endpoint."
            ) from None
        raise NotRunning(
            f"ClickHouse at {options['host']}:{options['port']} does not answer as {options['username']}: "
            f"{brief(error)}.\nCheck the settings clickhouse, clickhouse_user and clickhouse_password."
        ) from None


def brief(error: BaseException, length: int = 300) -> str:
    """Returns the first line of an engine's error, short enough to show."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return line.rstrip(". ")[:length]


def _hide_system_tables(client: Client) -> None:
    there = client.query("SELECT name FROM system.tables WHERE database = 'system'").result_rows
    for (name,) in there:
        if name not in SYSTEM_TABLES_KEPT:
            client.command(f"DROP TABLE IF EXISTS system.`{name}`")


def _xml(path: Path) -> str:
    return str(path).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
