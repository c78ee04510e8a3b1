"""Packing: many small things into few messages, because a message costs more than what is in it.

Facts go into envelopes of one partition each, rows of a table into blocks of JSON lines.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate

import msgspec

from correlators.kernel.knowledge.parts import parts
from schemas.dossier import Dossier
from schemas.fact import WATCH, Envelope, Tick, encode_envelope, partition_of

FACTS_MAX = 500
"""Facts in one envelope: beyond it the cost per message no longer shows, and a redelivery would repeat
more."""

BYTES_MAX = 512 * 1024
"""Of one message; Kafka's own default limit is 1 MB, batches should hold several. A fact that is larger is
cut, for facts join; rows are kept below it where they are made (``correlators.driver.normaliser``). What
cannot be cut, one event with all that it says, may make a message twice as large, never more."""

_encode = msgspec.json.Encoder().encode


def envelopes(facts: Iterable[tuple[str, Dossier]], partitions: int) -> Iterator[tuple[int, bytes]]:
    """Messages for the facts topic as (partition, body); facts of one key keep their order. What the sources
    have shown goes to every partition."""
    waiting: dict[int, list[bytes]] = {}
    sizes: dict[int, int] = {}
    for key, body in _bodies(facts):
        for partition in range(partitions) if key == WATCH else (partition_of(key, partitions),):
            bodies = waiting.setdefault(partition, [])
            if bodies and (len(bodies) >= FACTS_MAX or sizes[partition] + len(body) > BYTES_MAX):
                yield partition, _envelope(bodies)
                bodies.clear()
                sizes[partition] = 0
            bodies.append(body)
            sizes[partition] = sizes.get(partition, 0) + len(body) + 1
    for partition, bodies in waiting.items():
        yield partition, _envelope(bodies)


def _bodies(facts: Iterable[tuple[str, Dossier]]) -> Iterator[tuple[str, bytes]]:
    for key, fact in facts:
        body = _encode((key, fact))
        if len(body) <= BYTES_MAX:
            yield key, body
            continue
        for part in parts(fact, max(1, BYTES_MAX - 2 * len(key) - 16)):
            yield key, _encode((key, part))


def _envelope(bodies: list[bytes]) -> bytes:
    return b'{"facts":[' + b",".join(bodies) + b"]}"


def tick_envelope(tick: Tick) -> bytes:
    """Returns the message that tells the time; the same for every partition."""
    return encode_envelope(Envelope(tick=tick))


def hold_envelope(until: int) -> bytes:
    """Returns the message after which nothing is judged until then (µs); the same for every partition."""
    return encode_envelope(Envelope(hold=until))


def blocks(rows: Iterable[bytes]) -> Iterator[bytes]:
    """Yields rows (JSON objects) as blocks of JSON lines."""
    rows = list(rows)
    ends = list(accumulate(len(row) + 1 for row in rows))
    first = before = 0
    while first < len(rows):
        # At least one, however large.
        last = max(bisect_right(ends, before + BYTES_MAX, first), first + 1)
        yield b"\n".join(rows[first:last]) + b"\n"
        first, before = last, ends[last - 1]
