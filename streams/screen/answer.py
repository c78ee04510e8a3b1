"""The answer of ClickHouse as a command shows it: what others wrote is in it."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from typing import TextIO

from streams.site.foreign import for_json, shown_lines


def show_answer(chunks: Iterable[bytes], json: bool, out: TextIO) -> None:
    """Writes it as it comes: on a terminal nothing of it is obeyed, in JSON nothing anywhere; what goes to a
    file or a pipe as columns stays as it is."""
    if not json and not out.isatty():
        out.flush()
        for chunk in chunks:
            out.buffer.write(chunk)
        out.buffer.flush()
        return
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    show = for_json if json else shown_lines
    for chunk in chunks:
        out.write(show(decoder.decode(chunk)))
    out.write(show(decoder.decode(b"", final=True)))
    out.flush()
