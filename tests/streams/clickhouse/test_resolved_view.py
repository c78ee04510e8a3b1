"""Activities can be asked by the identity that was learned later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from correlators.driver.normaliser import Normaliser, Record
from correlators.kernel.catalogue import controls
from correlators.kernel.correlator import Correlator
from correlators.kernel.routes.traces import Trace
from schemas.activity import Activity, Aliased, Known, Spanned
from schemas.fact import facts_of
from schemas.span import Span
from schemas.verdict import Clock
from streams.clickhouse.engine import Engine
from streams.clickhouse.sink import Origin, Sink, block
from tests.support import mcp, otlp
from tests.support.clickhouse import NOW, activity, empty, engine_over, lines, one, rows
from tests.support.recorded_agents import AGENTS
from tests.support.replayed import data

TOKEN, ENTITY, AGENT = "vault:prod:token/hmac-1", "vault:prod:entity/e1", "agent:host/triage"
ROLE = "aws:111122223333:role/triage"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with engine_over(Path(tmp_path_factory.mktemp("resolved")) / "clickhouse") as engine:
        yield engine


ASKED = "SELECT uid FROM activities_resolved WHERE resolved_identity = {who:String} ORDER BY uid"


@pytest.fixture(autouse=True)
def _emptied(engine: Engine) -> None:
    empty(engine)


def store(engine: Engine, *records: bytes) -> list[Activity]:
    """Normalises and stores the records, each in a batch of its own, as they would come one by one."""
    seen: list[Activity] = []
    normaliser = Normaliser(b"site", watch=seen.append)
    for offset, record in enumerate(records):
        normaliser.take(Record(record, offset=offset, arrived=NOW))
        body = b"\n".join(normaliser.drain().activities)
        Sink(engine).write("activities", [block("activities", None, body, Origin("a", 0, offset, NOW), 1)])
    return seen


def test_a_denied_token_is_found_under_the_identity_whose_alias_its_entity_is(engine: Engine) -> None:
    denied = Activity("denied", 10**15, "vault", "prod", credential=TOKEN, outcome="unauthenticated")
    known = Activity("login", 10**15 - 1, "vault", "prod", effects=(Known(TOKEN, ENTITY),))
    said = Activity("said", 10**15 - 2, "inventory", effects=(Aliased(ENTITY, AGENT),))
    correlator = Correlator(controls())
    for taught in (denied, known, said):
        correlator.take(facts_of(taught))
    settled = correlator.settle(Clock(10**15 + 10**9, {"vault": 10**15}))
    sink = Sink(engine)
    stored = [
        one("dossiers", body, n, key.encode())
        for n, (key, body) in enumerate(settled.dossiers.items())
        if body
    ]
    sink.write("dossiers", stored)
    row = activity(1, uid="denied", source="vault", identity="", credential=TOKEN, outcome="unauthenticated")
    sink.write("activities", [lines("activities", row)])
    assert rows(engine, ASKED, who=AGENT) == [("denied",)]


def test_a_tool_span_that_names_nobody_is_found_under_the_agent_above_it_that_came_later(
    engine: Engine,
) -> None:
    store(
        engine,
        otlp.export(otlp.tool(3, parent=2), otlp.span(2, parent=1)),
        otlp.export(otlp.agent(1, name="triage"), otlp.tool(9, parent=8)),
    )
    assert rows(engine, ASKED, who="agent:desk/triage") == [(otlp.uid(n),) for n in (1, 2, 3)]
    assert rows(engine, ASKED, who="") == [(otlp.uid(9),)]


def test_after_a_hand_off_the_nearest_agent_acts_whatever_name_the_span_inherited(engine: Engine) -> None:
    inherited = {"gen_ai.agent.name": "triage"}
    store(
        engine,
        otlp.export(otlp.tool(3, parent=2, attributes=inherited)),
        otlp.export(otlp.agent(2, parent=1, name="refunds")),
        otlp.export(otlp.agent(1, name="triage")),
    )
    assert rows(engine, ASKED, who="agent:desk/refunds") == [(otlp.uid(2),), (otlp.uid(3),)]


def test_parents_that_go_in_a_circle_are_nobodys(engine: Engine) -> None:
    store(engine, otlp.export(otlp.tool(1, parent=2), otlp.tool(2, parent=1)))
    assert rows(engine, ASKED, who="") == [(otlp.uid(1),), (otlp.uid(2),)]


def test_a_child_span_is_found_under_the_identity_whose_alias_its_agent_is(engine: Engine) -> None:
    store(engine, otlp.export(otlp.tool(2, parent=1)), otlp.export(otlp.agent(1, name="triage")))
    correlator = Correlator(controls())
    correlator.take(
        facts_of(Activity("said", 10**15, "inventory", effects=(Aliased("agent:desk/triage", ROLE),)))
    )
    settled = correlator.settle(Clock(10**15 + 10**9, {}))
    Sink(engine).write(
        "dossiers",
        [one("dossiers", body, n, key.encode()) for n, (key, body) in enumerate(settled.dossiers.items())],
    )
    assert rows(engine, ASKED, who=ROLE) == [(otlp.uid(1),), (otlp.uid(2),)]


def test_a_request_that_a_gateway_saw_and_its_answer_before_it_are_found_under_the_agent_whose_span_it_names(
    engine: Engine,
) -> None:
    above = {"traceparent": f"00-{otlp.TRACE}-{otlp.span_id(2)}-01"}
    asked, answered = (orjson.dumps(message) for message in (mcp.call(meta=above), mcp.returned()))
    spans = otlp.export(otlp.agent(1)), otlp.export(otlp.tool(2, 1))
    uids = {each.uid for each in store(engine, answered, asked, *spans)}
    assert len(uids) == 4
    assert rows(engine, ASKED, who="agent:desk/triage") == sorted((uid,) for uid in uids)


def test_an_answer_is_of_the_youngest_request_of_its_form_before_it_where_an_id_is_used_again(
    engine: Engine,
) -> None:
    above = {"traceparent": f"00-{otlp.TRACE}-{otlp.span_id(2)}-01"}
    messages = [
        mcp.call(number=7, at=5),
        mcp.returned(number=7, at=6),
        mcp.call(number=7, at=8, meta=above),
        mcp.request("tools/list", number=7, at=9),
        mcp.returned(number=7, at=10),
        mcp.returned(number=7, at=1),
    ]
    seen = store(engine, *(orjson.dumps(each) for each in reversed(messages)))[::-1]
    store(engine, otlp.export(otlp.tool(2, 1), otlp.agent(1)))
    mine = {seen[2].uid, seen[4].uid, otlp.uid(1), otlp.uid(2)}
    assert rows(engine, ASKED, who="agent:desk/triage") == sorted((uid,) for uid in mine)


@pytest.mark.slow
def test_of_every_recorded_run_the_view_and_the_correlators_name_the_same_agents(engine: Engine) -> None:
    data("agent/otlp_recorded")
    seen = store(engine, *(line for file in sorted(AGENTS.glob("*.otlp.jsonl")) for line in file.open("rb")))
    traces: dict[str, dict[str, Span]] = {}
    for one_seen in seen:
        for effect in one_seen.effects:
            if isinstance(effect, Spanned):
                traces.setdefault(effect.trace, {})[effect.span_id] = effect.span
    expected = {
        (one_seen.uid, Trace(trace, traces[trace]).agent(span_id) or one_seen.identity)
        for one_seen in seen
        for trace, _, span_id in (one_seen.uid.partition(":"),)
    }
    assert len(expected) > 500
    assert set(rows(engine, "SELECT uid, resolved_identity FROM activities_resolved")) == expected
