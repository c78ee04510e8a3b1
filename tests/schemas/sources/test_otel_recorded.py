"""The recorded traces of real frameworks: both wires say the same, and every span is told right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from schemas.sources import Context, detect, otel
from tests.support.agent_calls import dossiers
from tests.support.recorded_agents import AGENTS, recorded_spans, truth

pytestmark = pytest.mark.skipif(not AGENTS.is_dir(), reason=f"no recorded traces at {AGENTS}")
EXPORTS = Path(__file__).parents[4] / "shared" / "data" / "agent" / "agentevals-dev_agentevals" / "samples"


def test_every_recorded_call_is_a_span_with_its_tool_or_a_hand_off() -> None:
    spans = recorded_spans()
    for call in truth():
        span = spans[call.uid]
        if call.verdict == "handoff":
            assert span.kind == "handoff", call
        else:
            assert (span.kind, span.tool) == ("tool", call.tool), call
            assert span.agent in ("", call.agent), call


def test_protobuf_and_json_of_one_request_are_read_alike() -> None:
    files = sorted((AGENTS / "raw").glob("*.binpb"))
    assert len(files) > 30
    for file in files:
        stream, number, _ = file.name.split(".")
        line = (AGENTS / f"{stream}.otlp.jsonl").read_bytes().splitlines()[int(number) - 1]
        body = file.read_bytes()
        assert detect(body) == "otel"
        assert otel.read(body, Context()) == otel.read(line, Context()), file.name


def test_a_cut_protobuf_request_is_one_reject() -> None:
    body = next(iter(sorted((AGENTS / "raw").glob("*.binpb")))).read_bytes()
    reading = otel.read(body[:-7], Context())
    assert not reading.activities and len(reading.rejects) == 1


def test_a_trace_exported_from_tempo_is_read() -> None:
    path = EXPORTS / "tempo_export_with_batches.json"
    if not path.is_file():
        pytest.skip(f"no sample at {path}")
    reading = otel.read(path.read_bytes(), Context())
    assert not reading.rejects
    acts = {(a.operation, a.identity) for a in reading.activities}
    assert ("execute_tool helm_list_releases", "") in acts
    assert any(operation == "invoke_agent helm_agent" for operation, _ in acts)


def test_a_call_in_a_trace_from_tempo_belongs_to_its_agent() -> None:
    path = EXPORTS / "tempo_export_with_batches.json"
    if not path.is_file():
        pytest.skip(f"no sample at {path}")
    dossier = dossiers(otel.read(path.read_bytes(), Context()).activities)["agent:helm_agent/helm_agent"]
    assert "agent:helm_agent/helm_agent\thelm_list_releases" in dossier.calls
    assert len(dossier.offered) == 10


@pytest.mark.parametrize("name", ["helm", "helm_2", "helm_3", "k8s"])
def test_a_trace_exported_from_jaeger_is_read(name: str) -> None:
    path = EXPORTS / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"no sample at {path}")
    body = path.read_bytes()
    assert detect(body) == "otel"
    reading = otel.read(body, Context())
    assert not reading.rejects
    assert len(reading.activities) == sum(len(trace["spans"]) for trace in json.loads(body)["data"])
    agents = {a.identity for a in reading.activities if a.operation.startswith("invoke_agent")}
    assert agents == ({"agent:k8s_agent/k8s_agent"} if name == "k8s" else {"agent:helm_agent/helm_agent"})


def test_a_call_in_a_jaeger_trace_belongs_to_its_agent() -> None:
    path = EXPORTS / "helm.json"
    if not path.is_file():
        pytest.skip(f"no sample at {path}")
    dossier = dossiers(otel.read(path.read_bytes(), Context()).activities)["agent:helm_agent/helm_agent"]
    assert "agent:helm_agent/helm_agent\thelm_list_releases" in dossier.calls
    assert len(dossier.offered) == 9
