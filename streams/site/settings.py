"""Every setting of gapwatch, from `GAPWATCH_…` variables, one TOML file and the command line.

The command line outranks the environment, the environment outranks the file. Unknown keys are errors.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import SettingsConfigDict

from streams.site.assurance import AssuranceSettings
from streams.site.authority import AuthoritySettings
from streams.site.keeping import KeepingSettings
from streams.site.reaching import ReachSettings
from streams.site.receivers import ReceiverSettings
from streams.site.thresholds import ThresholdSettings
from streams.site.units import SIZE, Duration, Size, exact_size, show_duration

ENV_PREFIX = "GAPWATCH_"


def quarter_of_memory() -> int:
    """Returns a quarter of this machine's memory in bytes. A quarter leaves room for the engine, the
    correlators and whatever else the machine does."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4


class Settings(
    ReachSettings, ThresholdSettings, AssuranceSettings, AuthoritySettings, KeepingSettings, ReceiverSettings
):
    """All settings; each description says the unit and the reason for the default."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, validate_default=True
    )

    data: Path = Field(
        Path("gapwatch-data"),
        description="Folder of everything that is kept: the embedded engine, the site's key, logs, the "
        "state of the run.",
    )
    broker: str | None = Field(
        None, description="Kafka bootstrap servers, host:port[,host:port]. Unset: the embedded broker."
    )
    broker_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port of the embedded broker on loopback. Unset: 19092, or any free one if that is "
        "taken; "
        "0: any free one; a number: exactly that one.",
    )
    broker_memory_ceiling: Size = Field(
        default_factory=quarter_of_memory,
        ge=2**20,
        description="Resident bytes of the embedded broker at which the run stops; intake stops at 80% of "
        "it. The "
        "embedded broker keeps everything in memory and frees none. Default: a quarter of the machine's "
        "memory.",
    )
    replication: int = Field(
        1, ge=1, le=9, description="Copies of each topic that gapwatch creates; 3 is usual on a real cluster."
    )
    topic_prefix: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]*$",
        max_length=64,
        description="Text before the name of every topic and consumer group, so that several installations "
        "can share one cluster.",
    )
    raw_partitions: int = Field(
        4,
        ge=1,
        le=512,
        description="Partitions of each raw topic: the most that can normalise one source at once.",
    )
    partitions: int = Field(
        8,
        ge=1,
        le=512,
        description="Partitions of the facts topic: the most correlate workers that can share the "
        "identities. It "
        "cannot be changed over existing topics; 8 is room to grow at little cost.",
    )
    clickhouse: str | None = Field(
        None,
        pattern=r"^https?://[^@\s]+$",
        description="URL of a ClickHouse server, http(s)://host:port, without a password. Unset: embedded "
        "engine.",
    )
    clickhouse_database: str = Field(
        "gapwatch",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="Database of the tables and views that are for people.",
    )
    clickhouse_internal: str | None = Field(
        None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="Database of what is for gapwatch alone (dossiers, bookkeeping, tables that rows come "
        "in by); another one than clickhouse_database. Unset: that one's name with _internal behind it.",
    )
    clickhouse_cluster: str = Field(
        "",
        pattern=r"^[A-Za-z0-9_.-]*$",
        description="Cluster of the ClickHouse servers that are to hold the same: tables are made on all of "
        "them and replicated. Set it before the first start: tables that are there stay as they are. Unset: "
        "one server.",
    )
    sql_host: str = Field(
        "127.0.0.1",
        description="Loopback address on which the read-only SQL endpoint of the embedded engine listens. "
        "The endpoint asks for no password: put a proxy with authentication before it if other machines "
        "are to ask.",
    )
    sql_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port of the SQL endpoint. Unset: 18123, or any free one if that is taken; 0: any free "
        "one.",
    )
    sql_time_limit: Duration = Field(
        timedelta(seconds=30), description="Longest run of one ad-hoc query; ingest shares the machine."
    )
    sql_memory_limit: Size = Field(
        2 * 2**30,
        ge=2**20,
        description="Most bytes of memory for all ad-hoc queries that run together; one may take half of it.",
    )
    sql_row_limit: int = Field(1_000_000, ge=1, description="Most rows in the answer to one ad-hoc query.")
    sql_result_limit: Size = Field(
        128 * 2**20,
        ge=2**16,
        description="Most bytes in the answer to one ad-hoc query, as columns in memory.",
    )
    metrics_host: str = Field(
        "127.0.0.1", description="Loopback address on which the Prometheus endpoint listens."
    )
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port of the Prometheus endpoint. Unset: 19100, or any free one if taken; 0: any free "
        "one.",
    )
    hmac_key: SecretStr | None = Field(
        None,
        min_length=16,
        description="The site's key, 16 characters or more: credential ids that are secrets are replaced by "
        "their "
        "HMAC under it. Unset: a file in the data folder, made at first start. The same key must be used on "
        "every "
        "machine of a site, or ids do not meet.",
    )
    hmac_keys_before: SecretStr = Field(
        SecretStr(""),
        description="Former keys of the site, separated by spaces; used only where hmac_key is set. "
        "Secrets are masked under the former keys as well, so that an end that was recorded under an old "
        "key meets a use under the new key. (In a data folder `gapwatch key rotate` keeps the former "
        "keys.)",
    )
    caep_keys: Path | None = Field(
        None,
        description="JSON Web Key Set of the transmitter that signs security event tokens, or one set per "
        "issuer. Unset: no token is accepted.",
    )
    caep_audiences: tuple[str, ...] = Field(
        (), description="Audiences that a security event token must be for. Empty: any."
    )
    caep_unsigned: bool = Field(
        False, description="Also accept security event tokens that nobody signed: for trying out only."
    )
    normalisers: int = Field(
        1, ge=1, le=64, description="Number of processes that turn raw records into facts."
    )
    correlators: int = Field(
        1, ge=1, le=64, description="Number of Faust worker processes; the identities are divided among them."
    )
    flush_interval: Duration = Field(
        timedelta(seconds=1),
        description="How long a correlator gathers changes before it writes them, and so the longest that "
        "a finding waits. A longer interval is cheaper: a dossier that changes often is written once per "
        "interval.",
    )
    tick_interval: Duration = Field(
        timedelta(seconds=1),
        description="How often the correlators receive the time. A verdict that is due at a certain moment "
        "comes at most this much later.",
    )
    dossier_limit: Size = Field(
        600_000,
        ge=2**14,
        le=900_000,
        description="Most bytes of one dossier. Beyond this the parts that were unseen for the longest are "
        "dropped, and a mark says so (docs/caps.md). A Kafka message must stay below 1 MB, with room to "
        "spare.",
    )
    facts_backlog: int = Field(
        100_000,
        ge=1,
        description="Number of unread messages on the facts topic at which normalise stops reading the raw "
        "topics; it goes on once half of them are read. The ticks, one a second for each partition, count "
        "as messages too; reading one takes almost no time.",
    )
    deliver_interval: Duration = Field(
        timedelta(seconds=1),
        description="Longest time that rows wait before they are inserted into ClickHouse.",
    )
    deliver_rows: int = Field(
        50_000,
        ge=1,
        description="Number of rows at which an insert is made at once, without waiting for "
        "deliver_interval. ClickHouse prefers large inserts.",
    )
    record_limit: Size = Field(
        4 * 2**20, ge=2**10, le=2**26, description="Most bytes of one raw record; a larger one is a reject."
    )
    ready_deadline: Duration = Field(
        timedelta(seconds=60),
        description="Time that a stage has to become ready; after it the stage counts as crashed.",
    )
    stop_deadline: Duration = Field(
        timedelta(seconds=8),
        description="Time that a stage has to finish after it was asked to stop; after it the stage is "
        "killed.",
    )
    restart_limit: int = Field(
        5, ge=0, description="Crashes of one stage within restart_window after which the whole run gives up."
    )
    restart_window: Duration = Field(
        timedelta(minutes=2), description="Time within which restart_limit counts crashes."
    )

    @property
    def engine_path(self) -> Path:
        """Folder of the embedded ClickHouse engine; one process at a time may open it."""
        return self.data / "clickhouse"

    @property
    def internal_database(self) -> str:
        """Name of the second database."""
        return self.clickhouse_internal or f"{self.clickhouse_database}_internal"

    @property
    def embedded_engine(self) -> bool:
        """Whether ClickHouse is the engine inside `gapwatch run`, not a server."""
        return self.clickhouse is None


def environment(settings: Settings) -> dict[str, str]:
    """Returns the variables from which `Settings()` in a child process gives the same settings; holds
    secrets."""
    out: dict[str, str] = {}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if value is not None:
            out[ENV_PREFIX + name.upper()] = _as_text(value)
    return out


def _as_text(value: object) -> str:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case timedelta():
            return show_duration(value)
        case Path():
            return str(value.absolute())
        case tuple() | dict():
            return json.dumps(value, default=show_duration)
    return str(value)


def describe() -> list[Mapping[str, str]]:
    """Returns one mapping per setting (key, variable, default, description): help and documentation come from
    here."""
    rows: list[Mapping[str, str]] = []
    # How others are reached, thresholds, who is believed, then the optional stages; a class gives what it
    # inherits first.
    last = (
        *(ReachSettings.model_fields, ThresholdSettings.model_fields, AssuranceSettings.model_fields),
        *(KeepingSettings.model_fields, AuthoritySettings.model_fields, ReceiverSettings.model_fields),
    )
    rank = {name: place for place, fields in enumerate(last, 1) for name in fields}
    for name, field in sorted(Settings.model_fields.items(), key=lambda item: rank.get(item[0], 0)):
        # What a factory gives depends on the machine; the description says it in words.
        shown = "" if field.default_factory else _text_of_default(field)
        rows.append(
            {
                "key": name,
                "variable": ENV_PREFIX + name.upper(),
                "default": shown,
                "description": field.description or "",
            }
        )
    return rows


def _text_of_default(field: FieldInfo) -> str:
    """A default as one would write it: "" for none and for what is empty."""
    value = field.default
    if isinstance(value, timedelta):
        return show_duration(value)
    if isinstance(value, bool):
        return str(value).lower()
    if value in (None, ()) or isinstance(value, SecretStr):
        return ""
    return exact_size(value) if SIZE in field.metadata else str(value)
