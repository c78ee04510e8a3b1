"""Raw log files, one vendor record at a time, as the vendor wrote it.

JSON lines, JSON arrays, CloudTrail's `{"Records":[…]}`, pretty-printed documents, OTLP protobuf
(`.binpb`), each plain or gzipped; UTF-8 or UTF-16, with or without BOM, CRLF, NULs, half a last line.
Whatever a file holds, reading it ends without an exception: what is wrong is a piece with its trouble named.
"""

from __future__ import annotations

import codecs
import errno
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import orjson

from streams.files.documents import Documents
from streams.files.gunzip import MAGIC, gunzip
from streams.files.limits import DEFAULTS, FileLimits

CHUNK_BYTES = 2**20
HEAD_BYTES = 64
"""Enough to tell gzip, the encoding and a document from lines; a pipe may hand over less at first."""
EXPANSION_FREE = 16 * 2**20
"""Bytes that any file may unpack to: a small one of one repeated record is no bomb."""
LINES_LOOKED_AT = 20
"""Lines by which a file is told to be JSON lines or documents: the first few may be broken."""
PROTOBUF_SUFFIXES = (".binpb", ".pb")
WHOLE_SUFFIXES = (*PROTOBUF_SUFFIXES, ".yaml", ".yml")
"""Files that are one record: an export request, an inventory."""
_WHITE = b" \t\r\n\x00"
_DOCUMENT = re.compile(rb'\s*(\[|\{\s*"Records"\s*:)')


class Piece(NamedTuple):
    """One record and where it stood. With a `trouble`, `content` is what can be shown of it (may be cut)."""

    file: str
    line: int
    inside: str
    content: bytes
    trouble: str = ""

    @property
    def place(self) -> str:
        """`audit.jsonl:17`, `day.json.gz:Records[3]`, `span.binpb`."""
        where = self.inside or (str(self.line) if self.line else "")
        return f"{self.file}:{where}" if where else self.file


class _TooLong(bytes):
    """The beginning of a line above the limit."""


def open_regular(path: Path) -> BinaryIO:
    """Raises OSError, also for what is no regular file: a pipe would block for ever, a device never ends."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file; what comes through a pipe is read as -")
    return os.fdopen(descriptor, "rb", buffering=0)


def read(path: Path, limit: int, limits: FileLimits = DEFAULTS) -> Iterator[Piece]:
    """Yields the records of one file; `limit` is the most bytes of a record. What is beyond the limits is
    left out, and a last piece says so."""
    try:
        with open_regular(path) as stream:
            yield from _within(read_stream(stream, str(path), limit, limits), str(path), limits)
    except OSError as error:
        yield Piece(str(path), 0, "", b"", f"cannot be read: {error.strerror}")


def _within(pieces: Iterator[Piece], name: str, limits: FileLimits) -> Iterator[Piece]:
    """Ends at so many records, or so much time of reading; what is done with them meanwhile takes its own."""
    spent, most = 0.0, limits.time.total_seconds()
    for number in count():
        began = time.monotonic()
        piece = next(pieces, None)
        spent += time.monotonic() - began
        if piece is None:
            return
        if number >= limits.records or spent > most:
            what = f"{limits.records:,} records" if number >= limits.records else f"{most:g} s of reading"
            why = "file_records_limit" if number >= limits.records else "file_time_limit"
            yield Piece(name, 0, "", b"", f"holds more than {what} ({why}); what came before was read")
            return
        yield piece


def read_stream(stream: BinaryIO, name: str, limit: int, limits: FileLimits = DEFAULTS) -> Iterator[Piece]:
    """Yields the records of a stream, which need not be seekable."""
    troubles: list[str] = []
    chunks = _recoded(_unzipped(_chunks(stream), troubles, limits), name)
    first, chunks = _with_head(chunks)
    if name.removesuffix(".gz").endswith(WHOLE_SUFFIXES):
        yield from _whole(chunks, name, limit)
    elif _DOCUMENT.match(first):
        yield from _documents(chunks, name, limit, limits.document)
    else:
        yield from _lines_or_documents(chunks, name, limit, limits.document)
    for trouble in troubles:
        yield Piece(name, 0, "", b"", trouble)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    # read1 hands over what a pipe holds now, so that `tail -f log | gapwatch send -` waits for no full chunk.
    take: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    while chunk := take(CHUNK_BYTES):
        yield chunk


def _with_head(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first chunk, long enough to tell by it what follows, and all chunks with it as the first."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= HEAD_BYTES:
            break
    return head, filter(None, chain((head,), chunks))


def _unzipped(chunks: Iterator[bytes], troubles: list[str], limits: FileLimits) -> Iterator[bytes]:
    head, chunks = _with_head(chunks)
    if not head.startswith(MAGIC):
        return chunks
    packed = Counted(chunks)
    return expanded(gunzip(packed, troubles), packed, troubles, limits.expansion)


class Counted:
    """Passes chunks on and counts their bytes."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.bytes += len(chunk)
            yield chunk


def expanded(plain: Iterable[bytes], packed: Counted, troubles: list[str], expansion: int) -> Iterator[bytes]:
    """Passes on what was unpacked, until it is so many times what was packed that it is a bomb."""
    size = 0
    for part in plain:
        size += len(part)
        if size > max(EXPANSION_FREE, expansion * packed.bytes):
            troubles.append(
                f"the gzip file unpacks to more than {expansion} times its size (file_expansion_limit); what "
                "came before was read"
            )
            return
        yield part


def _recoded(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """UTF-16 to UTF-8, told by its BOM or by its NULs; the UTF-8 BOM is dropped. Protobuf stays as it is."""
    first, chunks = _with_head(chunks)
    next(chunks, b"")
    if name.removesuffix(".gz").endswith(PROTOBUF_SUFFIXES):
        encoding = ""
    elif first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif re.match(rb"[\x20-\x7f]\x00[\x20-\x7f\r\n]\x00", first):
        encoding = "utf-16-le"
    elif re.match(rb"\x00[\x20-\x7f]\x00[\x20-\x7f\r\n]", first):
        encoding = "utf-16-be"
    else:
        encoding = ""
        first = first.removeprefix(codecs.BOM_UTF8)
    if not encoding:
        yield from chain((first,), chunks)
        return
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    for chunk in chain((first,), chunks):
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def _whole(chunks: Iterable[bytes], name: str, limit: int) -> Iterator[Piece]:
    content = b"".join(_up_to(chunks, limit + 1))
    if len(content) > limit:
        yield Piece(name, 0, "", content[:limit], f"larger than {limit} bytes")
    elif content:
        yield Piece(name, 0, "", content)


def _lines(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """Lines without their ends. Of a line above the limit comes the beginning, as _TooLong; its rest is
    skipped.
    """
    rest, skipping = b"", False
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if not skipping:
                yield line if len(line) <= limit else _TooLong(line[:limit])
            skipping = False
        if skipping:
            rest = b""
        elif len(rest) > limit:
            yield _TooLong(rest[:limit])
            rest, skipping = b"", True
    if rest:
        yield rest if len(rest) <= limit else _TooLong(rest[:limit])


def _lines_or_documents(chunks: Iterator[bytes], name: str, limit: int, document: int) -> Iterator[Piece]:
    lines = _lines(chunks, limit)
    looked_at = list(islice(lines, LINES_LOOKED_AT))
    if _are_json_lines(looked_at):
        yield from _from_lines(chain(looked_at, lines), name, limit, document)
    else:
        yield from _documents((line + b"\n" for line in chain(looked_at, lines)), name, limit, document)


def _are_json_lines(lines: list[bytes]) -> bool:
    """One line that is a whole object, not indented, tells JSON lines; so does text that is no JSON at
    all.
    """
    filled = [line for line in lines if line.strip(_WHITE)]
    if not filled:
        return True
    if any(line.startswith(b"{") and _is_json(line) for line in filled):
        return True
    return filled[0].strip(_WHITE)[:1] not in (b"{", b"[")


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line.strip(_WHITE))
    except orjson.JSONDecodeError:
        return False
    return True


def _from_lines(lines: Iterable[bytes], name: str, limit: int, document: int) -> Iterator[Piece]:
    for number, line in enumerate(lines, 1):
        content = line.strip(_WHITE)
        if isinstance(line, _TooLong):
            yield Piece(name, number, "", bytes(line), f"longer than {limit} bytes")
        elif _DOCUMENT.match(content):
            for piece in _documents((content,), name, limit, document):
                yield piece._replace(line=number, inside=f"{number}:{piece.inside}".rstrip(":"))
        elif content:
            yield Piece(name, number, "", content)


def _documents(chunks: Iterable[bytes], name: str, limit: int, document: int) -> Iterator[Piece]:
    """One or several JSON documents after each other; arrays and `Records` are taken apart."""
    raw = b"".join(_up_to(chunks, document + 1))
    if len(raw) > document:
        reason = (
            f"a JSON document above {document >> 20} MiB (file_document_limit); write it as JSON lines "
            "(jq -c '.Records[]')"
        )
        yield Piece(name, 0, "", raw[:limit], reason)
        return
    for line, inside, text, trouble in Documents(raw.decode("utf-8", "surrogateescape")).values():
        content = text.encode("utf-8", "surrogateescape")
        if len(content) > limit:
            content, trouble = content[:limit], trouble or f"larger than {limit} bytes"
        yield Piece(name, line, inside, content, trouble)


def _up_to(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        yield chunk
        size += len(chunk)
        if size >= limit:
            return
