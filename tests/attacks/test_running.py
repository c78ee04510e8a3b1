"""One running `gapwatch run` under attack: secrets are planted in its records, a source is poisoned,
receivers are crowded, queries are left. No secret comes out again, each time somebody else is served as
before, and no stage ends."""

from __future__ import annotations

import http.client
import itertools
import os
import signal
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from streams.site.suspects import CAREFUL_AFTER, DEATHS
from tests.attacks.running import Running, free_port, seconds_until
from tests.attacks.searching import everything, plant, read
from tests.support.waiting import wait_for

pytestmark = pytest.mark.slow

NUMBERS = itertools.count()
LONG = "SELECT count() FROM numbers(100000000000) WHERE cityHash64(number) = 1"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("run") / "data"
    otlp, vault = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    run = Running(folder, {"receive_otlp": otlp, "receive_vault": vault})
    try:
        run.start()
        yield run
    finally:
        run.stop()


def line() -> tuple[str, bytes]:
    """A line of Vault's audit log, and its id."""
    uid = f"r{next(NUMBERS)}"
    auth = {"client_token": "hmac-sha256:x", "accessor": f"hmac-sha256:{uid}", "token_type": "service"}
    asked = {"id": uid, "operation": "read", "path": "secret/data/x", "remote_address": "10.0.0.1"}
    entry = {"time": "2026-11-01T08:00:00Z", "type": "response", "auth": auth, "request": asked}
    return uid, orjson.dumps(entry)


def stored(run: Running, uid: str) -> bool:
    return bool(run.rows(f"SELECT 1 FROM activities WHERE source = 'vault' AND uid = '{uid}'"))


def test_no_secret_is_kept_sent_or_shown_by_a_run(
    running: Running, record_property: Callable[[str, object], None]
) -> None:
    """The first of these tests: it waits until all that was sent so far has been read."""
    planted = plant(running)
    record_property("tried", len(planted))
    wait_for(lambda: read(running, len(planted)), "all records to be read", 120)
    for where, content in everything(running).items():
        assert content and not [secret for secret in planted if secret in content], where
    assert {path.suffix for path in running.data.rglob("*")} & {".log"}


def test_a_poisoned_source_delays_another_by_seconds(running: Running) -> None:
    """Five records that keep a normaliser busy for a second each, and one that holds a million values."""
    slow, crowded = (b"[" + b",".join([b"{}"] * many) + b"]" for many in (15_000, 1_300_000))
    running.produce("raw.mcp", crowded, *[slow] * 5)
    uid, record = line()
    running.produce("raw.vault", record)
    seconds_until(lambda: stored(running, uid), "the other source's record", 60)
    rejects = "SELECT uniqExact(topic, partition, offset) AS records FROM rejects WHERE source = 'mcp'"
    assert int(running.rows(rejects)[0]["records"]) < 6, "it did not wait for the poison to be through"
    seconds_until(lambda: int(running.rows(rejects)[0]["records"]) == 6, "the poison to be through", 180)


def test_fifty_thousand_spans_of_one_request_stop_nothing(running: Running) -> None:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for _ in range(60_000):
        spans.add(name="a")
    body = request.SerializeToString()
    host, _, port = running.variables["receive_otlp"].rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    connection.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
    assert connection.getresponse().status == 200
    connection.close()
    query = "SELECT count() AS n FROM rejects WHERE source = 'otel'"
    seconds_until(lambda: int(running.rows(query)[0]["n"]) > 1_000, "the spans to be told as rejects", 120)


def test_sixty_thousand_sessions_of_one_busy_user_stop_nothing(running: Running) -> None:
    head = b'{"eventVersion":"1.11","eventTime":"2026-11-01T08:00:00Z","eventSource":"s3.amazonaws.com",'
    tail = (
        b'"eventName":"GetObject","awsRegion":"eu-west-1","sourceIPAddress":"198.51.100.7","readOnly":true,'
        b'"eventID":"crowd-%06d","recipientAccountId":"111122223333","eventType":"AwsApiCall",'
        b'"userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE0000000000:s%06d","accountId":"111122223333",'
        b'"arn":"arn:aws:sts::111122223333:assumed-role/busy/s%06d","accessKeyId":"ASIACROWD%011d","sessionContext":'
        b'{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE0000000000","userName":"busy",'
        b'"arn":"arn:aws:iam::111122223333:role/busy","accountId":"111122223333"}}}}'
    )
    running.produce("raw.cloudtrail", *(head + tail % ((n,) * 4) for n in range(60_000)))
    query = "SELECT count() AS n FROM activities WHERE source = 'cloudtrail' AND startsWith(uid, 'crowd-')"
    seconds_until(lambda: int(running.rows(query)[0]["n"]) >= 60_000, "all of them to be stored", 240)
    judged = "SELECT count() AS n FROM gapwatch_internal.dossiers WHERE position(key, 'role/busy') > 0"
    seconds_until(lambda: int(running.rows(judged)[0]["n"]), "what is known of the user to be stored", 240)


def test_three_hundred_months_of_timestamps_hold_nothing_up(running: Running) -> None:
    """A producer says when a record came: in one block of rows they would lie in 300 partitions."""
    month, made = 30 * 86_400_000, [line() for _ in range(300)]
    before = datetime.now(UTC)
    running.produce("raw.vault", *(record for _, record in made), times=[n * month for n in range(1, 301)])
    uids = ",".join(f"'{uid}'" for uid, _ in made)
    query = f"SELECT uniqExact(uid) AS n, min(arrived) AS first FROM activities WHERE uid IN ({uids})"
    seconds_until(lambda: int(running.rows(query)[0]["n"]) == 300, "all of them to be stored", 120)
    first = datetime.fromisoformat(running.rows(query)[0]["first"]).replace(tzinfo=UTC)
    assert first > before - timedelta(minutes=1), "when a record came is not its producer's to say"


def test_half_bodies_shut_no_sender_out(running: Running) -> None:
    host, _, port = running.variables["receive_otlp"].rpartition(":")
    head = b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
    half = head + b"Content-Length: 900\r\n\r\nhalf"
    halves = []
    for _ in range(280):
        one = socket.create_connection((host, int(port)), timeout=10)
        one.sendall(half)
        halves.append(one)
    body = ExportTraceServiceRequest().SerializeToString()

    def answered() -> bool:
        sender = http.client.HTTPConnection(host, int(port), timeout=10)
        try:
            sender.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
            return sender.getresponse().status == 200
        except OSError:
            return False
        finally:
            sender.close()

    assert seconds_until(answered, "a whole request to be answered", 60) < 60
    for one in halves:
        one.close()


def test_silent_connections_shut_nobody_out(running: Running) -> None:
    host, _, port = running.variables["receive_vault"].rpartition(":")
    silent = [socket.create_connection((host, int(port)), timeout=10) for _ in range(80)]
    uid, record = line()
    with socket.create_connection((host, int(port)), timeout=10) as device:
        device.sendall(record + b"\n")
        seconds_until(lambda: stored(running, uid), "the device's line", 60)
    for one in silent:
        one.close()


def test_queries_that_nobody_waits_for_end_and_a_short_one_answers(running: Running) -> None:
    for _ in range(20):
        left = running.sql()
        left.request("POST", "/", LONG.encode())
        left.close()
    assert seconds_until(lambda: running.ask("SELECT 1")[0] == 200, "a short query", 30) < 30


def test_after_all_of_it_no_stage_has_ended(running: Running) -> None:
    assert running.metric("gapwatch_stage_restarts_total") == 0
    said = running.said("doctor")
    assert "all are up, and ClickHouse takes what it is offered" in said, said


def test_a_record_over_which_a_stage_dies_twice_is_set_aside_and_the_stage_goes_on(running: Running) -> None:
    """Two deaths make the next process careful; a careful one writes down what it works on, and is killed."""
    file = next(running.data.rglob("suspects-normalise-0.json"))

    def known() -> dict[str, Any]:
        return dict(orjson.loads(file.read_bytes()))

    for in_row in range(1, CAREFUL_AFTER + 1):
        os.kill(running.pid_of("normalise"), signal.SIGKILL)
        wait_for(lambda in_row=in_row: known()["in_row"] == in_row, "its restart", 120)  # type: ignore[misc]
    slow = b"[" + b",".join([b"{}"] * 5_000) + b"]"
    running.produce("raw.mcp", *[slow] * 10)
    killed: set[int] = set()

    def over_which_two_died() -> list[Any]:
        now = known()
        if now["working_on"] and now["working_on"][0] == "raw.mcp" and now["in_row"] not in killed:
            killed.add(now["in_row"])
            os.kill(running.pid_of("normalise"), signal.SIGKILL)
        return [place for place, deaths in now["deaths"] if deaths == DEATHS]

    (place,) = wait_for(over_which_two_died, "two deaths over one record", 240)
    uid, record = line()
    running.produce("raw.vault", record)
    seconds_until(lambda: stored(running, uid), "a record that came after it", 240)
    rejects = "SELECT reason FROM rejects WHERE (topic, partition, offset) = ('{}', {}, {})".format(*place)
    seconds_until(lambda: running.rows(rejects), "the record to be set aside", 120)
