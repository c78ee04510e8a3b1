"""The words in which frameworks and servers say that a tool was not run: there is none of that name, or its
arguments were refused before.

| words | who, source |
|---|---|
| unknown tool | MCP SDKs of Python, Go and C#, strands, smolagents, pydantic-ai |
| tool … not found, tool … disabled | MCP SDKs of TypeScript and Java, Haystack, LlamaIndex, Gemini CLI |
| no such tool available | Claude Code |
| requested function … not found | dotnet/extensions, microsoft/agent-framework (function invocation) |
| function … is not found in the tools_dict | google/adk-python, flows |
| … is not a valid tool, try one of | langchain-ai/langgraph, tool node |
| model tried to call unavailable tool | vercel/ai, NoSuchToolError |
| action '…' don't exist | crewAIInc/crewAI, tool usage |
| AuthorizeActionException | Amazon Bedrock AgentCore gateway, whose policy denied it |
| input validation error | MCP SDKs of TypeScript and Python, server |
| validation error for call[…], for …Arguments | FastMCP, the MCP SDK of Python: pydantic's words |

They are believed at the beginning of a message alone: what stands further on may quote anything.
"""

from __future__ import annotations

import re

_NAME = r"(?:\"[^\"\n]{1,120}\"|'[^'\n]{1,120}'|`[^`\n]{1,120}`|\S{1,120})"
_BEFORE = r"[\W_]*(?:tool_use_error\W+)?(?:Error:\s*)?(?:MCP error -?\d+:\s*)?"
UNKNOWN_TOOL = re.compile(
    _BEFORE + r"(?:AuthorizeActionException\b|unknown tool\b|no such tool\b|tool not found\b"
    rf"|tool (?:with name )?{_NAME} (?:was |is )?not found\b|tool {_NAME} (?:is )?disabled\b"
    rf"|requested function {_NAME} (?:could )?not (?:be )?found\b"
    rf"|function {_NAME} is not found in the tools_dict\b|{_NAME} is not a valid tool, try one of\b"
    rf"|model tried to call unavailable tool\b|action {_NAME} don'?t exist\b)",
    re.IGNORECASE,
)
INVALID_ARGUMENTS = re.compile(
    _BEFORE + r"(?:input validation error\b"
    rf"|(?:Error (?:calling|executing) tool {_NAME}:? )?\d+ validation errors? for "
    r"(?:call\[|\w{1,120}Arguments\b))",
    re.IGNORECASE,
)
