"""OTLP/HTTP: what is taken, what is refused and how, and that Kafka has what was acknowledged."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from pydantic import SecretStr

from correlators.driver.normaliser import Normaliser, Record
from schemas.activity import Activity
from streams.site.settings import Settings
from tests.support.receiving import Answer, bodies, free_address, post, receiving
from tests.support.topic import Tail

PROTOBUF = "application/x-protobuf"
JSON = "application/json"


def traces(count: int = 1, padding: int = 0) -> ExportTraceServiceRequest:
    """One resource and scope with so many spans, each padded by a name."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add(schema_url="https://resource")
    resource.resource.attributes.add(key="service.name").value.string_value = "desk"
    scope = resource.scope_spans.add(schema_url="https://scope")
    scope.scope.name = "test"
    for number in range(count):
        scope.spans.add(
            trace_id=b"t" * 16, span_id=number.to_bytes(8, "big"), name=f"{number}" + "x" * padding
        )
    return request


def as_json(request: ExportTraceServiceRequest) -> bytes:
    return json.dumps(json_format.MessageToDict(request)).encode()


@pytest.fixture
def otlp(site: Settings) -> Iterator[Settings]:
    settings = site.model_copy(update={"receive_otlp": free_address(), "record_limit": 20_000})
    with receiving(settings, "receive_otlp"):
        yield settings


@pytest.fixture(scope="module")
def refusing(shared_site: Settings) -> Iterator[Settings]:
    """For requests that bring nothing to Kafka."""
    settings = shared_site.model_copy(update={"receive_otlp": free_address(), "record_limit": 20_000})
    with receiving(settings, "receive_otlp"):
        yield settings


def send(
    settings: Settings, body: bytes, media: str = PROTOBUF, path: str = "/v1/traces", **headers: Any
) -> Answer:
    assert settings.receive_otlp is not None
    return post(settings.receive_otlp, path, body, media, **headers)


@pytest.mark.parametrize("coding", ["identity", "gzip", "deflate"])
@pytest.mark.parametrize("media", [PROTOBUF, JSON])
def test_an_export_request_goes_to_kafka_as_it_was_written(otlp: Settings, media: str, coding: str) -> None:
    body = traces().SerializeToString() if media == PROTOBUF else as_json(traces())
    packed = {"identity": body, "gzip": gzip.compress(body), "deflate": zlib.compress(body)}[coding]
    answer = send(otlp, packed, media, content_encoding=coding)
    assert (answer.status, answer.headers["content-type"]) == (200, media)
    assert answer.body == (b"" if media == PROTOBUF else b"{}")
    assert bodies(otlp, "raw.otel", 1) == [body]


def test_a_message_tells_its_signal_and_encoding_and_the_topic_its_instance(site: Settings) -> None:
    settings = site.model_copy(update={"receive_otlp": free_address(), "receive_otlp_instance": "prod"})
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add(severity_text="INFO")
    with receiving(settings, "receive_otlp"):
        assert send(settings, logs.SerializeToString(), path="/v1/logs").status == 200
    tail = Tail(settings, "raw.otel.prod").until(lambda tail: tail.messages, "the message")
    assert dict(tail.messages[0].headers() or []) == {
        "content-type": PROTOBUF.encode(),
        "signal": b"logs",
    }
    tail.close()


def agent_logs(calls: int = 1) -> ExportLogsServiceRequest:
    """What an agent writes of its tools where it writes log records and no spans."""
    request = ExportLogsServiceRequest()
    logs = request.resource_logs.add()
    logs.resource.attributes.add(key="service.name").value.string_value = "claude-code"
    scope = logs.scope_logs.add()
    for number in range(calls):
        record = scope.log_records.add(time_unix_nano=1_795_000_000_000_000_000 + number)
        record.event_name = "claude_code.tool_result"
        said = {"tool_name": "Bash", "success": "true", "session.id": "s1", "note": "x" * 500}
        for key, value in said.items():
            record.attributes.add(key=key).value.string_value = value
    return request


@pytest.mark.parametrize(("media", "calls"), [(PROTOBUF, 1), (JSON, 1), (PROTOBUF, 60), (JSON, 60)])
def test_log_records_of_an_agent_come_out_as_its_calls_in_one_piece_or_in_several(
    otlp: Settings, media: str, calls: int
) -> None:
    request = agent_logs(calls)
    body = (
        request.SerializeToString()
        if media == PROTOBUF
        else json.dumps(json_format.MessageToDict(request)).encode()
    )
    assert send(otlp, body, media, "/v1/logs").status == 200
    found: list[Activity] = []
    normaliser = Normaliser(b"site", watch=found.append)
    pieces = 1 if len(body) <= 20_000 else 2
    for record in bodies(otlp, "raw.otel", pieces):
        normaliser.take(Record(record, "otel"))
    batch = normaliser.drain()
    assert not batch.rejects and len(found) == calls
    assert {(a.identity, a.operation) for a in found} == {
        ("agent:claude-code/claude-code", "execute_tool Bash")
    }


@pytest.mark.parametrize(("media", "body"), [(PROTOBUF, b""), (JSON, b"{}"), (JSON, b'{"resourceSpans":[]}')])
def test_an_empty_request_is_a_success_and_no_record(otlp: Settings, media: str, body: bytes) -> None:
    assert send(otlp, body, media).status == 200
    assert send(otlp, as_json(traces()), JSON).status == 200
    assert bodies(otlp, "raw.otel", 1) == [as_json(traces())]


@pytest.mark.parametrize(
    ("media", "body"),
    [
        (PROTOBUF, b"rubbish"),
        (PROTOBUF, b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        (PROTOBUF, traces().SerializeToString()[:-1]),
        (PROTOBUF, b"\x10\x01"),
        (JSON, b""),
        (JSON, b"rubbish"),
        (JSON, b'{"resourceSpans":[{}'),
        (JSON, b'{"resourceSpans":{}}'),
        (JSON, b'{"resourceSpans":[1]}'),
        (JSON, b'{"resourceLogs":[{}]}'),
        (JSON, b"[" * 100_000),
        (JSON, b'{"resourceSpans":' + b"[" * 9000 + b"]" * 9000 + b"}"),
        (JSON, b'{"resourceSpans":[' + b"{}," * 250_000 + b"{}]}"),
    ],
)
def test_bad_data_is_400_with_a_status_in_the_senders_encoding(
    refusing: Settings, media: str, body: bytes
) -> None:
    answer = send(refusing, body, media)
    assert (answer.status, answer.headers["content-type"]) == (400, media)
    assert "retry-after" not in answer.headers
    status = Status.FromString(answer.body) if media == PROTOBUF else json_format.Parse(answer.body, Status())
    assert status.code == 3 and status.message.startswith("not an export request of traces: ")


def test_protobuf_nested_too_deeply_is_400(refusing: Settings) -> None:
    request = traces()
    value = request.resource_spans[0].resource.attributes[0].value
    for _ in range(60):
        value = value.array_value.values.add()
    assert send(refusing, request.SerializeToString()).status == 400


def test_a_broken_gzip_body_is_400(refusing: Settings) -> None:
    packed = gzip.compress(traces().SerializeToString())
    assert send(refusing, packed[:-5], content_encoding="gzip").status == 400
    assert send(refusing, b"no gzip", content_encoding="gzip").status == 400


@pytest.mark.parametrize(
    ("media", "headers"), [("text/plain", {}), ("", {}), (PROTOBUF, {"content_encoding": "zstd"})]
)
def test_another_type_or_coding_is_415(refusing: Settings, media: str, headers: dict[str, str]) -> None:
    assert send(refusing, traces().SerializeToString(), media, **headers).status == 415


def test_a_batch_larger_than_a_record_is_cut_into_several_with_the_same_surroundings(otlp: Settings) -> None:
    request = traces(100, padding=500)
    assert send(otlp, request.SerializeToString()).status == 200
    pieces = [ExportTraceServiceRequest.FromString(body) for body in bodies(otlp, "raw.otel", 3)]
    whole = ExportTraceServiceRequest()
    whole.CopyFrom(request)
    del whole.resource_spans[0].scope_spans[0].spans[:]
    names = set()
    for piece in pieces:
        assert piece.ByteSize() <= otlp.record_limit
        names |= {span.name for span in piece.resource_spans[0].scope_spans[0].spans}
        del piece.resource_spans[0].scope_spans[0].spans[:]
        assert piece == whole
    assert names == {span.name for span in request.resource_spans[0].scope_spans[0].spans}


def test_a_json_batch_is_cut_too(otlp: Settings) -> None:
    request = json_format.MessageToDict(traces(100, padding=500))
    assert send(otlp, json.dumps(request).encode(), JSON).status == 200
    spans = []
    for body in bodies(otlp, "raw.otel", 3):
        assert len(body) <= otlp.record_limit
        (resource,) = json.loads(body)["resourceSpans"]
        (scope,) = resource["scopeSpans"]
        spans += scope.pop("spans")
        assert scope == {"scope": {"name": "test"}, "schemaUrl": "https://scope"}
        assert resource["resource"] == request["resourceSpans"][0]["resource"]
    assert sorted(spans, key=str) == sorted(request["resourceSpans"][0]["scopeSpans"][0]["spans"], key=str)


@pytest.mark.parametrize("media", [PROTOBUF, JSON])
def test_a_span_larger_than_a_record_is_a_reject_and_told_as_a_partial_success(
    otlp: Settings, media: str
) -> None:
    request = traces(3)
    request.resource_spans[0].scope_spans[0].spans[1].name = "x" * 30_000
    answer = send(otlp, request.SerializeToString() if media == PROTOBUF else as_json(request), media)
    assert answer.status == 200
    if media == PROTOBUF:
        response = ExportTraceServiceResponse.FromString(answer.body)
    else:
        response = json_format.Parse(answer.body, ExportTraceServiceResponse())
    assert response.partial_success.rejected_spans == 1
    assert "record_limit" in response.partial_success.error_message
    assert len(bodies(otlp, "raw.otel", 1)) == 1
    row = json.loads(bodies(otlp, "rejects", 1)[0])
    assert (row["source"], row["place"]) == ("otel", "/v1/traces") and row["size"] > 30_000


def test_a_request_of_nothing_but_a_span_too_large_is_413(refusing: Settings) -> None:
    request = traces(1, padding=30_000)
    assert send(refusing, request.SerializeToString()).status == 413


def test_other_paths_and_methods_are_not_there(refusing: Settings) -> None:
    assert send(refusing, b"", path="/v1/metrics").status == 404
    assert send(refusing, b"", path="/").status == 404


def calls(service: str) -> bytes:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    if service:
        resource.resource.attributes.add(key="service.name").value.string_value = service
    span = resource.scope_spans.add().spans.add(trace_id=b"t" * 16, span_id=b"s" * 8, name="execute_tool t")
    for key, value in {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "t"}.items():
        span.attributes.add(key=key).value.string_value = value
    return request.SerializeToString()


def test_a_token_speaks_for_the_services_that_it_is_bound_to(site: Settings, tmp_path: Path) -> None:
    senders = tmp_path / "senders.json"
    senders.write_text(json.dumps({"shop-token-of-16-letters": ["shop", "desk-*"]}))
    settings = site.model_copy(
        update={
            "receive_otlp": free_address(),
            "receive_otlp_senders": senders,
            "receive_otlp_token": SecretStr("everybodys-token-16"),
        }
    )

    def sent(service: str, token: str) -> int:
        answered = send(settings, calls(service), Authorization=f"Bearer {token}")
        said = f"this token does not speak for '{service or 'no service'}'".encode()
        assert (said in answered.body) == (answered.status == 403)
        return answered.status

    with receiving(settings, "receive_otlp"):
        assert [sent(s, "shop-token-of-16-letters") for s in ("shop", "desk-1")] == [200, 200]
        assert [sent(s, "shop-token-of-16-letters") for s in ("shopping", "bank", "")] == [403, 403, 403]
        assert [sent("bank", token) for token in ("everybodys-token-16", "wrong")] == [200, 401]
    # Requests lie in several partitions: their order on the topic is nobody's promise.
    assert sorted(bodies(settings, "raw.otel", 3)) == sorted(map(calls, ("shop", "desk-1", "bank")))
