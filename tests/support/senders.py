"""Senders as they are found in the field, each until all it has to send is with the receiver.

The spans' sender is OpenTelemetry's own SDK; the others do as their models when a receiver is slow or away.
"""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from tests.support.log_rotator import RotatedLog
from tests.support.receiving import connect, post

WRITE_SECONDS = 2.0
"""The audit device's default `write_timeout`."""
BACKOFF_SECONDS = 0.2
TRIES = 300
FLUSH_MS = 120_000


class Sender(threading.Thread):
    """Sends `count` numbered records; `sent` counts those that its receiver took, `held_up` the refusals."""

    def __init__(self, count: int) -> None:
        super().__init__(daemon=True)
        self.count = count
        self.sent = 0
        self.held_up = 0
        self.failure: BaseException | None = None
        self._pause = threading.Event()

    def run(self) -> None:
        try:
            for number in range(self.count):
                self.send(number)
                self.sent = number + 1
            self.finish()
        except BaseException as error:
            self.failure = error

    def send(self, number: int) -> None:
        raise NotImplementedError

    @property
    def ids(self) -> set[str]:
        """Of all that was to be sent."""
        return {str(number) for number in range(self.count)}

    def finish(self) -> None:
        """After the last one."""

    def done(self, seconds: float) -> None:
        """Waits until all is sent; raises what went wrong."""
        self.join(seconds)
        if self.failure:
            raise self.failure
        assert not self.is_alive(), f"{type(self).__name__} sent {self.sent} of {self.count}"

    def until(self, attempt: Callable[[], bool]) -> None:
        for _ in range(TRIES):
            if attempt():
                return
            self.held_up += 1
            self._pause.wait(BACKOFF_SECONDS)
        raise AssertionError(f"{type(self).__name__} was refused {TRIES} times")


class ApiServer(Sender):
    """A Kubernetes API server's audit webhook: lists of events, sent again after 429, 5xx or no answer."""

    def __init__(self, address: str, count: int) -> None:
        super().__init__(count)
        self._address = address

    def send(self, number: int) -> None:
        items = [{"auditID": f"{number}-{n}", "stage": "ResponseComplete"} for n in range(3)]
        body = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": items}
        self.until(lambda: self._post(json.dumps(body).encode()))

    def _post(self, body: bytes) -> bool:
        try:
            status = post(self._address, "/?timeout=30s", body).status
        except OSError:
            return False
        assert status == 200 or status == 429 or status >= 500, status
        return status == 200

    @property
    def ids(self) -> set[str]:
        return {f"{number}-{n}" for number in range(self.count) for n in range(3)}


class AuditDevice(Sender):
    """OpenBao's socket device: a line each, written again as a whole on a new connection after a failure."""

    def __init__(self, address: str, count: int) -> None:
        super().__init__(count)
        self._address = address
        self._connection: socket.socket | None = None

    def send(self, number: int) -> None:
        line = json.dumps({"type": "response", "id": str(number), "pad": "x" * 2_000}).encode() + b"\n"
        self.until(lambda: self._write(line))
        self._pause.wait(0.001)

    def finish(self) -> None:
        if self._connection:
            self._connection.close()

    def _write(self, line: bytes) -> bool:
        try:
            if self._connection is None:
                self._connection = connect(self._address)
                self._connection.settimeout(WRITE_SECONDS)
            self._connection.sendall(line)
        except OSError:
            if self._connection:
                self._connection.close()
            self._connection = None
            return False
        return True


class Patient(SpanExporter):
    """OpenTelemetry's exporter, asked again where it gave a batch up, as a collector with a queue does."""

    def __init__(self, exporter: OTLPSpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        for _ in range(TRIES):
            if self._exporter.export(spans) is SpanExportResult.SUCCESS:
                return SpanExportResult.SUCCESS
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        self._exporter.shutdown()  # type: ignore[no-untyped-call]


class Agent(Sender):
    """An instrumented program: OpenTelemetry's SDK with its batching and its OTLP/HTTP exporter."""

    def __init__(self, address: str, count: int) -> None:
        super().__init__(count)
        exporter = OTLPSpanExporter(f"http://{address}/v1/traces", timeout=20, compression=Compression.Gzip)
        self._provider = TracerProvider(resource=Resource.create({"service.name": "desk"}))
        processor = BatchSpanProcessor(
            Patient(exporter), max_queue_size=count + 1, max_export_batch_size=20, schedule_delay_millis=50
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("tests")

    def send(self, number: int) -> None:
        with self._tracer.start_as_current_span(f"execute_tool {number}"):
            self._pause.wait(0.001)

    def finish(self) -> None:
        assert self._provider.force_flush(FLUSH_MS)
        self._provider.shutdown()

    @property
    def ids(self) -> set[str]:
        return {f"execute_tool {number}" for number in range(self.count)}


class RotatingProgram(Sender):
    """Writes a log that is rotated in both ways and packed."""

    def __init__(self, path: Path, count: int) -> None:
        super().__init__(count)
        self._log = RotatedLog(path)

    def send(self, number: int) -> None:
        self._log.write(1, padding=500)
        every = self.count // 6
        if number % every == every // 2:
            (self._log.rename if number // every % 2 else self._log.copy_and_truncate)()
        if number % (2 * every) == every:
            self._log.pack()
        self._pause.wait(0.001)

    def finish(self) -> None:
        self._log.close()


class Synchroniser(Sender):
    """Puts CloudTrail's objects into a folder, each in two steps as a copy does."""

    def __init__(self, folder: Path, count: int) -> None:
        super().__init__(count)
        self._folder = folder / "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/22"
        self._folder.mkdir(parents=True)

    def send(self, number: int) -> None:
        records = [{"eventVersion": "1.08", "eventID": f"{number}-{n}"} for n in range(10)]
        packed = gzip.compress(json.dumps({"Records": records}).encode())
        with (self._folder / f"{number}.json.gz").open("wb", buffering=0) as file:
            file.write(packed[:40])
            self._pause.wait(0.002)
            file.write(packed[40:])

    @property
    def ids(self) -> set[str]:
        return {f"{number}-{n}" for number in range(self.count) for n in range(10)}
