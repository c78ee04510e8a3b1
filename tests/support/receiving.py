"""Receivers in a thread of the test, and what they brought to Kafka."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from streams.site.settings import Settings
from streams.site.stage import Stage
from streams.supervision import broker, ports, stages
from tests.support.topic import Tail
from tests.support.waiting import wait_for


@contextlib.contextmanager
def peak_memory() -> Iterator[Callable[[], int]]:
    """Bytes by which this process grew in the block at its highest; Linux alone tells it."""
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    yield lambda: _memory("VmHWM") - before


def _memory(name: str) -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith(name)) * 1024


def free_address() -> str:
    return f"127.0.0.1:{ports.choose(0, 0, 'receiver')}"


@contextlib.contextmanager
def receiving(settings: Settings, name: str, run_folder: Path | None = None) -> Iterator[Stage]:
    """The receiver of this name until the block ends; what it raises is raised here."""
    up = threading.Event()
    stage = Stage(name, run_folder=run_folder, say=lambda line: up.set())
    failed: list[BaseException] = []

    def work() -> None:
        try:
            stages.entry(name)(settings, stage)
        except BaseException as error:
            failed.append(error)
        finally:
            up.set()

    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    assert up.wait(30), f"{name} is not ready"
    try:
        if not failed:
            yield stage
    finally:
        stage.stopping.set()
        thread.join(20)
    if failed:
        raise failed[0]
    assert not thread.is_alive(), f"{name} did not stop"


class Answer:
    """Status, headers (lower case) and body."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()


def post(
    address: str,
    path: str,
    body: bytes,
    media: str = "application/json",
    tls: ssl.SSLContext | None = None,
    **headers: str,
) -> Answer:
    """One request; `content_encoding="gzip"` gives a header of that name."""
    host, _, port = address.rpartition(":")
    kind = http.client.HTTPSConnection if tls else http.client.HTTPConnection
    more: dict[str, Any] = {"context": tls} if tls else {}
    connection = kind(host, int(port), timeout=30, **more)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST", path, body, {"Content-Type": media, **named})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def bodies(settings: Settings, topic: str, count: int, seconds: float = 30.0) -> list[bytes]:
    """Everything in a topic once it holds so many messages."""
    tail = Tail(settings, topic)
    try:
        tail.until(lambda tail: len(tail.messages) >= count, f"{count} messages in {topic}", seconds)
        return [message.value() or b"" for message in tail.messages]
    finally:
        tail.close()


def all_of(
    settings: Settings, topic: str, wanted: set[str], key: str = "id", seconds: float = 60.0
) -> list[str]:
    """The ids in a topic of JSON records once all wanted are there, doubles included."""
    tail = Tail(settings, topic)
    found: list[str] = []
    seen = 0

    def complete(tail: Tail) -> bool:
        nonlocal seen
        found.extend(str(json.loads(message.value() or b"{}").get(key)) for message in tail.messages[seen:])
        seen = len(tail.messages)
        return wanted <= set(found)

    try:
        tail.until(complete, f"all of {len(wanted)} records in {topic}", seconds)
        return found
    finally:
        tail.close()


class OwnBroker:
    """An embedded broker of one test, which may be frozen: to its clients as if the network were cut."""

    def __init__(self, folder: Path) -> None:
        port = ports.choose(0, ports.BROKER, "broker_port")
        self.address = f"127.0.0.1:{port}"
        self.process: subprocess.Popen[bytes] = broker.start(port, folder / "tansu.out")
        broker.wait_until_it_answers(self.address, self.process, 30.0)

    def freeze(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)
        wait_for(lambda: self._state() == "T", "the broker to stand still")

    def thaw(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()

    def _state(self) -> str:
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def connect(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=30)
