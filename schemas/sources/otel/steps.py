"""Steps: what frameworks do themselves in the form of a tool, by the instrumentation that writes the span and
the tool's class (or its name, where the framework reserves it).

A step reaches nothing outside the run, a transfer moves it to another agent. Neither is believed by a name
alone: a tool of the same name from another scope, or one that a server serves, is a tool.

| scope | what | source |
|---|---|---|
| smolagents | class ``FinalAnswerTool``, the span's name | huggingface/smolagents, default_tools.py |
| Google ADK | ``gen_ai.tool.type`` ``SetModelResponseTool`` | google/adk-python, tools |
| LangChain | ``transfer_to_`` and the agent | langchain-ai/langgraph-supervisor-py, handoff.py |
| crewAI | ``Delegate work to coworker``, ``Ask question to coworker`` | crewAIInc/crewAI, tools/agent_tools |
| Claude Agent SDK | ``Agent`` (before: ``Task``), ``subagent_type`` | Claude Agent SDK, subagents |
| strands | ``handoff_to_agent``, ``agent_name`` | strands-agents/sdk-python, multiagent/swarm.py |
| AutoGen | ``transfer_to_`` and the agent, in small letters | microsoft/autogen, agentchat/base/_handoff.py |
| Semantic Kernel | ``Handoff-transfer_to_`` and the agent | microsoft/semantic-kernel, agents/orchestration |
| Semantic Kernel | ``Handoff-complete_task`` | the same, handoffs.py |
| pydantic-ai, in messages | ``final_result``, the form of its answer | pydantic/pydantic-ai, _output.py |
| OpenAI Agents, LangChain: messages | ``transfer_to_`` and the agent | openai/openai-agents-python |
| agent-framework | ``handoff_to_`` and the agent | microsoft/agent-framework, orchestrations |
| coding agents' events | plan mode, to-do lists, questions to its user | Claude Code, tools reference |
"""

from __future__ import annotations

from schemas.sources.otel.raw import RawLog, RawSpan
from schemas.sources.otel.tools import decoded

SMOLAGENTS = "openinference.instrumentation.smolagents"
ADK = "gcp.vertex.agent"
LANGCHAIN = ("openinference.instrumentation.langchain", "opentelemetry.instrumentation.langchain")
CREWAI = "openinference.instrumentation.crewai"
CLAUDE_SDK = "openinference.instrumentation.claude_agent_sdk"
STRANDS = "strands.telemetry.tracer"
AUTOGEN = "autogen-core"
SEMANTIC_KERNEL = "semantic_kernel.functions.kernel_function"
CLAUDE_CODE_EVENTS = "com.anthropic.claude_code.events"

PYDANTIC_AI = "pydantic-ai"
AGENT_FRAMEWORK = "agent_framework"
OPENAI_AGENTS = (
    "openinference.instrumentation.openai_agents",
    "opentelemetry.instrumentation.openai_agents",
)

STRANDS_TRANSFER = "handoff_to_agent"
TRANSFER = "transfer_to_"
PREFIXES = {
    **dict.fromkeys((*LANGCHAIN, AUTOGEN), TRANSFER),
    SEMANTIC_KERNEL: f"Handoff-{TRANSFER}",
    AGENT_FRAMEWORK: "handoff_to_",
}
"""By scope, how the names of a framework's transfers begin; the rest is the agent."""
ANSWER_FORM = "final_result"
COWORKERS = frozenset({"Delegate work to coworker", "Ask question to coworker"})
SUBAGENTS = frozenset({"Agent", "Task"})

GUARDS = frozenset({"guardrail", "guardrail_check", "apply_guardrail"})

CLAUDE_CODE_STEPS = frozenset({
    "TodoWrite", "TaskCreate", "TaskGet", "TaskList", "TaskUpdate", "EnterPlanMode", "ExitPlanMode",
    "AskUserQuestion", "ToolSearch", "TaskOutput", "TaskStop", "BashOutput", "KillShell",
})  # fmt: skip
"""Tools that are built in, keep the list of what is to be done, speak with the user, or read and stop a
background task that the session itself started, and need no permission or ask for it themselves ("Tools
reference"); a server's tools have names that begin with ``mcp__``."""


RENAMED: dict[str, tuple[frozenset[str], ...]] = {
    "claude_code": (SUBAGENTS,),
    "gemini_cli": (frozenset({"grep_search", "search_file_content"}),),
}
"""By product, the names that one tool of its own has had (Claude Code, tools reference: ``Agent``, before
``Task``; google-gemini/gemini-cli, packages/core/src/tools/tool-names.ts: legacy aliases)."""


def also_called(event: str, tool: str) -> tuple[str, ...]:
    """Returns the other names of a product's own tool. ``event``: the name of its event or span, which begins
    with the product's."""
    many = RENAMED.get(event.partition(".")[0], ())
    return tuple(sorted(name for names in many if tool in names for name in names if name != tool))


STEPS_OF_LOGS = {
    CLAUDE_CODE_EVENTS: CLAUDE_CODE_STEPS,
    "codex_otel": frozenset({
        "update_plan", "request_user_input", "wait", "wait_agent", "close_agent",
    }),
    "gemini-cli": frozenset({
        "write_todos", "ask_user", "enter_plan_mode", "exit_plan_mode", "complete_task",
    }),
    "copilot-chat": frozenset({"manage_todo_list", "think"}),
}  # fmt: skip
"""The same of other coding agents (to wait for a subagent that was started, to close it, to hand in its
result; to start one is a tool), by the scope of their events (openai/codex, core/src/tools; google-gemini/
gemini-cli, packages/core/src/tools; microsoft/vscode-copilot-chat, tool names)."""
SERVED = ("mcp_server_name", "mcp_server", "extension_name")
"""What a server or an extension serves is a tool, whatever it is called."""


def is_step(raw: RawSpan, tool: str) -> bool:
    """Says whether the span is a step of the framework."""
    if raw.scope == SMOLAGENTS:
        return tool == "final_answer" and raw.name == "FinalAnswerTool"
    if raw.scope == SEMANTIC_KERNEL:
        return tool == "Handoff-complete_task"
    return raw.scope == ADK and raw.text("gen_ai.tool.type") == "SetModelResponseTool"


def is_guardrail(raw: RawSpan) -> bool:
    """Says whether the span is that of a guardrail: an agent that runs in it judges, and takes nothing
    over."""
    marks = (raw.text("openinference.span.kind"), raw.text("langfuse.observation.type"))
    operation = raw.text("gen_ai.operation.name")
    return "guardrail" in (mark.lower() for mark in marks) or operation in GUARDS


def is_step_of_log(log: RawLog, tool: str) -> bool:
    """Says whether the event tells a step of the product."""
    return tool in STEPS_OF_LOGS.get(log.scope, ()) and not log.text(*SERVED)


def is_form_of_log(log: RawLog, tool: str) -> bool:
    """Says whether a message asks for what the framework itself gives to a model beside its tools."""
    return _is_form(log.scope, tool)


def _is_form(scope: str, tool: str) -> bool:
    """Whether it is the form of an answer, or a hand-off. Of another scope it is a tool like any other."""
    if scope == PYDANTIC_AI:
        return tool == ANSWER_FORM or tool.startswith(f"{ANSWER_FORM}_")
    prefix = TRANSFER if scope in OPENAI_AGENTS else PREFIXES.get(scope, "")
    return bool(prefix) and tool.startswith(prefix)


OWN = {
    SMOLAGENTS: frozenset({"final_answer"}),
    ADK: frozenset({"transfer_to_agent", "set_model_response"}),
    CREWAI: COWORKERS,
    CLAUDE_SDK: SUBAGENTS,
    STRANDS: frozenset({STRANDS_TRANSFER}),
    SEMANTIC_KERNEL: frozenset({"Handoff-complete_task"}),
}
"""What a framework offers beside the tools, by names that it reserves."""


def own_of(raw: RawSpan, offered: tuple[str, ...] | None) -> tuple[str, ...]:
    """Returns, of the names that were offered, those of the framework itself: they are no part of what is
    approved. A call of one is judged by its class."""
    own = OWN.get(raw.scope, frozenset())
    return tuple(name for name in offered or () if name in own or _is_form(raw.scope, name))


def transfer_of(raw: RawSpan, tool: str) -> str:
    """Returns the agent to which a tool of the framework hands over; "" for any other tool, or where it is
    not told."""
    prefix = PREFIXES.get(raw.scope, "")
    if prefix and tool.startswith(prefix):
        return tool.removeprefix(prefix)
    if raw.scope.startswith(CREWAI) and tool in COWORKERS:
        return _argument(raw, "input.value", "coworker")
    if raw.scope == CLAUDE_SDK and tool in SUBAGENTS:
        return _argument(raw, "tool.parameters", "subagent_type") or _argument(
            raw, "input.value", "subagent_type"
        )
    if raw.scope == STRANDS and tool == STRANDS_TRANSFER:
        return _argument(raw, "gen_ai.tool.call.arguments", "agent_name")
    return ""


def names_nobody(raw: RawSpan, tool: str) -> bool:
    """Says whether it is a swarm's hand-over whose arguments, which name the agent, stand in an event of the
    span: they are not read."""
    return raw.scope == STRANDS and tool == STRANDS_TRANSFER and not transfer_of(raw, tool)


def is_unnamed_subagent(raw: RawSpan, name: str) -> bool:
    """Returns the Claude Agent SDK's instrumentation gives to every subagent the name of the tool that runs
    it: which one it is stands in the tool's arguments."""
    return raw.scope == CLAUDE_SDK and name in SUBAGENTS


def _argument(raw: RawSpan, key: str, name: str) -> str:
    arguments = decoded(raw.attributes.get(key))
    value = arguments.get(name) if isinstance(arguments, dict) else None
    return value if isinstance(value, str) else ""
