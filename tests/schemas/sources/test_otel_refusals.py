"""In which words it is said that a tool was not run, and that a message which only resembles them is none."""

from __future__ import annotations

import pytest

from schemas.sources.otel.refusals import INVALID_ARGUMENTS, UNKNOWN_TOOL


@pytest.mark.parametrize(
    "text",
    [
        "Unknown tool: rm",
        'unknown tool "rm"',
        "MCP error -32602: Tool rm not found",
        "MCP error -32602: Tool rm disabled",
        "Tool 'delete repo' not found. Available tools: search",
        'Tool "rm" not found in registry.',
        "Tool with name rm not found",
        "<tool_use_error>Error: No such tool available: rm</tool_use_error>",
        'Error: Requested function "rm" not found.',
        "Function rm is not found in the tools_dict.",
        "Error: rm is not a valid tool, try one of [search].",
        "Model tried to call unavailable tool 'rm'. Available tools: search.",
        "Action 'rm' don't exist, these are the only available Actions:",
    ],
)
def test_there_is_no_such_tool(text: str) -> None:
    assert UNKNOWN_TOOL.match(text)


@pytest.mark.parametrize(
    "text",
    [
        "The requested file was not found",
        "repository not found",
        "deleted; unknown tool: rm",
        "Tool calls are disabled for this repository",
        "function not found",
        "rm is not a valid path",
    ],
)
def test_a_tools_own_message_is_no_such_word(text: str) -> None:
    assert not UNKNOWN_TOOL.match(text)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("Input validation error: 'n' is a required property", True),
        ("MCP error -32602: Input validation error: Invalid arguments for tool rm", True),
        ("1 validation error for call[rm]\nn\n  Missing required argument", True),
        ("Error executing tool rm: 2 validation errors for rmArguments\nn", True),
        ("Error executing tool rm: 1 validation error for Repository\nname", False),
        ("Error executing tool rm: disk full", False),
    ],
)
def test_arguments_are_refused_before_a_tool_runs(text: str, refused: bool) -> None:
    assert bool(INVALID_ARGUMENTS.match(text)) is refused
