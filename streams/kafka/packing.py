"""Packing: many small things into few messages, because a message costs more than what is in it.

Facts go into envelopes of one partition each, rows of a table into blocks of JSON lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from schemas.dossier import Dossier
from schemas.fact import WATCH, Envelope, Tick, encode_envelope, partition_of

FACTS_MAX = 500
"""Facts in one envelope: beyond it the cost per message no longer shows, and a redelivery would repeat
more."""

BYTES_MAX = 512 * 1024
"""Of one message; a single fact or row may be larger. Kafka's own default limit is 1 MB, batches should
hold several."""

_encode = msgspec.json.Encoder().encode


def envelopes(facts: Iterable[tuple[str, Dossier]], partitions: int) -> Iterator[tuple[int, bytes]]:
    """Messages for the facts topic as (partition, body); facts of one key keep their order. What the sources
    have shown goes to every partition."""
    waiting: dict[int, list[bytes]] = {}
    sizes: dict[int, int] = {}
    for key, fact in facts:
        body = _encode((key, fact))
        for partition in range(partitions) if key == WATCH else (partition_of(key, partitions),):
            parts = waiting.setdefault(partition, [])
            if parts and (len(parts) >= FACTS_MAX or sizes[partition] + len(body) > BYTES_MAX):
                yield partition, _envelope(parts)
                parts.clear()
                sizes[partition] = 0
            parts.append(body)
            sizes[partition] = sizes.get(partition, 0) + len(body) + 1
    for partition, parts in waiting.items():
        yield partition, _envelope(parts)


def _envelope(parts: list[bytes]) -> bytes:
    return b'{"facts":[' + b",".join(parts) + b"]}"


def tick_envelope(tick: Tick) -> bytes:
    """The message that tells the time; the same for every partition."""
    return encode_envelope(Envelope(tick=tick))


def blocks(rows: Iterable[bytes]) -> Iterator[bytes]:
    """Rows (JSON objects) as blocks of JSON lines."""
    waiting: list[bytes] = []
    size = 0
    for row in rows:
        if waiting and size + len(row) > BYTES_MAX:
            yield b"\n".join(waiting) + b"\n"
            waiting, size = [], 0
        waiting.append(row)
        size += len(row) + 1
    if waiting:
        yield b"\n".join(waiting) + b"\n"
