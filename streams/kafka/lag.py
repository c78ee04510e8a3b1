"""How far each stage is behind: messages on its topics beyond what its group has committed."""

from __future__ import annotations

import re
from typing import Any

from streams.kafka import topics
from streams.kafka.connection import no_answer
from streams.site.settings import Settings

GROUPS = ("normalise", "correlate", "deliver")
TIMEOUT_SECONDS = 10.0


def topics_of(settings: Settings, group: str) -> re.Pattern[str]:
    """Returns what a stage reads. Deliver also reads the changelog of the dossiers, named by Faust."""
    prefix = re.escape(settings.topic_prefix)
    if group == "normalise":
        return re.compile(topics.raw_pattern(settings))
    if group == "correlate":
        return re.compile(f"{prefix}{topics.FACTS}$")
    stored = "|".join(topic for topic in topics.DERIVED if topic != topics.FACTS)
    return re.compile(rf"{prefix}(?:{stored}|correlate(?:-v[0-9]+)?-dossiers-changelog)$")


Offsets = dict[tuple[str, int], int]
"""By topic and partition."""


def behind(
    settings: Settings, group: str, timeout: float = TIMEOUT_SECONDS, until: Offsets | None = None
) -> int:
    """Returns the number of messages that `group` has yet to read; ``until``: of those before these offsets
    alone. Raises NotRunning where the broker does not answer in `timeout`."""
    from confluent_kafka import KafkaException

    try:
        return _behind(settings, group, timeout, until)
    except KafkaException as error:
        raise no_answer(settings, error) from None


def ends(settings: Settings, group: str, timeout: float = TIMEOUT_SECONDS) -> Offsets:
    """Returns where the partitions that `group` reads end now. Raises NotRunning where the broker does not
    answer in `timeout`."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import OffsetSpec

    admin = topics.admin_client(settings)
    try:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        return _offsets(admin, _places(settings, admin, group, timeout), latest, timeout)
    except KafkaException as error:
        raise no_answer(settings, error) from None


def _places(settings: Settings, admin: Any, group: str, timeout: float) -> list[Any]:
    from confluent_kafka import TopicPartition

    pattern = topics_of(settings, group)
    return [
        TopicPartition(name, number)
        for name, topic in admin.list_topics(timeout=timeout).topics.items()
        if pattern.match(name)
        for number in topic.partitions
    ]


def _behind(settings: Settings, group: str, timeout: float, until: Offsets | None) -> int:
    from confluent_kafka import ConsumerGroupTopicPartitions
    from confluent_kafka.admin import OffsetSpec

    admin = topics.admin_client(settings)
    places = _places(settings, admin, group, timeout)
    if not places:
        return 0
    name = settings.topic_prefix + group
    request = [ConsumerGroupTopicPartitions(name)]
    known = admin.list_consumer_group_offsets(request, request_timeout=timeout)[name].result()
    committed = {(at.topic, at.partition): at.offset for at in known.topic_partitions if at.offset >= 0}
    latest = until or _offsets(admin, places, OffsetSpec.latest(), timeout)  # type: ignore[no-untyped-call]
    unread = [place for place in places if (place.topic, place.partition) not in committed]
    committed |= _offsets(admin, unread, OffsetSpec.earliest(), timeout)  # type: ignore[no-untyped-call]
    return sum(max(end - committed[place], 0) for place, end in latest.items())


def _offsets(admin: Any, places: list[Any], spec: Any, timeout: float) -> Offsets:
    if not places:
        return {}
    asked = admin.list_offsets(dict.fromkeys(places, spec), request_timeout=timeout)
    return {(place.topic, place.partition): future.result().offset for place, future in asked.items()}
