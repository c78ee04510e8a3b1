"""Which agent made which call, from spans that come in any order."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlators.kernel.knowledge.join import join
from correlators.kernel.routes.traces import calls_of, unattributed
from correlators.kernel.views.calls import endings, parted
from schemas.activity import Activity
from schemas.dossier import EMPTY, Calls, Dossier, Sightings
from schemas.evidence import Evidence
from schemas.fact import TRACE_PREFIX, facts_of
from schemas.sources import Context, otel
from schemas.verdict import Confidence
from tests.support.otlp import CLIENT, SERVER, activities, agent, export, span, tool, uid
from tests.support.recorded_agents import AGENTS, recorded

DESK = "agent:desk/triage"


def traces(many: list[Activity]) -> dict[str, Dossier]:
    known: dict[str, Dossier] = defaultdict(lambda: EMPTY)
    for activity in many:
        for key, fact in facts_of(activity):
            if key.startswith(TRACE_PREFIX):
                known[key] = join(known[key], fact)
    return known


def agents(many: list[Activity]) -> dict[str, Dossier]:
    """What all traces tell their agents."""
    dossiers: dict[str, Dossier] = defaultdict(lambda: EMPTY)
    for key, dossier in traces(many).items():
        for agent_key, fact in calls_of(key, dossier):
            dossiers[agent_key] = join(dossiers[agent_key], fact)
    return dict(dossiers)


def ended(many: list[Activity]) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """By agent and tool: (span, ending) of every call that counts."""
    return {
        parted(key): [(call.evidence.uid, call.ending) for call in endings(key, calls)]
        for dossier in agents(many).values()
        for key, calls in dossier.calls.items()
    }


def mcp(n: int, parent: int, name: str = "search", kind: int = CLIENT, **more: Any) -> dict[str, Any]:
    attributes = {"mcp.method.name": "tools/call", "gen_ai.tool.name": name} | more.pop("attributes", {})
    return span(n, parent, f"tools/call {name}", kind=kind, attributes=attributes, **more)


def test_a_call_belongs_to_the_nearest_agent_above_it() -> None:
    many = activities(
        agent(1, 0, "triage"),
        span(2, 1),
        agent(3, 2, "refunds"),
        span(4, 3),
        tool(5, 4, "refund"),
        tool(6, 2),
    )
    calls = ended(many)
    assert calls[("agent:desk/refunds", "refund")] == [(uid(5), "executed")]
    assert calls[(DESK, "search")] == [(uid(6), "executed")]


def test_the_service_of_a_call_is_that_of_its_agent() -> None:
    many = activities(agent(1)) + activities(mcp(2, 1, kind=SERVER), service="mcp-helpdesk")
    assert ended(many) == {(DESK, "search"): [(uid(2), "executed")]}


def test_a_call_is_not_told_before_its_chain_of_parents_is_known() -> None:
    many = activities(agent(1), span(2, 1), tool(3, 2))
    assert ended([many[0], many[2]]) == {}
    assert unattributed(next(iter(traces([many[0], many[2]]).values()))) == 1
    assert ended(many) == {(DESK, "search"): [(uid(3), "executed")]}
    assert unattributed(next(iter(traces(many).values()))) == 0


def test_a_tool_span_that_names_its_agent_is_told_at_once() -> None:
    (call,) = activities(tool(3, 2, attributes={"gen_ai.agent.name": "triage"}))
    assert ended([call]) == {(DESK, "search"): [(uid(3), "executed")]}


def test_a_name_that_was_inherited_from_another_agent_is_disowned() -> None:
    many = activities(
        agent(1, 0, "triage"),
        agent(2, 1, "refunds"),
        tool(3, 2, "refund", attributes={"gen_ai.agent.name": "triage"}),
    )
    assert ended(many[2:])[(DESK, "refund")] == [(uid(3), "executed")]
    calls = ended(many)
    assert calls[(DESK, "refund")] == []
    assert calls[("agent:desk/refunds", "refund")] == [(uid(3), "executed")]


def test_a_trace_without_an_agent_span_is_told_by_the_names_on_its_tool_spans() -> None:
    named = {"metadata": '{"lc_agent_name": "triage"}'}
    many = activities(
        span(1), tool(2, 1, attributes=named), tool(3, 2, "inner", attributes=named), tool(4, 1, "nobody's")
    )
    calls = ended(many)
    nobodys = {("agent:desk/", "nobody's"): [(uid(4), "executed")]}
    assert calls == {(DESK, "search"): [(uid(2), "executed")], (DESK, "inner"): []} | nobodys
    assert unattributed(next(iter(traces(many).values()))) == 1


def test_one_call_of_four_spans_is_one_call_with_its_mirrors() -> None:
    many = activities(
        agent(1),
        tool(2, 1, "github_search"),
        mcp(3, 2),
        span(4, 3, "MCP send tools/call search", kind=CLIENT),
    ) + activities(mcp(5, 4, kind=SERVER, attributes={"fastmcp.server.name": "github"}), service="mcp-github")
    (dossier,) = [d for key, d in agents(many).items() if key == DESK]
    (key,) = dossier.calls
    calls = dossier.calls[key]
    (call,) = endings(key, calls)
    assert parted(key) == (DESK, "github_search")
    assert calls.names == ("github_search", "search") and calls.servers == ("github",)
    assert call.evidence.uid == uid(2) and call.evidence.mirrors == (uid(3), uid(4), uid(5))
    assert call.evidence.actor == DESK and call.evidence.operation == "execute_tool github_search"


def test_an_agent_called_as_a_tool_makes_calls_of_its_own() -> None:
    many = activities(agent(1), tool(2, 1, "ask_refunds"), agent(3, 2, "refunds"), tool(4, 3, "refund"))
    calls = ended(many)
    assert calls[(DESK, "ask_refunds")] == [(uid(2), "executed")]
    assert calls[("agent:desk/refunds", "refund")] == [(uid(4), "executed")]
    assert all(
        not call.evidence.mirrors
        for d in agents(many).values()
        for k, c in d.calls.items()
        for call in endings(k, c)
    )


def test_parents_in_a_circle_are_nobodys() -> None:
    many = activities(tool(1, 2), span(2, 3), span(3, 2), tool(4, 4))
    assert ended(many) == {}
    assert unattributed(next(iter(traces(many).values()))) == 2


def test_a_chain_deeper_than_any_stack_is_followed() -> None:
    many = activities(agent(1), *(span(n, n - 1) for n in range(2, 5_000)), tool(5_000, 4_999))
    assert ended(many) == {(DESK, "search"): [(uid(5_000), "executed")]}


ERROR: dict[str, Any] = {"status": {"code": 2}}
OFFERS = {"gen_ai.agent.tools": '["search", "read"]'}


@pytest.mark.parametrize(
    ("spans", "ending"),
    [
        ([agent(1), tool(2, 1)], "executed"),
        ([agent(1), tool(2, 1, **ERROR)], "undecided"),
        ([agent(1, attributes=OFFERS), tool(2, 1, **ERROR)], "executed"),
        ([agent(1, attributes=OFFERS), tool(2, 1, "drop", **ERROR)], "refused"),
        ([agent(1, attributes=OFFERS), tool(2, 1, "drop")], "executed"),
        ([agent(1), tool(2, 1, status={"code": 2, "message": "Unknown tool: search"})], "refused"),
        (
            [agent(1, attributes=OFFERS), tool(2, 1, status={"code": 2, "message": "Unknown tool"})],
            "executed",
        ),
        ([agent(1), mcp(2, 1)], "executed"),
        ([agent(1), mcp(2, 1), mcp(3, 2, kind=SERVER, **ERROR)], "undecided"),
        ([agent(1), mcp(2, 1), mcp(3, 2, kind=SERVER)], "executed"),
        ([agent(1), tool(2, 1), mcp(3, 2, attributes={"error.type": "-32602"})], "refused"),
        ([agent(1), tool(2, 1, **ERROR), mcp(3, 2, kind=SERVER)], "executed"),
        (
            [
                agent(1),
                tool(2, 1),
                mcp(3, 2, attributes={"error.type": "401"}),
                mcp(4, 2),
                mcp(5, 4, kind=SERVER),
            ],
            "executed",
        ),
    ],
    ids=[
        "a span without error",
        "an error and no list",
        "an error of an offered tool",
        "an error of a tool not offered",
        "no error of a tool not offered",
        "a text that says unknown",
        "a text that says unknown of an offered tool",
        "sent only",
        "sent, and an error at the server",
        "sent and served",
        "swallowed by the framework, refused by the protocol",
        "served, and failed afterwards",
        "refused, then served",
    ],
)
def test_how_a_call_ended_is_what_all_its_spans_say_together(
    spans: list[dict[str, Any]], ending: str
) -> None:
    ((_, calls),) = ended(activities(*spans)).items()
    assert calls == [(uid(2), ending)]


def test_a_call_that_was_only_sent_is_told_with_less_confidence() -> None:
    ((key, calls),) = agents(activities(agent(1), mcp(2, 1)))[DESK].calls.items()
    assert [call.confidence for call in endings(key, calls)] == [Confidence.MEDIUM]


def test_where_a_contradiction_may_have_been_let_go_a_call_is_told_with_little_confidence() -> None:
    first, second = (Sightings((Evidence(n, f"t:{n}", "otel"),), n == 1) for n in (1, 2))
    calls = list(endings(f"{DESK}\tsearch", Calls(channels={"denied": first, "executed": second})))
    assert [(call.ending, call.confidence) for call in calls] == [
        ("refused", Confidence.HIGH),
        ("executed", Confidence.LOW),
    ]


def test_a_list_offered_in_another_agents_span_says_nothing_of_this_agents_call() -> None:
    many = activities(agent(1, attributes=OFFERS), agent(2, 1, "refunds"), tool(3, 2, "drop", **ERROR))
    assert ended(many)[("agent:desk/refunds", "drop")] == [(uid(3), "undecided")]


def test_an_agent_without_any_tool_span_is_seen_all_the_same() -> None:
    (dossier,) = agents(activities(agent(1, attributes=OFFERS))).values()
    assert dossier.seen and dossier.seen.uid == uid(1) and not dossier.calls
    assert [parted(key) for key in dossier.offered] == [(DESK, "read"), (DESK, "search")]


def test_hand_offs_and_agents_below_agents_are_told_to_the_one_that_delegates() -> None:
    handoff = span(2, 1, "handoff to refunds", attributes={"openinference.span.kind": "TOOL"})
    many = activities(agent(1), handoff, agent(3, 1, "billing"), agent(4, 1, "triage"))
    calls = agents(many)[DESK].calls
    assert {parted(key)[1]: (c.handoff, c.names) for key, c in calls.items()} == {
        "refunds": (True, ("refunds",)),
        "billing": (True, ("agent:desk/billing", "billing")),
    }


@pytest.mark.skipif(not AGENTS.is_dir(), reason=f"no recorded traces at {AGENTS}")
def test_every_recorded_tool_span_belongs_to_a_call() -> None:
    assert sum(unattributed(dossier) for dossier in traces(list(recorded())).values()) == 0


SHAPE = st.lists(
    st.tuples(
        st.sampled_from(["agent", "tool", "named", "client", "server", "other", "chat"]),
        st.integers(0, 12),
        st.booleans(),
    ),
    max_size=12,
)


def drawn(n: int, kind: str, parent: int, error: bool) -> dict[str, Any]:
    status = {"code": 2 if error else 0}
    match kind:
        case "agent":
            return agent(n, parent, f"a{n % 3}", status=status)
        case "tool":
            return tool(n, parent, f"t{n % 2}", status=status)
        case "named":
            return tool(n, parent, f"t{n % 2}", status=status, attributes={"gen_ai.agent.name": f"a{n % 3}"})
        case "chat":
            return span(n, parent, attributes={"gen_ai.agent.tools": '["t1"]' if error else '["t0", "t1"]'})
        case "client" | "server":
            return mcp(n, parent, kind=CLIENT if kind == "client" else SERVER, status=status)
    return span(n, parent)


@given(SHAPE, st.data())
@settings(max_examples=300, deadline=None)
def test_more_spans_only_ever_add_to_what_was_told(
    shape: list[tuple[str, int, bool]], data: st.DataObject
) -> None:
    many = activities(*(drawn(n, *parts) for n, parts in enumerate(shape, 1)))
    order = data.draw(st.permutations(many))
    final = agents(many)
    for known in range(len(order)):
        for key, dossier in agents(list(order[:known])).items():
            assert join(final[key], dossier) is final[key], "told, and later taken back"


@pytest.mark.skipif(not AGENTS.is_dir(), reason=f"no recorded traces at {AGENTS}")
@given(st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_recorded_traces_in_any_order_twice_and_in_pieces_tell_the_same(chance: random.Random) -> None:
    many = [*recorded(), *chance.sample(recorded(), 100)]
    chance.shuffle(many)
    pieces: dict[str, Dossier] = defaultdict(lambda: EMPTY)
    dossiers: dict[str, Dossier] = defaultdict(lambda: EMPTY)
    size = chance.randint(20, 300)
    for start in range(0, len(many), size):
        touched = set()
        for activity in many[start : start + size]:
            for key, fact in facts_of(activity):
                if key.startswith(TRACE_PREFIX):
                    pieces[key] = join(pieces[key], fact)
                    touched.add(key)
        for key in touched:
            for agent_key, fact in calls_of(key, pieces[key]):
                dossiers[agent_key] = join(dossiers[agent_key], fact)
    assert dict(dossiers) == agents(list(recorded()))


def scoped(scope: str, *spans: dict[str, Any], service: str = "desk") -> list[Activity]:
    return otel.read(export(*spans, service=service, scope=scope), Context()).activities


def test_a_services_own_call_is_told_of_it_whatever_stands_above() -> None:
    above = scoped("s", agent(1, name="trusted"), service="other")
    own = scoped("s", tool(2, 1, "rm", attributes={"gen_ai.agent.name": "bot7"}), service="svc")
    calls = ended([*above, *own])
    assert calls[("agent:svc/bot7", "rm")] == [(uid(2), "executed")]
    assert calls[("agent:other/trusted", "rm")] == [(uid(2), "executed")]
    nameless = scoped("s", tool(2, 1, "rm"), service="svc")
    assert ended([*above, *nameless])[("agent:svc/", "rm")] == [(uid(2), "executed")]


def test_a_servers_span_of_mcp_is_one_end_of_the_call_above_it() -> None:
    served = scoped("s", mcp(2, 1, "rm", kind=SERVER), service="gateway")
    assert ended([*scoped("s", agent(1)), *served]) == {(DESK, "rm"): [(uid(2), "executed")]}


def test_a_step_of_the_framework_is_no_call_unless_a_server_serves_it() -> None:
    smol = "openinference.instrumentation.smolagents"
    attributes = {"openinference.span.kind": "TOOL", "tool.name": "final_answer"}
    step = span(2, 1, "FinalAnswerTool", attributes=attributes)
    assert ended([*scoped("s", agent(1)), *scoped(smol, step)]) == {}
    own = span(2, 1, "SimpleTool", attributes=attributes)
    assert (DESK, "final_answer") in ended([*scoped("s", agent(1)), *scoped(smol, own)])
    served = scoped("s", mcp(3, 2, "final_answer"))
    assert (DESK, "final_answer") in ended([*scoped("s", agent(1)), *scoped(smol, step), *served])


LANGCHAIN = "opentelemetry.instrumentation.langchain"


def test_a_transfer_that_an_agent_took_over_is_a_hand_off() -> None:
    transfer = scoped(LANGCHAIN, span(1), agent(2, 1), tool(3, 2, "transfer_to_refunds"))
    assert ended(transfer)[(DESK, "transfer_to_refunds")] == [(uid(3), "transferring")]
    calls = ended([*transfer, *scoped(LANGCHAIN, agent(4, 1, "refunds", at=1))])
    assert calls[(DESK, "transfer_to_refunds")] == []
    assert calls[(DESK, "refunds")] == [(uid(3), "executed")]
    served = ended([*transfer, *scoped(LANGCHAIN, agent(4, 1, "refunds", at=1)), *scoped("s", mcp(5, 3))])
    assert served[(DESK, "transfer_to_refunds")] == [(uid(3), "executed")]


def test_an_agent_below_a_tool_belongs_to_it() -> None:
    calls = ended(activities(agent(1), tool(2, 1, "ask"), agent(3, 2, "translator"), tool(4, 3, "rm")))
    assert (DESK, "translator") not in calls
    assert calls[("agent:desk/translator", "rm")] == [(uid(4), "executed")]
    assert (DESK, "translator") in ended(activities(agent(1), agent(3, 1, "translator")))


def test_answers_merged_stand_beside_their_calls_or_for_calls_that_are_not_on_record() -> None:
    adk = "gcp.vertex.agent"
    merged = tool(2, 1, "(merged tools)")
    calls = ended([*scoped(adk, agent(1), merged)])
    assert calls[(DESK, "(merged tools)")] == [(uid(2), "hidden")]
    calls = ended([*scoped(adk, agent(1), merged, tool(3, 1, "a"), tool(4, 1, "b"))])
    assert calls[(DESK, "(merged tools)")] == []


def test_an_error_of_a_hand_off_that_was_taken_is_none() -> None:
    error = {"code": 2, "message": "x"}
    attributes = {"gen_ai.operation.name": "handoff", "gen_ai.handoff.to_agent": "refunds"}
    handoff = span(3, 2, "handoff", attributes=attributes, status=error)
    many = activities(span(1), agent(2, 1), handoff)
    assert ended(many)[(DESK, "refunds")] == [(uid(3), "undecided")]
    many += activities(agent(4, 1, "refunds", at=1))
    assert ended(many)[(DESK, "refunds")] == [(uid(3), "executed")]
