"""uvicorn's HTTP/1.1 protocol with a bound on connections and a word to who is too slow."""

from __future__ import annotations

from streams.receivers import counts
from streams.site.http_protocol import TimedProtocol

RETRY_SECONDS = 1


def bounded(connections: int, receiver: str) -> type[TimedProtocol]:
    """Returns uvicorn's protocol for a receiver with so many connections at the most."""

    class BoundedProtocol(TimedProtocol):
        """Says 503 to the connection that gives way, and 408 to who does not finish a request's head."""

        most = connections

        def gave_way(self, other: TimedProtocol) -> None:
            counts.REFUSED.labels(receiver, "too many connections").inc()
            other.transport.write(_head(503, "Service Unavailable", RETRY_SECONDS))
            other.transport.close()

        def data_received(self, data: bytes) -> None:
            if not self.transport.is_closing():
                super().data_received(data)

        def _give_up(self) -> None:
            if self.conn.trailing_data[0] and not self.transport.is_closing():
                counts.REFUSED.labels(receiver, "408").inc()
                self.transport.write(_head(408, "Request Timeout"))
            super()._give_up()

    return BoundedProtocol


def _head(status: int, phrase: str, retry_after: int = 0) -> bytes:
    retry = f"Retry-After: {retry_after}\r\n" if retry_after else ""
    return f"HTTP/1.1 {status} {phrase}\r\n{retry}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()
