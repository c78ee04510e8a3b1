"""Offered tools: the names that a span says were given to the model, wherever an instrumentation writes
them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from schemas.sources.otel.raw import FUNCTIONS, RawSpan
from schemas.span import bounded

OFFERED_MAX = 1_000
"""More names than a model can be given. A list that is cut would make an offered tool look refused, so a
longer one is no list."""

_LISTS = ("gen_ai.tool.definitions", "gen_ai.agent.tools", "crewai.agent.tools", "agent.tools")


def offered_by(raw: RawSpan) -> tuple[str, ...] | None:
    """Returns the sorted names of the tools offered; None where the span says nothing of it (or its list was
    cut off in transport)."""
    lists: list[Iterable[str]] = []
    for key in _LISTS:
        value = decoded(raw.attributes.get(key))
        if isinstance(value, list):
            lists.append(_names(value))
    parameters = decoded(raw.attributes.get("model_request_parameters"))
    if isinstance(parameters, dict) and isinstance(parameters.get("function_tools"), list):
        lists.append(_names(parameters["function_tools"]))
        lists.append(_names(parameters.get("output_tools")))
    request = decoded(raw.attributes.get("gcp.vertex.agent.llm_request"))
    config = request.get("config") if isinstance(request, dict) else None
    if isinstance(config, dict) and isinstance(config.get("tools"), list):
        lists.append(_names(config["tools"]))
    prompted = raw.attributes.get("ai.prompt.tools")
    if isinstance(prompted, list):
        lists.append(_names(map(decoded, prompted)))
    numbered = [v for k, v in raw.attributes.items() if k.startswith("llm.tools.")]
    if numbered:
        lists.append(_names(map(decoded, numbered)))
    functions = [v for k, v in raw.attributes.items() if k.startswith(FUNCTIONS) and isinstance(v, str)]
    if functions:
        lists.append(functions)
    if not lists:
        return None
    names = sorted({bounded(name) for names in lists for name in names})
    return tuple(names) if len(names) <= OFFERED_MAX else None


def _names(tools: Any, inside: bool = False) -> Iterator[str]:
    """A tool is a name, or an object that has one, or one that wraps tools (``function_declarations``,
    ``function``, ``toolSpec``)."""
    if not isinstance(tools, Iterable) or isinstance(tools, str | dict):
        return
    for tool in tools:
        if isinstance(tool, str) and tool:
            yield tool
        elif isinstance(tool, dict):
            inner = tool.get("function") or tool.get("toolSpec") or tool
            name = inner.get("name") if isinstance(inner, dict) else None
            if isinstance(name, str) and name:
                yield name
            wrapped = tool.get("function_declarations") or tool.get("functionDeclarations")
            if wrapped and not inside:
                yield from _names(wrapped, inside=True)


def decoded(value: object) -> Any:
    """Returns the JSON inside a text attribute, decoded; other values as they are; None for text that is no
    whole JSON (cut by an attribute limit)."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
