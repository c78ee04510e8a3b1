"""Ends that come last, after the uses of their time were thinned."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlators.kernel.views.calls import call_key
from schemas.activity import Activity, Ended, Restored
from schemas.declaration import Declaration, Period
from schemas.dossier import Calls, Dossier, Sightings
from schemas.evidence import SECOND, Evidence
from schemas.verdict import Clock, Report, Severity
from tests.support.declared import approved
from tests.support.make import KEY, ROLE, SESSION, T0, USER, change, issue, kill, use
from tests.support.scenario import World, clock_after, every_way, run, taught

CONTROL = "revoked_credential_used"
AGENT = "agent:desk/triage"
OFF, ON = 6_700, 9_100
"""Inside one hour of the clock, of which thinning keeps the first uses and the last."""
MINUTE, HOUR = 60, 3_600


def off_and_on(start: int, end: int) -> list[Activity]:
    """Switched off by one, on by another: what was used in between stays open."""
    on = Restored(how="UpdateAccessKey Active", credential=KEY, identity=USER)
    return [kill("off", start), change("on", end, on, identity="aws:111122223333:user/another")]


def thinned_first(uses: list[Activity], ends: list[Activity], batches: int = 8) -> World:
    """Where the uses came and were thinned in batches, and the ends come last."""
    world = World(1, clock_after([*uses, *ends]))
    size = len(uses) // batches + 1
    for batch in [*(uses[at : at + size] for at in range(0, len(uses), size)), ends]:
        for activity in batch:
            world.take(taught(activity))
        world.settle()
    return world


def late_ends(uses: list[Activity], ends: list[Activity]) -> Report:
    return report_of(thinned_first(uses, ends))


def report_of(world: World) -> Report:
    (report,) = (r for r in world.last.values() if r.reported.control == CONTROL)
    assert report.verdict
    return report


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 20_000), min_size=60, max_size=400, unique=True),
    st.integers(0, 20_000),
    st.integers(5, 7_200),
)
def test_an_end_and_its_undoing_that_come_last_find_what_was_thinned(
    times: list[int], start: int, length: int
) -> None:
    uses = [use(f"u{at}", at) for at in sorted(times)]
    ends = off_and_on(start, start + length)
    first, last = report_of(run([*uses, *ends])), late_ends(uses, ends)
    assert first.verdict and last.verdict
    if first.verdict.value == last.verdict.value:
        assert (first.reported.open, first.reported.severity) == (last.reported.open, last.reported.severity)
    else:
        assert (first.verdict.value, last.verdict.value) == ("violated", "assumed")
        assert "cannot be ruled out" in last.verdict.reason


def shown(world: World) -> dict[tuple[str, str], tuple[bool, int]]:
    """What stands open, and how severe."""
    return {
        (r.reported.control, r.reported.subject): (r.reported.open, r.reported.severity)
        for r in world.last.values()
        if r.reported.open
    }


@settings(max_examples=4, deadline=None)
@given(st.integers(60, 110), st.integers(0, 5_000), st.integers(240, 3_000), st.integers(0, 99))
def test_in_every_way_a_period_that_is_over_is_judged_alike(
    many: int, start: int, length: int, seed: int
) -> None:
    """Used about once a minute and off for some: in whatever order, batches, and with whatever crashes."""
    uses = [use(f"u{n}", n * MINUTE + 7) for n in range(many)]
    world = every_way([*uses, *off_and_on(start, start + length)], seed=seed, rows=shown)
    inside = any(start + 30 < n * MINUTE + 7 < start + length for n in range(many))
    assert ((CONTROL, KEY) in shown(world)) == inside


def test_a_key_used_every_minute_is_told_whichever_came_first() -> None:
    uses = [use(f"u{n}", n * MINUTE + 7) for n in range(600)]
    ends = off_and_on(2 * HOUR + 650, 2 * HOUR + 1_500)
    first, last = report_of(run([*uses, *ends])), late_ends(uses, ends)
    assert first.reported.open and last.reported.open and last.verdict
    assert last.reported.severity == first.reported.severity == Severity.HIGH
    assert "let go of" in last.verdict.reason and not last.verdict.evidence


def test_of_days_ago_an_hour_that_was_off_and_used_is_told() -> None:
    uses = [use(f"u{n}", n * 600 + 7) for n in range(144 * 12)]
    assert late_ends(uses, off_and_on(50 * HOUR, 53 * HOUR)).reported.open


def test_who_was_silent_while_it_was_off_is_not_said_to_have_used_it() -> None:
    off = range(2 * HOUR + 600, 2 * HOUR + 4_200)
    uses = [use(f"u{n}", n * MINUTE + 7) for n in range(600) if n * MINUTE + 7 not in off]
    last = late_ends(uses, off_and_on(off.start, off.stop))
    assert last.verdict and last.verdict.value == "assumed" and not last.reported.severity
    apart = late_ends(uses, off_and_on(off.start + 120, off.stop - 120))
    assert apart.verdict and "ruled out" not in apart.verdict.reason


def test_writes_to_identities_that_were_let_go_are_critical_and_denied_uses_medium() -> None:
    for more, severity in (({"action": "identity_write"}, Severity.CRITICAL), ({}, Severity.HIGH)):
        uses = [use(f"u{n}", n * MINUTE + 7, **more) for n in range(600)]
        assert late_ends(uses, off_and_on(OFF, ON)).reported.severity == severity
    denied = [use(f"u{n}", n * MINUTE + 7, outcome="forbidden") for n in range(600)]
    assert late_ends(denied, off_and_on(OFF, ON)).reported.severity == Severity.MEDIUM


def reported(world: World, control: str) -> Report | None:
    return next((r for r in world.last.values() if r.reported.control == control), None)


def test_an_identity_that_was_switched_off_and_on_is_told_though_its_uses_were_thinned() -> None:
    uses = [use(f"u{n}", n * MINUTE + 7) for n in range(600)]
    ends = [
        change("off", OFF, Ended("Disable", "disabled", identity=USER)),
        change(
            "on", ON, Restored("Enable", "disabled", identity=USER), identity="aws:111122223333:user/another"
        ),
    ]
    world = thinned_first(uses, ends)
    found = reported(world, "inactive_identity_active")
    assert found and found.verdict and found.reported.open and found.reported.severity == Severity.HIGH
    assert not found.verdict.evidence


def test_a_session_of_a_key_that_was_off_for_an_hour_outlived_it_though_its_uses_were_thinned() -> None:
    uses = [use(f"u{n}", n * MINUTE + 7, ROLE, SESSION) for n in range(600)]
    born = issue("s", 1, SESSION, ROLE, KEY, USER)
    silent = [u for u in uses if not OFF < u.time / 1e6 - T0 / 1e6 < ON]
    for many, fires in ((uses, True), (silent, False)):
        world = thinned_first([born, *many], off_and_on(OFF, ON))
        found = reported(world, "outlived_parent")
        assert (found is not None and found.reported.open) == fires


def test_an_agent_that_acts_between_two_windows_is_told_though_its_calls_were_thinned() -> None:
    gap = [T0 + OFF * SECOND, T0 + ON * SECOND]
    declared = Declaration(T0, "d", windows=(Period("", 0, gap[0]), Period("", gap[1])), kind="agent")
    every = [T0 + (n * MINUTE + 7) * SECOND for n in range(600)]
    for times, fires in ((every, True), ([t for t in every if not gap[0] <= t < gap[1]], False)):
        world = World(1, Clock(every[-1] + HOUR * SECOND, {"otel": every[-1]}))
        for at in range(0, len(times), 100):
            seen = tuple(Evidence(time, f"7e:{time}", "otel") for time in times[at : at + 100])
            calls = Calls(("search",), channels={"executed": Sightings(seen)})
            world.take([(AGENT, Dossier(calls={call_key(AGENT, "search"): calls}))])
            world.settle()
        world.take([(AGENT, Dossier(stated={AGENT: (declared,)}))])
        world.settle()
        found = reported(world, "agent_outside_window")
        assert found and found.reported.open == fires


def test_a_grant_that_is_used_between_two_approvals_is_found_though_its_uses_were_thinned() -> None:
    every = [n * MINUTE + 7 for n in range(600)]
    approvals = [
        approved(USER, 0, OFF, "role/payments", "first"),
        approved(USER, ON, 20 * HOUR, "role/payments", "second", ticket="T-2"),
    ]
    for times, fires in ((every, True), ([t for t in every if not OFF - 60 < t < ON + 60], False)):
        world = thinned_first([use(f"u{t}", t, allowed_by=ROLE) for t in times], approvals)
        found = reported(world, "elevation_outside_window")
        assert found and found.verdict and found.reported.open == fires
        assert fires == ("let go of" in found.verdict.reason and not found.verdict.evidence)
