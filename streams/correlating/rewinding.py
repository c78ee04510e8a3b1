"""Rewinding: a consumer of Faust that hands over every message of a partition in the order of offsets.

While partitions move, Faust throws fetched messages away and seeks back to the committed offset. Three
things lose messages. Where no offset has been committed yet, aiokafka's ``seek_to_committed`` does
nothing. A message that was fetched before the seek may be handed over after it; Faust then takes the
messages before it for old ones. And when the flow stops, the rest of the fetched messages is dropped
without a seek. Each gap would be acknowledged together with the messages after it.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

Sought = Callable[[int, int], None]
"""Is told a partition of facts and the offset from which it is read."""

NEVER = 2**63
"""The offset that is due before a partition was sought: none."""

TRIES = 10
"""Times that a missing offset is read again before the broker is believed not to have it."""

log = logging.getLogger("gapwatch.correlate")


def rewinding(topic: str, sought: Sought) -> Any:
    """Returns the class of the consumer. The offsets of ``topic`` have no gaps, because the topic is
    written without transactions and never compacted."""
    from aiokafka.errors import IllegalStateError  # type: ignore[import-untyped, unused-ignore]
    from faust.transport.drivers.aiokafka import Consumer

    class Rewinding(Consumer):  # type: ignore[misc, unused-ignore]
        logger = logging.getLogger("faust.rewinding")

        def __init__(self, *arguments: Any, **more: Any) -> None:
            super().__init__(*arguments, **more)
            self._due: dict[Any, int] = {}
            self._asked: dict[Any, tuple[int, int]] = {}

        async def on_partitions_revoked(self, revoked: set[Any]) -> None:
            for place in revoked:
                self._due.pop(place, None)
            await super().on_partitions_revoked(revoked)

        async def perform_seek(self) -> None:
            await super().perform_seek()
            for place in self.assignment():
                if place.topic == topic:
                    await self._start(place, self._read_offset.get(place) or 0)

        async def getmany(self, timeout: float) -> AsyncIterator[tuple[Any, Any]]:
            """Messages as they are fetched; of the topic only those whose turn it is."""
            sent_back: set[Any] = set()
            async for place, message in super().getmany(timeout):
                if place.topic == topic:
                    if place in sent_back or message.offset < self._due.get(place, NEVER):
                        continue
                    if message.offset > self._due[place] and not self._deleted(place, message.offset):
                        await self._read_again(place)
                        sent_back.add(place)
                        continue
                    self._due[place] = message.offset + 1
                    # Faust's own notion of what is old or missing has nothing to say here.
                    self._read_offset[place] = message.offset
                yield place, message

        def _deleted(self, place: Any, offset: int) -> bool:
            """Whether what is before this offset is gone from the broker: it was asked for often enough.
            Nothing is asked of the broker here, which would wait while partitions move."""
            due, (before, tries) = self._due[place], self._asked.get(place, (-1, 0))
            tries = tries + 1 if due == before else 1
            self._asked[place] = due, tries
            if tries <= TRIES:
                return False
            log.error("partition %d: facts %d to %d are deleted unread", place.partition, due, offset - 1)
            sought(place.partition, offset)
            return True

        async def go_back(self, place: Any, offset: int) -> None:
            """Reads again from an offset: the messages since then did not arrive. A partition that
            several rebalances left paused goes on."""
            paused = place not in self._get_active_partitions()
            said = ", was paused" * paused + ", no flow" * (not self.flow_active)
            log.warning("partition %d is read again from %d%s", place.partition, offset, said)
            if not self.app.rebalancing:
                self.resume_partitions({place})
                if not self.flow_active:
                    self.resume_flow()
            self._due[place] = offset
            await self._read_again(place)

        async def _read_again(self, place: Any) -> None:
            try:
                await self.seek(place, self._due[place])
            except IllegalStateError:
                log.info("partition %d has just gone to another worker", place.partition)

        async def _seek(self, partition: Any, offset: int) -> None:
            """Seeks in the thread of the client: its fetcher may be in the midst of handing over."""

            async def seek() -> None:
                self._thread.seek(partition, offset)

            await self._thread.call_thread(seek)

        async def _start(self, place: Any, offset: int) -> None:
            await self.seek(place, offset)
            self._due[place] = offset
            sought(place.partition, offset)

    return Rewinding
