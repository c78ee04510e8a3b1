"""uvicorn's HTTP/1.1 protocol with a deadline for a request's head, which uvicorn itself does not set."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
"""A connection that sends no complete head in this time is closed: it would hold a file descriptor for
ever."""
HEAD_BYTES = 16 * 1024
"""Of a request's head, where the server's own setting says nothing: h11's own default."""
STALL_SECONDS = 30.0
"""A client that reads nothing of its answer for this long is cut off: the answer is held in memory for it."""


class StrictConnection(h11.Connection):
    """Takes no request that says in two ways how long it is: a proxy may have counted the other way, and what
    it took for a body be the next request here (RFC 9112, section 6.3)."""

    def next_event(self) -> Any:
        """Returns the next event of h11. Raises RemoteProtocolError for a request whose length is told in two
        ways."""
        event = super().next_event()
        if isinstance(event, h11.Request):
            names = {name for name, _ in event.headers}
            if b"transfer-encoding" in names and b"content-length" in names:
                raise h11.RemoteProtocolError("both transfer-encoding and content-length")
        return event


CONNECTIONS_MAX = 256
"""Open at once, where a listener says nothing else."""
QUIET_SECONDS = 30.0
"""Of a connection that brought something, after which it may give way to a new one."""


class TimedProtocol(H11Protocol):
    """Closes connections that are opened, or begin a request, and then say nothing. Where there are too many,
    one gives way to the new one: first of those that never brought anything, of the peer that has the most,
    the one that has been silent longest. One that brought something gives way only after a silence: else the
    new one is turned away."""

    most = CONNECTIONS_MAX
    proven = False
    """Whether a request of this connection was taken (``scope["taken"]``)."""
    heard = 0.0

    def __init__(self, config: uvicorn.Config, *more: Any, **named: Any) -> None:
        super().__init__(config, *more, **named)
        self.access_log = False  # A request's line is its sender's words; what happened is counted.
        self.conn = StrictConnection(h11.SERVER, config.h11_max_incomplete_event_size or HEAD_BYTES)

    _deadline: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Makes room by hanging up on the least proven connection where too many are open, and starts the
        clock."""
        super().connection_made(transport)
        self.heard = self.loop.time()
        if len(self.connections) > self.most:
            self._make_room()
        self._wait_for_head()

    def _make_room(self) -> None:
        every = [c for c in self.connections if isinstance(c, TimedProtocol)]
        there = [c for c in every if not c.transport.is_closing()]
        if len(there) <= self.most:
            return
        peers = Counter(map(_peer, there))
        quiet = self.loop.time() - QUIET_SECONDS
        others = [c for c in there if c is not self and (not c.proven or c.heard < quiet)]
        longest = max(others, key=lambda c: (not c.proven, peers[_peer(c)], -c.heard), default=self)
        self.gave_way(longest)

    def gave_way(self, other: TimedProtocol) -> None:
        """Ends another connection in favour of this one."""
        other.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Takes bytes and starts to wait for the rest of the head."""
        self.heard = self.loop.time()
        super().data_received(data)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops every clock of this connection."""
        self._stop_waiting()
        if self._stall is not None:
            self._stall.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Notes that this connection is of use where its request was taken, and waits for the next one."""
        self.proven = self.proven or bool(self.scope and self.scope.get("taken"))
        self._watch_sending(None)
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Waits for a client that is behind with reading an answer that still comes, and no longer than
        ``STALL_SECONDS`` for one that reads nothing at all."""
        super().pause_writing()
        self._watch_sending(None)

    def resume_writing(self) -> None:
        """Goes on."""
        super().resume_writing()
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _watch_sending(self, left_before: int | None) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        left = self.transport.get_write_buffer_size()
        if left_before is not None and left >= left_before:
            self.transport.abort()
        elif left:
            self._stall = self.loop.call_later(STALL_SECONDS, self._watch_sending, left)

    def _wait_for_head(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()


def _peer(connection: TimedProtocol) -> str:
    return connection.client[0] if connection.client else ""
