"""Names, partitions and configuration of all topics, and their creation where they are missing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from schemas.sources import sources
from streams.kafka.connection import no_answer
from streams.site.errors import Stop
from streams.site.settings import Settings

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

RAW = "raw"
ACTIVITIES = "activities"
FACTS = "facts"
REJECTS = "rejects"
FINDINGS = "findings"
ASSURANCE = "assurance"
CREDENTIALS = "credentials"
FOR_OTHERS = (FINDINGS, ASSURANCE)
"""Topics to which other programs subscribe: the broker packs what comes to them anew, by a codec that every
client of Kafka reads. (The embedded broker keeps what a producer packed.)"""
SAID_AGAIN = "again"
"""Header of a finding that is stored already and is sent for those alone who subscribe."""
NOTES = "notes"
"""What analysts say of findings: nobody can work it out again, so the broker keeps it, one message a note."""
DERIVED = (ACTIVITIES, FACTS, REJECTS, FINDINGS, ASSURANCE, CREDENTIALS, NOTES)

DAY_MS = 86_400_000
RETENTION_MS = {
    ACTIVITIES: 7 * DAY_MS,
    FACTS: 7 * DAY_MS,
    REJECTS: 7 * DAY_MS,
    # Subscribers of the alert topic may have been away longer.
    FINDINGS: 30 * DAY_MS,
    ASSURANCE: 7 * DAY_MS,
    CREDENTIALS: 7 * DAY_MS,
}
OUTPUT_PARTITIONS = 4
"""Of activities, rejects, findings, assurance and credentials: enough for four deliver processes."""
ENVELOPE_ROOM = 2**20
"""Bytes a message may have beyond the largest record: blocks of rows, keys, headers."""
FULL_QUEUE_MS = 20
"""How soon a consumer fetches again whose queue was full: its default of a second is a pause whenever a batch
empties the queue."""
ADMIN_TIMEOUT_SECONDS = 10.0
_INSTANCE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}\Z")


def name(settings: Settings, topic: str) -> str:
    """Returns the name of a derived topic on the broker, e.g. `findings` with the prefix of this
    installation."""
    return settings.topic_prefix + topic


def raw(settings: Settings, source: str, instance: str | None = None) -> str:
    """Returns the name of a raw topic, `raw.<source>` or `raw.<source>.<instance>`; raises Stop where the
    instance cannot stand in a topic name."""
    if instance is None:
        return f"{settings.topic_prefix}{RAW}.{source}"
    if not _INSTANCE.match(instance):
        raise Stop(
            f"The instance {instance!r} cannot stand in a topic name: use letters, digits, '.', '_' and '-'.",
            code=2,
        )
    return f"{settings.topic_prefix}{RAW}.{source}.{instance}"


def raw_pattern(settings: Settings) -> str:
    """Returns the regular expression that a consumer of all raw topics subscribes to (it has to begin with
    ^)."""
    return "^" + re.escape(settings.topic_prefix) + re.escape(RAW) + r"\..+"


def source_and_instance(settings: Settings, topic: str) -> tuple[str, str | None]:
    """Returns the source and the installation that a raw topic's name says: `raw.vault.prod` gives ("vault",
    "prod"), `raw.cloudtrail` gives ("cloudtrail", None)."""
    rest = topic.removeprefix(settings.topic_prefix).removeprefix(RAW + ".")
    source, _, instance = rest.partition(".")
    return source, instance or None


def unreadable(settings: Settings, names: Iterable[str]) -> list[str]:
    """Returns the raw topics whose name says no source that there is: what comes there is a reject. Those
    that may say in headers what they hold are none of them."""
    prefix = f"{settings.topic_prefix}{RAW}."
    named = settings.header_topics or ()
    return sorted(
        topic
        for topic in names
        if topic.startswith(prefix)
        and topic not in named
        and source_and_instance(settings, topic)[0] not in sources()
    )


@dataclass(frozen=True)
class Topic:
    """A topic as it is to be made: name, number of partitions, configuration."""

    name: str
    partitions: int
    config: dict[str, str]


def raw_topic(settings: Settings, source: str, instance: str | None = None) -> Topic:
    """Returns the raw topic of a source and an installation (None: the default one), as it is to be made."""
    return Topic(raw(settings, source, instance), settings.raw_partitions, _config(settings, RAW))


def wanted(settings: Settings, sources: Iterable[str]) -> list[Topic]:
    """Returns every topic a run needs: one raw topic per source, and the derived ones."""
    topics = [raw_topic(settings, source) for source in sources]
    for topic in DERIVED:
        partitions = settings.partitions if topic == FACTS else OUTPUT_PARTITIONS
        topics.append(Topic(name(settings, topic), partitions, _config(settings, topic)))
    return topics


def _config(settings: Settings, topic: str) -> dict[str, str]:
    return {
        "cleanup.policy": "compact" if topic == NOTES else "delete",
        # When a record came is for the broker to say: what a producer writes there decides nothing.
        "message.timestamp.type": "LogAppendTime",
        **({"retention.ms": str(kept)} if (kept := _retention(settings, topic)) else {}),
        "max.message.bytes": str(settings.record_limit + ENVELOPE_ROOM),
        **({"compression.type": "gzip"} if topic in FOR_OTHERS else {}),
    }


def _retention(settings: Settings, topic: str) -> int:
    """Milliseconds; 0: the broker's own, or for good."""
    if topic == RAW:
        return int(settings.raw_retention.total_seconds() * 1000)
    return RETENTION_MS.get(topic, 0)


def create_missing(
    settings: Settings, topics: Iterable[Topic], admin: AdminClient | None = None
) -> list[str]:
    """Creates the topics that are not there and returns their names; others are left as they are.

    Raises NotRunning where the broker does not answer, Stop where it refuses or where the facts topic has
    another number of partitions than the settings say (identities would move between dossiers).
    """
    from confluent_kafka import KafkaError, KafkaException

    admin = admin or admin_client(settings)
    there = _partitions(settings, admin)
    missing = [topic for topic in topics if topic.name not in there]
    facts = name(settings, FACTS)
    if there.get(facts, settings.partitions) != settings.partitions:
        raise Stop(
            f"The topic {facts} has {there[facts]} partitions, the setting partitions says "
            f"{settings.partitions}.\n"
            f"Set partitions to {there[facts]}, or choose another topic_prefix for a fresh start."
        )
    created = []
    for topic_name, future in _create(settings, admin, missing).items():
        try:
            future.result()
            created.append(topic_name)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise Stop(
                    f"The broker did not create the topic {topic_name}: {error.args[0].str()}."
                ) from None
    return created


def _create(settings: Settings, admin: AdminClient, topics: list[Topic]):  # type: ignore[no-untyped-def]
    from confluent_kafka.cimpl import NewTopic

    if not topics:
        return {}
    new = [NewTopic(t.name, t.partitions, settings.replication, config=t.config) for t in topics]
    return admin.create_topics(new, operation_timeout=ADMIN_TIMEOUT_SECONDS)


def _partitions(settings: Settings, admin: AdminClient) -> dict[str, int]:
    from confluent_kafka import KafkaException

    try:
        metadata = admin.list_topics(timeout=ADMIN_TIMEOUT_SECONDS)
    except KafkaException as error:
        raise no_answer(settings, error) from None
    return {topic: len(data.partitions) for topic, data in metadata.topics.items() if data.error is None}


def admin_client(settings: Settings) -> AdminClient:
    """Returns an admin client for the broker of these settings; nothing is connected yet."""
    from confluent_kafka.admin import AdminClient

    from streams.kafka.connection import kafka_config

    return AdminClient(kafka_config(settings))
