"""Tools beyond approval: definitions that are not the approved ones, and offers that nobody approved."""

from __future__ import annotations

from typing import Any

import pytest

from correlators.kernel.knowledge.fullness import LISTS_MARK, marked
from correlators.kernel.knowledge.join import LISTS_MAX, join
from correlators.kernel.views.offers import list_key
from correlators.kernel.views.tool_table import ToolRow, tool_table
from correlators.kernel.views.view import View
from schemas.activity import Activity
from schemas.dossier import Dossier, Listed, Sightings
from schemas.evidence import Evidence, iso
from schemas.naming import spoken
from schemas.sources import Context, otel
from schemas.sources.mcp.definitions import digest_of
from schemas.verdict import Clock, Confidence, Severity, Verdict
from tests.support.mcp import activities, record
from tests.support.otlp import T0, export
from tests.support.otlp import agent as agent_span
from tests.support.otlp import tool as tool_span
from tests.support.scenario import every_way, run
from tests.support.tool_lists import (
    DESK,
    DROP,
    EVIL,
    GOOD,
    START,
    SWAP,
    US,
    approves,
    at,
    calls,
    exact,
    lists,
)

NAME = "tools_beyond_approval"
CLOCK = Clock(START + 7_200_000_000, {"mcp": START + 7_200_000_000, "otel": START + 7_200_000_000})


def judged(records: list[Activity], *messages: dict[str, Any]) -> dict[str, Verdict]:
    """The standing verdicts of this control by the last word of their subject, the same whatever the
    order."""
    world = every_way([*records, *activities(*messages)], CLOCK)
    found = [r.verdict for r in world.last.values() if r.verdict and r.verdict.control == NAME]
    return {v.subject.removeprefix(DESK).strip(): v for v in found}


def replayed(records: list[Activity], *messages: dict[str, Any]) -> dict[str, Verdict]:
    """As ``judged``, in one order, long after."""
    world = run([*records, *activities(*messages)], Clock(START + 10**14, {"mcp": START + 10**14}))
    found = [r.verdict for r in world.last.values() if r.verdict and r.verdict.control == NAME]
    return {v.subject.removeprefix(DESK).strip(): v for v in found}


DEFINITION = "storage search definition"


def test_a_call_by_another_definition_than_the_approved_one_is_told_with_who_changed_it_and_when() -> None:
    found = judged([approves(*exact(GOOD))], *SWAP)
    verdict = found[DEFINITION]
    assert (verdict.value, verdict.severity, verdict.confidence) == (
        "violated",
        Severity.HIGH,
        Confidence.HIGH,
    )
    assert verdict.title == f"{spoken(DESK)} called search by a definition that is not the approved one"
    assert [iso(e.time) for e in verdict.evidence] == [at(23)]
    assert f"storage shows {digest_of(EVIL)} since {at(21)}" in verdict.reason
    assert f"which showed the approved one last at {at(1)}" in verdict.reason
    assert [e.source for e in verdict.claim] == ["inventory", "mcp"]


def silent(found: dict[str, Verdict], value: str = "proven") -> bool:
    return found[DEFINITION].value == value and found[DEFINITION].severity is None


def test_a_server_that_orders_its_fields_otherwise_or_breaks_its_lines_shows_the_same_definition() -> None:
    same = {
        "inputSchema": {"type": "object"},
        "description": "Search\n  the docs.",
        "name": "search",
        "icons": [{"src": "data:,"}],
    }
    assert silent(judged([approves(*exact(GOOD))], *lists(0, GOOD), *lists(20, same), *calls(23)))
    assert not silent(judged([approves(*exact(GOOD))], *lists(0, GOOD), *lists(20, EVIL), *calls(23)))


def test_what_another_agent_was_shown_is_nothing_of_this_ones() -> None:
    other = {"agent": "other", "session": "s2"}
    assert silent(judged([approves(*exact(GOOD))], *lists(0, GOOD), *lists(20, EVIL, **other), *calls(23)))


def test_what_another_client_of_the_agent_was_shown_is_an_offer_and_nothing_that_was_called_by() -> None:
    found = judged([approves(*exact(GOOD))], *lists(0, GOOD), *lists(20, EVIL, session="s2"), *calls(23))
    assert (found[DEFINITION].value, found[DEFINITION].severity) == ("violated", Severity.LOW)
    found = judged(
        [approves(*exact(GOOD))],
        *lists(0, GOOD), *lists(20, EVIL, session="s2"), *calls(23), *calls(25, session="s2"),
    )  # fmt: skip
    assert found[DEFINITION].severity == Severity.HIGH
    assert [iso(e.time) for e in found[DEFINITION].evidence] == [at(25)]


def test_a_session_that_was_shown_nothing_counts_where_every_list_is_another_one() -> None:
    mixed = judged(
        [approves(*exact(GOOD))], *lists(0, GOOD), *lists(20, EVIL, session="s2"), *calls(23, session="s3")
    )
    assert mixed[DEFINITION].severity == Severity.LOW
    all_of_them = judged([approves(*exact(GOOD))], *lists(20, EVIL, session="s2"), *calls(23, session="s3"))
    assert (all_of_them[DEFINITION].severity, all_of_them[DEFINITION].confidence) == (
        Severity.HIGH,
        Confidence.MEDIUM,
    )


def test_calls_without_sessions_go_by_the_last_list() -> None:
    def bare(*many: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {k: v for k, v in m.items() if k != "session"} | {"exchange": m["message"]["id"]} for m in many
        ]

    assert judged([approves(*exact(GOOD))], *bare(*SWAP))[DEFINITION].severity == Severity.HIGH
    back = bare(*lists(0, GOOD), *lists(20, EVIL), *lists(30, GOOD), *calls(40))
    assert judged([approves(*exact(GOOD))], *back)[DEFINITION].severity == Severity.LOW


@pytest.mark.parametrize(
    ("called", "severity", "value"),
    [
        ([*calls(15), *calls(25), *calls(35)], Severity.HIGH, "violated"),
        ([*calls(15), *calls(35)], Severity.LOW, "proven"),
    ],
    ids=["called while it was swapped", "called before and after alone"],
)
def test_a_swap_and_a_swap_back_is_told_by_what_was_called_between(
    called: list[dict[str, Any]], severity: Severity, value: str
) -> None:
    swapped = [*lists(0, GOOD), *lists(20, EVIL), *lists(30, GOOD)]
    verdict = judged([approves(*exact(GOOD))], *swapped, *called)[DEFINITION]
    assert (verdict.severity, verdict.value) == (severity, value)
    if severity == Severity.HIGH:
        assert [iso(e.time) for e in verdict.evidence] == [at(25)]


def test_a_definition_that_is_approved_later_ends_it_and_one_approved_before_it_was_shown_is_none() -> None:
    both = exact(GOOD, EVIL)
    later = judged([approves(*exact(GOOD)), approves(*both, second=100)], *SWAP)[DEFINITION]
    assert (later.value, later.severity) == ("assumed", Severity.HIGH)
    assert later.episodes[0].end == START + 100 * 1_000_000 and "approved since" in later.reason
    assert silent(judged([approves(*exact(GOOD)), approves(*both, second=10)], *SWAP))


def test_two_definitions_under_one_name_in_one_list_do_not_hide_each_other() -> None:
    for tools in ((GOOD, EVIL), (EVIL, GOOD)):
        verdict = judged([approves(*exact(GOOD))], *lists(0, *tools), *calls(5))[DEFINITION]
        assert verdict.severity == Severity.HIGH


def test_a_definition_that_nobody_can_read_is_no_approved_one() -> None:
    deep: dict[str, Any] = {}
    for _ in range(90):
        deep = {"properties": {"a": deep}}
    shown = [*lists(0, GOOD), *lists(20, GOOD | {"inputSchema": deep}), *calls(23)]
    assert judged([approves(*exact(GOOD))], *shown)[DEFINITION].severity == Severity.HIGH


def test_another_server_may_show_what_it_likes_under_the_name() -> None:
    elsewhere = {"server": "docs", "session": "s2"}
    found = judged([approves(*exact(GOOD))], *lists(0, GOOD), *lists(20, EVIL, **elsewhere), *calls(23))
    assert silent(found)


def test_a_refused_call_by_another_definition_is_an_offer_alone() -> None:
    refused = record(
        {"jsonrpc": "2.0", "id": "c23", "error": {"code": -32602, "message": ""}},
        "server_to_client", session="s1", ts=at(24), **US,
    )  # fmt: skip
    verdicts = judged([approves(*exact(GOOD))], *lists(0, GOOD), *lists(20, EVIL), calls(23)[0], refused)
    assert verdicts[DEFINITION].severity == Severity.LOW


def test_a_pinned_tool_whose_definition_no_list_shows_cannot_be_verified() -> None:
    assert silent(judged([approves(*exact(GOOD))], *calls(23)), "unverifiable")


def test_a_definition_without_an_approved_digest_is_told_in_a_word_until_a_record_is_made() -> None:
    loose = {"name": "search", "server": "storage"}
    subject = "storage definitions"
    verdict = judged([approves(loose)], *SWAP)[subject]
    assert (verdict.value, verdict.severity) == ("violated", Severity.INFORMATIONAL)
    assert subject not in judged([approves(loose)], *lists(0, GOOD), *lists(20, GOOD), *calls(23))
    again = judged([approves(loose), approves(loose, second=100)], *SWAP)[subject]
    assert (again.value, again.severity) == ("assumed", Severity.INFORMATIONAL)


# --- offers


def test_offered_more_than_approved_is_one_low_finding_until_it_is_approved() -> None:
    few = {"name": "search"}
    verdict = judged([approves(few)], *lists(0, GOOD, DROP), *calls(2))[""]
    assert (verdict.value, verdict.severity) == ("violated", Severity.LOW)
    assert verdict.title == f"{spoken(DESK)} is offered drop, which is not approved"
    ended = judged([approves(few), approves(few, {"name": "drop"}, second=50)], *lists(0, GOOD, DROP))[""]
    assert (ended.value, ended.severity) == ("assumed", Severity.LOW)
    proven = judged([approves(few)], *lists(0, GOOD), *calls(2))[""]
    assert (proven.value, proven.severity) == ("proven", None)


def test_an_offer_that_was_called_is_told_by_the_call_alone() -> None:
    found = judged([approves({"name": "search"})], *lists(0, GOOD, DROP), *calls(2, "drop"))[""]
    assert found.severity is None


def test_what_was_offered_before_any_record_is_not_held_against_it() -> None:
    found = judged([approves({"name": "search"}, second=50)], *lists(0, GOOD, DROP))[""]
    assert (found.value, found.severity) == ("assumed", None)


def test_what_is_not_offered_for_a_day_while_others_are_is_offered_no_more() -> None:
    few, later = {"name": "search"}, 90_000
    for second, value in ((later, "proven"), (40_000, "violated")):
        found = judged([approves(few)], *lists(0, GOOD, DROP), *lists(second, GOOD, session="s2"))[""]
        assert (found.value, found.severity) == (value, Severity.LOW)


@pytest.mark.parametrize("name", ["storage__search", "mcp__storage__search", "transfer_to_refunds"])
def test_a_hosts_name_for_an_approved_tool_and_a_declared_delegate_are_approved(name: str) -> None:
    shown = lists(0, GOOD | {"name": name})
    delegates = ["agent:edge/refunds"]
    assert judged([approves({"name": "search"}, delegates=delegates)], *shown)[""].severity is None
    strange = lists(0, GOOD | {"name": f"{name}_all"})
    assert judged([approves({"name": "search"}, delegates=delegates)], *strange)[""].severity == Severity.LOW


def test_lists_in_spans_are_judged_by_name_without_what_the_framework_adds() -> None:
    offers = {"gen_ai.agent.tools": '["search", "drop", "final_answer"]'}
    record = approves({"name": "search"}, id="agent:desk/triage")
    for scope, beyond in (
        ("openinference.instrumentation.smolagents", "drop"),
        ("other", "drop, final_answer"),
    ):
        body = export(agent_span(1, attributes=offers), tool_span(2, 1), scope=scope)
        spanned = otel.read(body, Context()).activities
        clock = Clock(T0 // 1000 + 7_200_000_000)
        world = every_way([record, *spanned], clock)
        (verdict,) = [r.verdict for r in world.last.values() if r.verdict and r.verdict.control == NAME]
        assert verdict.title == f"agent triage (desk) is offered {beyond}, which is not approved"


def test_an_agent_of_which_no_record_speaks_of_tools_has_no_row() -> None:
    assert judged([], *SWAP) == {}


# --- what is remembered


def test_a_list_hidden_among_very_many_is_told_and_a_change_with_each_release_is_not() -> None:
    def anew(n: int) -> dict[str, Any]:
        return DROP | {"description": f"made at {n}"}

    shown = [*exact(GOOD), {"name": "drop", "server": "storage"}]
    flood = [m for n in range(LISTS_MAX) for m in lists(n * 2, GOOD, anew(n), session=f"s{n}")]
    world = replayed([approves(*shown)], *flood)
    assert (world[DEFINITION].value, world[DEFINITION].severity) == ("violated", Severity.LOW)
    week = 604_800
    releases = [m for n in range(LISTS_MAX + 5) for m in lists(n * week, GOOD, anew(n), session=f"s{n}")]
    assert silent(replayed([approves(*shown)], *releases))


def listing(server: str, tool: str, times: list[int]) -> Dossier:
    tools = ((tool, f"sha256:{tool}"),)
    seen = Sightings(tuple(Evidence(t, f"e{t}", "mcp") for t in sorted(set(times))))
    return Dossier(lists={list_key(DESK, server, tools, times[0]): Listed(tools, seen)})


def test_lists_of_a_server_are_capped_alike_in_any_order_and_leave_a_mark_and_others_alone() -> None:
    many = [listing("storage", f"t{n}", [n]) for n in range(LISTS_MAX + 5)] + [listing("docs", "a", [1])]
    one = other = Dossier()
    for each in many:
        one = join(one, each)
    for each in reversed(many):
        other = join(other, each)
    assert one == other and join(one, many[3]) is one
    assert len(one.lists) == LISTS_MAX + 1
    assert LISTS_MARK in marked(one).marks and LISTS_MARK not in marked(many[0]).marks


# --- the table


def table(records: list[Activity], *messages: dict[str, Any]) -> dict[str, ToolRow]:
    world = run([*records, *activities(*messages)], CLOCK)
    return {row.tool: row for row in tool_table(View(DESK, world.dossiers()[DESK]))}


def test_the_table_says_what_is_approved_offered_and_called_who_changed_it_and_what_is_not_kept_to() -> None:
    spare = {"name": "spare"}
    shown = [*lists(0, GOOD, DROP), *calls(2), *lists(20, EVIL, DROP), *calls(23)]
    found = table([approves(*exact(GOOD), spare)], *shown)
    search = found["search"]
    assert (search.approved, search.enforced, search.servers) == ("by digest", "", ("storage",))
    assert (search.digest, iso(search.changed), search.by) == (digest_of(EVIL), at(21), "storage")
    assert [iso(t) for t in (*search.offered, search.called)] == [at(1), at(21), at(23)]
    assert (found["drop"].approved, found["drop"].enforced) == ("", "offered all the same")
    assert found["spare"] == ToolRow(DESK, "spare", approved="by name")
    assert table([approves(spare)], *calls(2, "drop"))["drop"].enforced == "carried out all the same"
    assert table([], *calls(2, "drop"))["drop"].enforced == ""


def test_what_a_gateway_refused_and_the_agent_ran_all_the_same_is_not_enforced() -> None:
    denied = calls(9, "drop", session="s9")[0] | {"http": {"status": 403}}
    records = [approves({"name": "search"})]
    row = table(records, denied, *calls(23, "drop"))["drop"]
    assert row.enforced == "refused by a gateway, carried out all the same"
    assert [iso(t) for t in (row.denied, row.called)] == [at(9), at(23)]
    assert table(records, denied)["drop"].enforced == "refused"
    assert table(records, *calls(23, "drop"))["drop"].enforced == "carried out all the same"
    world = run([*records, *activities(denied, *calls(23, "drop"))], CLOCK)
    (high,) = [v for r in world.last.values() if (v := r.verdict) and v.severity == Severity.HIGH]
    assert f"not enforced: it was refused at {at(9)}, and carried out by another way" in high.reason


# --- ordinary life


def page(second: int, *tools: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    asked, answered = lists(second, *tools, **more)
    answered["message"]["result"]["nextCursor"] = "2"
    return [asked, answered]


NEW = GOOD | {"description": "Search the docs, faster."}
CHANGED = record(
    {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"},
    "server_to_client",
    ts=at(19),
    session="s1",
    **US,
)
ORDINARY: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "a server that restarts, and is asked again by new sessions": (
        exact(GOOD), [*lists(0, GOOD), *calls(2), *lists(20, GOOD, session="s2"), *calls(25, session="s2")],
    ),
    "a server that says that its list changed, and shows the same one": (
        exact(GOOD), [*lists(0, GOOD), CHANGED, *lists(20, GOOD), *calls(25)],
    ),
    "a release that rolls out over two replicas, both of which are approved": (
        exact(GOOD, NEW),
        [*lists(0, GOOD), *lists(5, NEW, session="s2"), *calls(7), *calls(9, session="s2"), *lists(11, GOOD)],
    ),
    "a list in two pages": (
        [*exact(GOOD), {"name": "drop"}], [*page(0, GOOD), *lists(3, DROP), *calls(5), *calls(7, "drop")],
    ),
    "a collector that came too late for the list": (exact(GOOD), calls(5)),
    "an agent of another team on the same server, which is shown more": (
        exact(GOOD), [*lists(0, GOOD), *lists(3, GOOD, DROP, agent="other", session="s2"), *calls(5)],
    ),
    "a list that is asked for and never answered": (
        exact(GOOD), [*lists(0, GOOD), lists(3, EVIL)[0], *calls(5)],
    ),
    "a gateway that delivers everything twice": (
        exact(GOOD), [*lists(0, GOOD), *lists(0, GOOD), *calls(5), *calls(5)],
    ),
    "a server that renames nothing and orders its list anew": (
        [*exact(GOOD), {"name": "drop"}], [*lists(0, GOOD, DROP), *lists(5, DROP, GOOD), *calls(9)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDINARY)
def test_the_ordinary_day_of_a_server_is_told_of_nobody_and_one_that_shows_another_text_is(name: str) -> None:
    approved, messages = ORDINARY[name]
    assert {v.severity for v in judged([approves(*approved)], *messages).values()} == {None}
    other = [*messages, *lists(40, EVIL, session="s7"), *calls(45, session="s7")]
    assert judged([approves(*approved)], *other)[DEFINITION].severity == Severity.HIGH


def test_a_description_with_the_date_in_it_is_told_in_a_word_until_its_digest_is_approved() -> None:
    days = [
        lists(n * 86_400, GOOD | {"description": f"Search as of day {n}."}, session=f"s{n}") for n in range(9)
    ]
    found = replayed([approves({"name": "search"})], *(m for day in days for m in day))
    assert {v.severity for v in found.values()} == {None, Severity.INFORMATIONAL}
