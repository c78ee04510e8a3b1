"""One `gapwatch run` as it is installed, for all attacks that need one: its own folder, its own ports."""

from __future__ import annotations

import http.client
import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
import pytest
from confluent_kafka import Producer

from streams.command import cli
from streams.site import datafolder
from streams.site.datafolder import Instance
from streams.site.settings import Settings
from tests.support.waiting import wait_for

ROOT = Path(__file__).parents[2]
UP_SECONDS = 90.0
CODE = "import sys; from streams.command.entry import main; sys.exit(main())"


@dataclass
class Running:
    """A run, and ways to send to it, to ask it and to look at it."""

    data: Path
    variables: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when everything is up."""
        self.data.mkdir(mode=0o700, exist_ok=True)
        with (self.data / "shown").open("ab") as shown:
            self.process = subprocess.Popen(
                [sys.executable, "-c", CODE, "run", f"--data={self.data}"],
                env=os.environ | self.environment,
                cwd=ROOT,
                stdout=shown,
                stderr=shown,
            )
        wait_for(self._is_up, "the run to be up", UP_SECONDS)

    @property
    def environment(self) -> dict[str, str]:
        free = {f"GAPWATCH_{name}_PORT": "0" for name in ("BROKER", "SQL", "METRICS")}
        return free | {f"GAPWATCH_{name.upper()}": value for name, value in self.variables.items()}

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
        if self.process is not None:
            self.process.wait()

    @property
    def shown(self) -> str:
        return (self.data / "shown").read_text(errors="replace")

    @property
    def instance(self) -> Instance:
        found = datafolder.running(Settings(data=self.data))
        assert found is not None, self.shown[-2000:]
        return found

    def command(self, *words: str, seconds: float = 60.0) -> subprocess.CompletedProcess[str]:
        """One of gapwatch's commands over this run."""
        return subprocess.run(
            [sys.executable, "-c", CODE, *words, f"--data={self.data}"],
            env=os.environ | self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def said(self, *words: str) -> str:
        """What one of gapwatch's commands says over this run, to stdout and stderr; in this process, because
        a new one costs more than the command."""
        before, out = sys.argv, io.StringIO()
        sys.argv = ["gapwatch", *words, f"--data={self.data}"]
        try:
            with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(out):
                for name, value in self.environment.items():
                    patch.setenv(name, value)
                with suppress(SystemExit):
                    cli.main()
        finally:
            sys.argv = before
        return out.getvalue()

    def produce(self, topic: str, *records: bytes, times: Sequence[int] = ()) -> None:
        """Returns when the broker has them. ``times`` are what the producer says of each, in ms."""
        producer = Producer({"bootstrap.servers": self.instance.broker, "message.max.bytes": 5_000_000})
        for number, record in enumerate(records, 1):
            producer.produce(topic, record, timestamp=times[number - 1] if times else 0)
            if number % 1_000 == 0:
                producer.flush(10)
        assert producer.flush(30) == 0

    def rows(self, query: str, **url: Any) -> list[dict[str, Any]]:
        """Answers of the SQL endpoint."""
        status, body = self.ask(query, default_format="JSONEachRow", **url)
        assert status == 200, body
        return [orjson.loads(line) for line in body.splitlines()]

    def ask(self, query: str, timeout: float = 30.0, **url: str) -> tuple[int, bytes]:
        connection = self.sql(timeout)
        try:
            connection.request("POST", "/?" + urlencode(url), query.encode())
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def sql(self, timeout: float = 30.0) -> http.client.HTTPConnection:
        where = urlsplit(self.instance.sql or "")
        return http.client.HTTPConnection(where.hostname or "", where.port, timeout=timeout)

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        where = urlsplit(self.instance.metrics)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        connection.close()
        found = [line.rsplit(" ", 1) for line in lines if line.startswith(name) and line[len(name)] in " {"]
        return sum(float(value) for _, value in found)

    def pid_of(self, stage: str) -> int:
        assert self.process is not None
        listed = subprocess.run(
            ["pgrep", "-P", str(self.process.pid), "-f", f"stages {stage}$"],
            capture_output=True,
            text=True,
            check=False,
        )
        return int(listed.stdout.split()[0])

    def _is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.shown[-3000:]
        return "Running: " in self.shown


def seconds_until(condition: Callable[[], object], what: str, most: float) -> float:
    """How long it took."""
    began = time.monotonic()
    wait_for(condition, what, most)
    return time.monotonic() - began


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
