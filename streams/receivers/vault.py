"""Stage `receive_vault`: the socket audit device of Vault and OpenBao, JSON lines over TCP or a unix
socket, to raw.vault.

The protocol knows no acknowledgement. What was read is handed over before more is read, so that a Kafka that
is away fills the socket and then blocks the device, as a full disk would; in an outage a kill of this process
loses what it had read, at most one chunk and half a line per connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from streams.receivers import counts
from streams.receivers.addresses import Address, listen, parse
from streams.receivers.files.lines import Line, Lines
from streams.receivers.handover import Handover, Message
from streams.site.errors import SettingsError
from streams.site.settings import Settings
from streams.site.stage import Stage

SOURCE = "vault"
CHUNK_BYTES = 2**18
CONNECTIONS_MAX = 64
"""Each may hold a record and a chunk: 64 of them some 300 MiB at the worst. Vault opens one per server and
device.
"""
QUIET_SECONDS = 30.0
"""Of a connection that sent lines, after which it may give way to a new one."""
HALF_LINE_SECONDS = 60.0
"""A sender that writes a part of a line and no more is cut off: the device writes each in one go."""
CLOSED_LOOK_SECONDS = 0.5
LOOK_SECONDS = 0.1
DRAIN_SECONDS = 0.2
"""At the stop, what has arrived in the socket by then is still read."""

log = logging.getLogger("gapwatch.receivers")
Networks = tuple[IPv4Network | IPv6Network, ...]


@dataclass(eq=False)
class _Connection:
    """`sent`: a whole line has come of it; `heard`: when something came last."""

    writer: asyncio.StreamWriter
    peer: str
    sent: bool = False
    heard: float = field(default_factory=time.monotonic)


class SocketReceiver:
    """`closed` says why intake is closed, None while it is open; `limit` is the most bytes of a record."""

    def __init__(
        self,
        handover: Handover,
        topic: str,
        limit: int,
        closed: Callable[[], str | None],
        peers: Networks = (),
        half_line_seconds: float = HALF_LINE_SECONDS,
    ) -> None:
        self._handover = handover
        self._topic = topic
        self._limit = limit
        self._closed = closed
        self._peers = peers
        self._half_line_seconds = half_line_seconds
        self._connections: dict[asyncio.Task[None], _Connection] = {}
        self._stopping = False

    async def serve(self, listener: socket.socket, stopping: Callable[[], bool]) -> None:
        """Serves until `stopping`, then hands over what it has read."""
        server = await asyncio.start_server(self._connected, sock=listener, limit=CHUNK_BYTES)
        while not stopping():
            await asyncio.sleep(LOOK_SECONDS)
        self._stopping = True
        server.close()
        if self._connections:
            await asyncio.wait(list(self._connections))

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        peer = writer.get_extra_info("peername")
        place = f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else "unix socket"
        if refused := self._refuses(peer):
            counts.REFUSED.labels(self._handover.receiver, refused).inc()
            log.warning("connection from %s refused: %s", place, refused)
            writer.close()
            return
        mine = self._connections[task] = _Connection(writer, str(peer[0]) if isinstance(peer, tuple) else "")
        try:
            with contextlib.suppress(OSError, AttributeError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            await self._receive(reader, place, mine)
        finally:
            self._connections.pop(task, None)
            writer.close()

    def _refuses(self, peer: object) -> str:
        if self._stopping or (len(self._connections) >= CONNECTIONS_MAX and not self._make_room()):
            return "too many connections"
        if isinstance(peer, tuple) and self._peers:
            address = ip_address(str(peer[0]).partition("%")[0])
            if not any(address in network for network in self._peers):
                return "not among receive_vault_peers"
        return ""

    def _make_room(self) -> bool:
        """One gives way: first of those that never sent a line, of the peer that has the most, the one
        that has been silent longest; one that sent lines only after a silence. What it had sent is kept."""
        peers = Counter(connection.peer for connection in self._connections.values())
        quiet = time.monotonic() - QUIET_SECONDS
        silent = [item for item in self._connections.items() if not item[1].sent or item[1].heard < quiet]
        if not silent:
            return False
        task, longest = max(silent, key=lambda item: (not item[1].sent, peers[item[1].peer], -item[1].heard))
        del self._connections[task]
        counts.REFUSED.labels(self._handover.receiver, "too many connections").inc()
        log.warning("a connection that is silent gives way to another one: there are too many")
        longest.writer.close()
        return True

    async def _receive(self, reader: asyncio.StreamReader, place: str, connection: _Connection) -> None:
        lines = Lines(self._limit, place)
        while True:
            while self._closed() and not self._stopping:
                await asyncio.sleep(CLOSED_LOOK_SECONDS)
            try:
                chunk = await self._read(reader, lines.waiting > 0)
            except TimeoutError:
                chunk = b""
                log.warning(
                    "%s: half a line and then nothing for %g s; cut off", place, self._half_line_seconds
                )
            except OSError as error:
                chunk = b""
                log.warning("%s: connection lost: %s", place, error)
            if not chunk:
                break
            connection.heard = time.monotonic()
            whole = lines.feed(chunk)
            connection.sent = connection.sent or any(line.content for line in whole)
            await self._hand_over(whole)
        if last := lines.end():
            # Should it be no whole record, it becomes a reject like any other.
            await self._hand_over([last])

    async def _read(self, reader: asyncio.StreamReader, within_line: bool) -> bytes:
        """A chunk; b"" at the end, and once it is time to stop and nothing more has arrived."""
        patience = self._half_line_seconds if within_line else None
        reading = asyncio.ensure_future(reader.read(CHUNK_BYTES))
        waited = 0.0
        try:
            while not reading.done():
                step = DRAIN_SECONDS if self._stopping else LOOK_SECONDS
                await asyncio.wait([reading], timeout=step)
                waited += step
                if not reading.done() and self._stopping:
                    return b""
                if not reading.done() and patience is not None and waited > patience:
                    raise TimeoutError
            return reading.result()
        finally:
            reading.cancel()

    async def _hand_over(self, lines: list[Line]) -> None:
        messages = []
        for line in lines:
            if line.unfit:
                messages.append(self._handover.reject(line.unfit, self._topic))
            elif line.content:
                messages.append(Message(self._topic, line.content))
        await self._handover.taken_at_last(messages)


def peers_of(settings: Settings, address: Address) -> Networks:
    """Returns who may connect. Raises SettingsError, also where that would be anybody."""
    try:
        peers = tuple(ip_network(text, strict=False) for text in settings.receive_vault_peers or ())
    except ValueError as error:
        raise SettingsError(f"Setting receive_vault_peers is not usable: {error}.") from None
    if not address.private and not peers:
        raise SettingsError(
            f"Setting receive_vault: anybody could write to {address}. Say with receive_vault_peers who may, "
            "or use 127.0.0.1 or unix:/path."
        )
    return peers


def main(settings: Settings, stage: Stage) -> None:
    """Receives until `stage.stopping` is set. Raises SettingsError, NotRunning."""
    address = parse(settings.receive_vault or "", stage.name, unix=True)
    peers = peers_of(settings, address)
    handover = Handover(settings, stage.name)
    try:
        topic = handover.topic(SOURCE, settings.receive_vault_instance)
        receiver = SocketReceiver(handover, topic, settings.record_limit, stage.intake_closed, peers)
        with listen(address, stage.name) as listener:
            log.info("%s listens on %s", stage.name, address)
            stage.ready()
            asyncio.run(receiver.serve(listener, stage.stopping.is_set))
    finally:
        handover.close()
        if address.path is not None:
            address.path.unlink(missing_ok=True)
