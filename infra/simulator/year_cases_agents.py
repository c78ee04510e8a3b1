"""The cases of agents."""

from __future__ import annotations

from infra.simulator.cases import CONTRADICTION, PROOF, Status, Step
from infra.simulator.year_case import MORE, YearCase


def _agent(name: str, says: str, *steps: Step, **more: object) -> YearCase:
    return YearCase(name, says, "agent", steps, source="otel", **more)  # type: ignore[arg-type]


AGENTS = (
    _agent(
        "unapproved_tool", "an agent executes a tool that nobody approved",
        Step("09:00:00", "agent", "call", "wipe_disk", CONTRADICTION),
        Step("11:00:00", "agent", "call", "wipe_disk", CONTRADICTION),
        control="tool_outside_catalog", severity="high", credential="wipe_disk",
    ),
    _agent(
        "unapproved_tool_over_mcp", "an unapproved tool of an MCP server: client's and server's span are "
                                    "one call",
        Step("09:00:00", "agent", "call_over_mcp", "drop_table", CONTRADICTION),
        control="tool_outside_catalog", severity="high", credential="drop_table",
    ),
    _agent(
        "unapproved_delegate", "an agent hands over to one that is not its delegate",
        Step("09:00:00", "agent", "hand_over", "stranger", CONTRADICTION),
        control="tool_outside_catalog", severity="medium", credential="-> stranger",
    ),
    _agent(
        "decommissioned_agent_runs", "the inventory let go of the agent the day before",
        Step("09:00:00", "agent", "run", mark=CONTRADICTION),
        Step("12:00:00", "agent", "run", mark=CONTRADICTION),
        control="inactive_identity_active", severity="high", about="identity",
        statuses=(Status("agent", "decommissioned", "-1+00:00:00"),),
    ),
    _agent(
        "offered_beyond_approval", "a plugin offers a tool that nobody approved, and nobody calls it",
        Step("09:00:00", "agent", "offered", "wipe_disk", CONTRADICTION),
        control="tools_beyond_approval", severity="low", about="identity",
    ),
    _agent(
        "acts_after_its_window", "an agent runs on after the end of its window",
        Step("09:00:00", "agent", "run", mark=CONTRADICTION),
        Step("12:00:00", "agent", "call", "also", MORE),
        control="agent_outside_window", severity="high", about="identity", window="08:00:00",
    ),
    _agent(
        "acts_inside_its_window", "an agent ends its work before its window does",
        Step("09:00:00", "agent", "run"),
        Step("12:00:00", "agent", "call", "also"),
        expects="silence", about="identity", window="13:00:00",
    ),
    _agent(
        "unknown_tool_refused", "the model makes up a tool, and the framework refuses it",
        Step("09:00:00", "agent", "call_refused", "make_coffee", PROOF),
        control="tool_outside_catalog", expects="proof", credential="make_coffee",
    ),
    _agent(
        "approved_under_another_name", "an approved tool under the name that its framework gives it",
        Step("09:00:00", "agent", "call", "also"),
        expects="silence", about="identity", goes_on=True,
    ),
    _agent(
        "approved_delegate", "a hand-over to a declared delegate",
        Step("09:00:00", "agent", "hand_over", "delegate"),
        expects="silence", about="identity", goes_on=True,
    ),
    _agent(
        "clock_ahead", "a run that began in time by the right clock; the host's is a second and a half ahead",
        Step("23:59:59.9", "agent", "run_ahead"),
        expects="silence", about="identity",
        statuses=(Status("agent", "decommissioned", "1+00:00:00"),),
    ),
)  # fmt: skip
