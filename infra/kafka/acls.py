"""Kafka rights: one principal for each stage and each producer, with what it needs and nothing more.

    python -m infra.kafka.acls                        # what would be granted, as kafka-acls.sh commands
    python -m infra.kafka.acls --producer vault.prod  # with a producer of raw.vault.prod
    python -m infra.kafka.acls --apply                # grants it, by the broker settings (GAPWATCH_BROKER_…)

A principal is called ``User:gapwatch-<stage>``, of a producer ``User:gapwatch-raw-<source>`` (and after a
dash the installation); topics and groups bear the prefix of the settings. Who applies it needs Alter on the
cluster.
"""

from __future__ import annotations

import argparse
import importlib
import shlex
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from streams.kafka import topics
from streams.site.loading import load
from streams.site.settings import Settings
from streams.supervision.stages import ENTRY, RECEIVERS


class Right(NamedTuple):
    """``kind`` is ``topic`` or ``group``; ``beginning``: of all names that begin so."""

    principal: str
    operations: tuple[str, ...]
    kind: str
    name: str
    beginning: bool = False


def rights(settings: Settings, producers: Sequence[str] = ()) -> list[Right]:
    """Returns every right, stage by stage. ``producers``: ``source`` or ``source.installation`` each."""
    return [
        *_normalise(settings),
        *_correlate(settings),
        *_deliver(settings),
        *_receivers(settings),
        *_subscriber(settings),
        *_analyst(settings),
        *(right for name in producers for right in _producer(settings, name)),
    ]


def _named(settings: Settings, *derived: str) -> Iterator[str]:
    yield from (topics.name(settings, topic) for topic in derived)


def _normalise(settings: Settings) -> Iterator[Right]:
    who = "gapwatch-normalise"
    yield Right(who, ("READ",), "topic", topics.raw(settings, ""), beginning=True)
    for topic in _named(settings, topics.ACTIVITIES, topics.FACTS, topics.REJECTS):
        yield Right(who, ("WRITE",), "topic", topic)
    yield Right(who, ("READ",), "group", topics.name(settings, "normalise"))
    # How far correlate is: where it is far behind, normalise waits.
    yield Right(who, ("DESCRIBE",), "group", topics.name(settings, "correlate"))


def _correlate(settings: Settings) -> Iterator[Right]:
    """Faust makes its changelog and the topic by which its workers choose a leader."""
    who, app = "gapwatch-correlate", topics.name(settings, "correlate")
    yield Right(who, ("READ", "WRITE"), "topic", topics.name(settings, topics.FACTS))
    for topic in _named(settings, topics.FINDINGS, topics.ASSURANCE, topics.CREDENTIALS):
        yield Right(who, ("WRITE",), "topic", topic)
    yield Right(who, ("READ", "WRITE", "CREATE"), "topic", f"{app}-", beginning=True)
    yield Right(who, ("READ",), "group", app)


def _deliver(settings: Settings) -> Iterator[Right]:
    who = "gapwatch-deliver"
    for topic in _named(settings, *(topic for topic in topics.DERIVED if topic != topics.FACTS)):
        yield Right(who, ("READ",), "topic", topic)
    yield Right(who, ("READ",), "topic", f"{topics.name(settings, 'correlate')}-", beginning=True)
    yield Right(who, ("READ",), "group", topics.name(settings, "deliver"))


def _receivers(settings: Settings) -> Iterator[Right]:
    """Those of one source; receivers of files take several."""
    for stage in RECEIVERS:
        named = f"{stage}_instance"
        if not hasattr(settings, named):
            continue
        source = importlib.import_module(ENTRY[stage].partition(":")[0]).SOURCE
        topic = topics.raw(settings, source, getattr(settings, named))
        yield from _writes(settings, f"gapwatch-{stage.replace('_', '-')}", topic)


def _producer(settings: Settings, name: str) -> Iterator[Right]:
    source, _, instance = name.partition(".")
    who = f"gapwatch-raw-{name.replace('.', '-')}"
    yield Right(who, ("WRITE",), "topic", topics.raw(settings, source, instance or None))


def _writes(settings: Settings, who: str, topic: str) -> Iterator[Right]:
    """A receiver tells in rejects what it could not take; both topics are made before it starts."""
    yield Right(who, ("WRITE",), "topic", topic)
    yield Right(who, ("WRITE",), "topic", topics.name(settings, topics.REJECTS))


def _subscriber(settings: Settings) -> Iterator[Right]:
    yield Right("gapwatch-alerts", ("READ",), "topic", topics.name(settings, topics.FINDINGS))
    yield Right("gapwatch-alerts", ("READ",), "group", topics.name(settings, "alerts"), beginning=True)


def _analyst(settings: Settings) -> Iterator[Right]:
    """Whoever types `gapwatch ack` and the like."""
    yield Right("gapwatch-analyst", ("WRITE",), "topic", topics.name(settings, topics.NOTES))


def command(right: Right) -> str:
    """Returns the right as `kafka-acls.sh` is told of it."""
    words = ["kafka-acls.sh", "--bootstrap-server", '"$BROKER"', "--command-config", '"$ADMIN"', "--add"]
    words += ["--allow-principal", shlex.quote(f"User:{right.principal}")]
    words += [f"--operation {operation.capitalize()}" for operation in right.operations]
    words += [f"--{right.kind}", shlex.quote(right.name)]
    if right.beginning:
        words.append("--resource-pattern-type prefixed")
    return " ".join(words)


def apply(settings: Settings, many: Sequence[Right]) -> None:
    """Grants the rights of all stages and producers. Raises KafkaException where the broker does not let
    us."""
    from confluent_kafka.admin import (
        AclBinding,
        AclOperation,
        AclPermissionType,
        ResourcePatternType,
        ResourceType,
    )

    admin = topics.admin_client(settings)
    bindings = [
        AclBinding(
            ResourceType[right.kind.upper()],
            right.name,
            ResourcePatternType.PREFIXED if right.beginning else ResourcePatternType.LITERAL,
            f"User:{right.principal}",
            "*",
            AclOperation[operation],
            AclPermissionType.ALLOW,
        )
        for right in many
        for operation in right.operations
    ]
    for granted in admin.create_acls(bindings).values():
        granted.result()


def main() -> None:
    """Prints the rights of all stages and producers, or grants them where `--apply` is given."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--producer", action="append", default=[], metavar="SOURCE[.INSTALLATION]")
    parser.add_argument("--apply", action="store_true", help="grant it, instead of showing the commands")
    given = parser.parse_args()
    settings = load()
    many = rights(settings, given.producer)
    if given.apply:
        apply(settings, many)
    print("\n".join(map(command, many)))


if __name__ == "__main__":
    main()
