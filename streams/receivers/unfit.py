"""What came in and cannot become a record: a reject in the making, which keeps no byte of it."""

from __future__ import annotations

import hashlib
import time
from typing import NamedTuple

import msgspec

from schemas.rejected import RejectRow
from streams.kafka import topics
from streams.site.settings import Settings


class Unfit(NamedTuple):
    """`reason` why, `sha256` in hex and `size` in bytes of all of it, `place` (file, connection), `line`."""

    reason: str
    sha256: str
    size: int
    place: str = ""
    line: int = 0

    @staticmethod
    def of(content: bytes, reason: str, place: str = "", line: int = 0) -> Unfit:
        """Returns the note of a content that is not fit for a topic: its digest and size, never the content
        itself."""
        return Unfit(reason, hashlib.sha256(content).hexdigest(), len(content), place, line)

    def row(self, settings: Settings, topic: str) -> bytes:
        """Returns one line for the topic of rejects; `topic` is the raw topic it did not reach."""
        source, instance = topics.source_and_instance(settings, topic)
        row = RejectRow(
            source=source,
            instance=instance or "default",
            topic=topic,
            partition=-1,
            offset=-1,
            line=self.line,
            place=self.place,
            field="",
            reason=self.reason,
            sha256=self.sha256,
            size=self.size,
            arrived=time.time_ns() // 1000,
        )
        return msgspec.json.encode(row) + b"\n"
