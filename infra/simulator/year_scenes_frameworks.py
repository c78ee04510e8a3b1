"""Scenes of an agent framework's own steps in the form of tools."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.simulator.cases import CONTRADICTION
from infra.simulator.chance import Chance
from infra.simulator.year_scenes import Entry, Scene, Who, declared
from infra.simulator.year_stage import uuid_of

ADK = "scene-adk"
STEP = "set_model_response"
"""The tool with which ADK itself collects an answer in a form."""


def _writer(name: str) -> Who:
    key = f"agent:{ADK}-{name}/writer"
    return Who(key, key, declared=(declared(key, kind="agent", tools=[{"name": "fetch_notes"}]),))


def _sets_another(name: str) -> Who:
    return _writer(name)._replace(subject=f"{_writer(name).identity} {STEP}")


def _run(name: str, at: str, mark: str, *tools: tuple[str, str]) -> Entry:
    """A run of Google's Agent Development Kit with these tools, by name and class (google/adk-python,
    telemetry/tracing.py: ``gen_ai.tool.type`` is the class)."""
    chance = Chance(f"{name}/{at}")
    trace = uuid_of(chance).replace("-", "")
    ids = [uuid_of(chance).replace("-", "")[:16] for _ in range(len(tools) + 1)]

    def span(time: int, n: int, operation: str, **said: str) -> dict[str, Any]:
        listed = {
            "gen_ai.operation.name": operation,
            **{f"gen_ai.{k.replace('_', '.')}": v for k, v in said.items()},
        }
        return {
            "traceId": trace, "spanId": ids[n], "parentSpanId": ids[0] if n else "",
            "name": f"{operation} {next(iter(said.values()))}", "kind": 1,
            "startTimeUnixNano": str((time + n * 1_000) * 1_000),
            "endTimeUnixNano": str((time + n * 1_000 + (0 if n else 900_000)) * 1_000),
            "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in listed.items()],
        }  # fmt: skip

    def record(time: int) -> dict[str, Any]:
        spans = [span(time, 0, "invoke_agent", agent_name="writer")]
        spans += [
            span(time, n, "execute_tool", tool_name=tool, tool_type=kind)
            for n, (tool, kind) in enumerate(tools, 1)
        ]
        service = {"key": "service.name", "value": {"stringValue": f"{ADK}-{name}"}}
        scope = {"scope": {"name": "gcp.vertex.agent"}, "spans": spans}
        return {"resourceSpans": [{"resource": {"attributes": [service]}, "scopeSpans": [scope]}]}

    return Entry(at, f"{trace}:{ids[-1]}", record, mark)


def _answers_in_a_form(name: str, chance: Chance) -> Iterator[Entry]:
    for hour in (9, 10, 11):
        yield _run(
            name, f"{hour:02}:00:00", "", ("fetch_notes", "FunctionTool"), (STEP, "SetModelResponseTool")
        )


def _own_tool_of_the_name(name: str, chance: Chance) -> Iterator[Entry]:
    yield from _answers_in_a_form(name, chance)
    yield _run(name, "12:00:00", CONTRADICTION, ("fetch_notes", "FunctionTool"), (STEP, "FunctionTool"))


FRAMEWORKS: tuple[Scene, ...] = (
    Scene(
        "framework_collects_the_answer",
        "a framework collects the answer in a form by a tool of its own",
        "agent", source="otel", expects="silence", about="identity", folder="otel", who=_writer,
        entries=_answers_in_a_form,
    ),
    Scene(
        "own_tool_of_a_steps_name",
        "the same, and a tool of the user's own bears the name of the framework's",
        "agent", control="tool_outside_catalog", severity="high", source="otel", folder="otel",
        who=_sets_another, entries=_own_tool_of_the_name,
    ),
)  # fmt: skip
