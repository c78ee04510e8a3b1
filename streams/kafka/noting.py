"""What analysts note, to the topic of notes: each note is a message under its own id."""

from __future__ import annotations

from collections.abc import Iterable

from streams.kafka import topics
from streams.kafka.connection import kafka_config
from streams.site.errors import NotRunning
from streams.site.settings import Settings

FLUSH_SECONDS = 30.0
"""A broker that has not confirmed a note by then is taken as gone."""


def send_notes(settings: Settings, notes: Iterable[tuple[str, bytes]]) -> None:
    """Sends notes by (id, row). Raises NotRunning where the broker does not confirm them."""
    from confluent_kafka import Producer

    wanted = [t for t in topics.wanted(settings, []) if t.name == topics.name(settings, topics.NOTES)]
    topics.create_missing(settings, wanted)
    refused: list[str] = []
    producer = Producer(
        kafka_config(settings, **{"acks": "all", "message.timeout.ms": int(FLUSH_SECONDS * 1000)})
    )
    for name, row in notes:
        producer.produce(
            wanted[0].name,
            row,
            name.encode(),
            on_delivery=lambda error, _: refused.append(error.str()) if error else None,
        )
    left = producer.flush(FLUSH_SECONDS)
    if left or refused:
        raise NotRunning(f"The broker did not take the note: {refused[0] if refused else 'no answer'}.")
