"""``python -m tests.fuzz.hostile NAME …``: reads records made to exhaust a machine, in a process of their
own, and says of each, in a line, what came of it and how far the process grew.

Each goes two ways: as a message, through the normaliser (with the size limit that the pipeline has by
default), and as a file, through the reader that ``send`` and ``replay`` share.
"""

from __future__ import annotations

import gzip
import json
import resource
import struct
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from correlators.driver.normaliser import Normaliser, Record
from schemas.sources import sources
from streams.files import reading
from streams.site.settings import Settings

MIB = 2**20
LIMIT = int(Settings.model_fields["record_limit"].default)


def large() -> bytes:
    """A record of 100 MB that is good JSON."""
    return b'{"eventVersion":"1.08","eventSource":"iam.amazonaws.com","x":"' + b"a" * (100 * MIB) + b'"}'


def bomb() -> bytes:
    """A gz that unpacks to a thousand times its size, 512 MiB. Its block is packed once and repeated."""
    zeros, packer = b"0" * MIB, zlib.compressobj(6, zlib.DEFLATED, -15)
    block, crc = packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH), 0
    for _ in range(512):
        crc = zlib.crc32(zeros, crc)
    head, end = b"\x1f\x8b\x08\0\0\0\0\0\0\x03", b"\x03\0"
    return head + block * 512 + end + struct.pack("<II", crc, 512 * MIB)


def bomb_of_records() -> bytes:
    """A gz that unpacks to less than is allowed, all of it small objects."""
    return gzip.compress(b'{"Records":[' + b"[1,{}]," * 600_000 + b"1]}", 6, mtime=0)


def bombs_in_a_row() -> bytes:
    """Many members, each of which is small."""
    return gzip.compress(b"1" * MIB, 6, mtime=0) * 1_000


def deep() -> bytes:
    """Nested by the million."""
    return b"[" * (4 * MIB - 100)


def deep_object() -> bytes:
    return b'{"a":' * 500_000 + b"1" + b"}" * 500_000


def deep_yaml() -> bytes:
    return b"gapwatch: inventory/v1\nidentities: " + b"[" * MIB


def aliases_of_yaml() -> bytes:
    """A thousand million values in a few lines."""
    lines = ["gapwatch: inventory/v1", "a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    return "\n".join(lines).encode()


def wide() -> bytes:
    """As many fields as fit."""
    return b"{" + b",".join(b'"f%d":1' % n for n in range(100_000)) + b"}"


def long_number() -> bytes:
    return b'{"eventVersion":' + b"9" * (3 * MIB) + b"}"


def protobuf_in_protobuf() -> bytes:
    """Groups within groups, deeper than a parser's stack."""
    body = b""
    for _ in range(20_000):
        body = b"\x0a" + _varint(len(body)) + body
    return body


RECORDS: dict[str, Callable[[], bytes]] = {
    make.__name__: make
    for make in (
        large, bomb, bomb_of_records, bombs_in_a_row, deep, deep_object, deep_yaml, aliases_of_yaml, wide,
        long_number, protobuf_in_protobuf,
    )
}  # fmt: skip


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes(parts) + bytes([number])


def _as_messages(record: bytes, counts: Counter[str]) -> None:
    """To every source, and to none in particular."""
    for hint in ("", *sources()):
        normaliser = Normaliser(b"key", LIMIT)
        normaliser.take(Record(record, hint))
        batch = normaliser.drain()
        counts["activities"] += len(batch.activities)
        counts["rejects"] += len(batch.rejects)
        counts["crashed"] += batch.crashed.total()


def _as_file(record: bytes, counts: Counter[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        name = "a.json.gz" if record.startswith(b"\x1f\x8b") else "a.json"
        path = Path(folder) / name
        path.write_bytes(record)
        del record
        for piece in _pieces(path):
            counts["troubles"] += bool(piece.trouble)
            counts["pieces"] += 1


def _pieces(path: Path) -> Iterator[reading.Piece]:
    return reading.read(path, LIMIT)


def peak() -> int:
    """Bytes of the largest size so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    for name in sys.argv[1:]:
        _try(RECORDS[name]())


def _try(record: bytes) -> None:
    counts: Counter[str] = Counter()
    before, started = peak(), time.process_time()
    _as_messages(record, counts)
    messages = peak() - before
    _as_file(record, counts)
    grown, seconds = peak() - before, time.process_time() - started
    sizes = {"size": len(record), "grown_by_messages": messages, "grown": grown}
    none = {"activities": 0, "rejects": 0, "crashed": 0}
    print(json.dumps(none | counts | sizes | {"seconds": round(seconds, 2)}))


if __name__ == "__main__":
    main()
