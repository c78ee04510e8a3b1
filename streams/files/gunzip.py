"""Gzip as a stream that gives all that can be had of a file that is broken or cut short."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

MAGIC = b"\x1f\x8b"
GZIP_FORMAT = 31
"""`wbits` for the largest window with a gzip header (zlib manual, inflateInit2)."""
OUTPUT_BYTES = 2**20
"""Most bytes unpacked at once: a small file may unpack to terabytes."""
SALVAGE_BYTES = 16
"""Steps in which the chunk that holds the damage is gone through again."""


def gunzip(chunks: Iterable[bytes], troubles: list[str]) -> Iterator[bytes]:
    """Yields the plain bytes; members may follow each other. What is wrong with the end goes to
    `troubles`."""
    unzip = zlib.decompressobj(GZIP_FORMAT)
    for chunk in chunks:
        rest = chunk
        while rest:
            if unzip.eof:
                # Tapes and some writers pad the end of a file with NULs.
                rest = rest.lstrip(b"\x00")
                unzip = zlib.decompressobj(GZIP_FORMAT) if rest else unzip
                continue
            before = unzip.copy()
            try:
                yield from _inflated(unzip, rest)
            except zlib.error as error:
                yield from _salvaged(before, rest)
                troubles.append(f"the gzip file is broken ({error}); what came before was read")
                return
            rest = unzip.unused_data
    if not unzip.eof:
        troubles.append("the gzip file ends too early; what came before was read")


def _inflated(unzip: zlib._Decompress, chunk: bytes) -> Iterator[bytes]:
    while True:
        plain = unzip.decompress(chunk, OUTPUT_BYTES)
        if plain:
            yield plain
        chunk = unzip.unconsumed_tail
        if unzip.eof or (not chunk and len(plain) < OUTPUT_BYTES):
            return


def _salvaged(unzip: zlib._Decompress, chunk: bytes) -> Iterator[bytes]:
    """What comes out before the damage; zlib keeps back the output of the call that meets it."""
    for start in range(0, len(chunk), SALVAGE_BYTES):
        try:
            yield from _inflated(unzip, chunk[start : start + SALVAGE_BYTES])
        except zlib.error:
            return
