"""What a settling says, as messages: findings, assurance, credentials, and facts for other dossiers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import NamedTuple

import msgspec

from correlators.kernel.catalogue import Judge
from correlators.kernel.correlator import Settled
from schemas.fact import partition_of
from schemas.finding import render_assurance, render_finding
from schemas.freshness import freshness_of
from schemas.lifeline import Lifeline
from schemas.rejected import failed_row
from schemas.verdict import Report, Severity
from streams.kafka import topics
from streams.kafka.packing import blocks, envelopes


class Message(NamedTuple):
    """A message for one of our topics, named without the installation's prefix."""

    topic: str
    value: bytes
    key: bytes | None = None
    partition: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


def messages(
    settled: Settled,
    controls: Mapping[str, Judge],
    partitions: int,
    freshness: Mapping[str, timedelta] | None = None,
) -> Iterator[Message]:
    """Yields all messages that must be sent before the dossiers of this settling are stored. ``freshness``:
    for how long the site lets proofs be good, by control."""
    for report in settled.reports:
        yield from _messages_of(report, controls, settled.seen, freshness or {})
    yield from _lives(settled.credentials)
    for block in blocks(msgspec.json.encode(failed_row(*failed)) for failed in settled.failed):
        yield Message(topics.REJECTS, block)
    for partition, body in envelopes(settled.forwards, partitions):
        yield Message(topics.FACTS, body, partition=partition)


def _lives(lifelines: Iterable[Lifeline]) -> Iterator[Message]:
    """Rows of one credential keep to one partition, whichever dossier tells them: the order of its rows is
    that partition's.
    """
    rows: dict[int, list[bytes]] = {}
    for lifeline in lifelines:
        partition = partition_of(lifeline.credential, topics.OUTPUT_PARTITIONS)
        rows.setdefault(partition, []).append(msgspec.json.encode(lifeline.row()))
    for partition, many in rows.items():
        for block in blocks(many):
            yield Message(topics.CREDENTIALS, block, partition=partition)


def _messages_of(
    report: Report,
    controls: Mapping[str, Judge],
    seen: Mapping[str, int],
    freshness: Mapping[str, timedelta],
) -> Iterable[Message]:
    judge = controls.get(report.reported.control)
    if judge is None:
        # Its module is gone from the catalogue: what it said stays as it was said.
        return
    control = judge.CONTROL
    severity = (report.verdict and report.verdict.severity) or report.reported.severity
    level = Severity(severity or Severity.INFORMATIONAL).name.lower()
    headers = (("control", control.name.encode()), ("severity", level.encode()))
    key = report.uid.encode()
    if report.finding:
        yield Message(topics.FINDINGS, render_finding(report, control), key, headers=headers)
    good = freshness_of(control.name, control.freshness, freshness)
    yield Message(topics.ASSURANCE, render_assurance(report, control, seen, good), key, headers=headers)
