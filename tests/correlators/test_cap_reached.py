"""What cannot be kept is a finding of its own: of an identity, a group, a roster, an agent; and what goes
untold by no cap is none."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import correlators
from correlators.cap_reached import HARMLESS, LOSSES, loss_of
from correlators.kernel.catalogue import controls
from correlators.kernel.correlator import Correlator
from correlators.kernel.knowledge import spans
from correlators.kernel.knowledge.join import CLAIMS_MAX, TURNS_MAX
from correlators.kernel.knowledge.weight import PARTS
from correlators.kernel.routes import lookups, rosters, traces
from schemas import coming, stored
from schemas.activity import Approved
from schemas.claims import Approval
from schemas.dossier import Dossier, Glimpsed, Member, Turn
from schemas.evidence import Evidence
from schemas.fact import TRACE_PREFIX, Fact
from schemas.rosters import roster_key
from schemas.sharding import glimpse_keys
from schemas.span import Span
from schemas.verdict import Clock, Severity
from tests.support.make import T0, USER, change
from tests.support.scenario import every_way

NAME = "cap_reached"


def findings(*facts: Fact) -> dict[str, tuple[str, Severity | None]]:
    """Returns by identity the reason and severity of what is said, once everything forwarded has arrived."""
    correlator, clock = Correlator(controls()), Clock(T0, {"cloudtrail": T0})
    said = {}
    waiting = list(facts)
    for _ in range(8):
        correlator.take(waiting)
        settled = correlator.settle(clock)
        waiting = settled.forwards
        said.update({r.verdict.identity: r.verdict for r in settled.reports if r.verdict and r.finding})
    return {key: (v.reason, v.severity) for key, v in said.items() if v.control == NAME}


def at(n: int) -> Evidence:
    return Evidence(T0 - 1_000 + n, f"e{n}", "cloudtrail")


def turned(n: int) -> Dossier:
    return Dossier(turns={USER: tuple(Turn(T0 - 1_000 + i, i % 2 == 0, "disabled", at(i)) for i in range(n))})


def test_an_identity_that_was_switched_more_often_than_is_kept_is_told_and_one_below_is_not() -> None:
    assert findings((USER, turned(TURNS_MAX + 10))) == {
        USER: ("cut at a cap: ends and restorals between the first and the last", Severity.LOW)
    }
    assert not findings((USER, turned(TURNS_MAX - 1)))


def test_it_is_said_once_and_stays_said() -> None:
    correlator, clock = Correlator(controls()), Clock(T0, {"cloudtrail": T0})
    correlator.take([(USER, turned(TURNS_MAX + 1))])
    first = correlator.settle(clock).reports
    correlator.take([(USER, turned(TURNS_MAX + 2))])
    again = correlator.settle(Clock(T0 + 60_000_000, {"cloudtrail": T0})).reports
    assert [r.finding for r in first if r.reported.control == NAME] == [True]
    assert not [r for r in again if r.reported.control == NAME]


def test_a_full_roster_and_a_group_that_was_cut_are_told_though_nothing_else_is_asked_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rosters, "MEMBERS_MAX", 3)
    roster = roster_key("aws:111122223333", "x")
    members = {name: Member(name) for name in (f"aws:111122223333:user/u{n}" for n in range(5))}
    assert findings((roster, Dossier(members=members)))[roster] == (
        "cut at a cap: identities of the installation",
        Severity.LOW,
    )
    group = "vault:prod:auth/approle/#3"
    cut = Dossier(
        members={"vault:prod:accessor/a": Member("vault:prod:entity/e")}, marks=("members truncated",)
    )
    assert findings((group, cut)) == {group: ("cut at a cap: members", Severity.LOW)}
    assert not findings((group, Dossier(members=cut.members)))


def test_an_agent_of_a_trace_that_was_cut_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "SPANS_MAX", 4)
    agent = Span("agent", "", "host", "triage", start=T0 - 900, end=T0 - 100)
    tools = {
        f"s{n}": Span("tool", "a", "host", tool=f"t{n}", start=T0 - 800 + n, end=T0 - 700 + n)
        for n in range(8)
    }
    correlator, clock = Correlator(controls()), Clock(T0, {"otel": T0})
    said: dict[str, tuple[str, Severity | None]] = {}
    for part in ({"a": agent, **tools}, {"late": tools["s1"]}):
        correlator.take([(f"{TRACE_PREFIX}1", Dossier(spans=part))])
        for _ in range(3):
            settled = correlator.settle(clock)
            correlator.take(settled.forwards)
            said |= {
                v.identity: (v.reason, v.severity)
                for r in settled.reports
                if (v := r.verdict) and v.control == NAME
            }
    assert said == {"agent:host/triage": ("cut at a cap: spans of a run", Severity.INFORMATIONAL)}
    assert not findings((f"{TRACE_PREFIX}1", Dossier(spans={"a": agent, "s1": tools["s1"]})))


def test_whoever_was_looked_up_in_a_flood_of_refusals_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "MOMENTS_MAX", 2)
    account = "k8s:c1:shop/mailer"
    bucket = glimpse_keys("k8s:c1:", T0)[1]
    refused = {f"r{n}": Glimpsed(T0 + 10, "", Evidence(T0, f"r{n}", "kubernetes")) for n in range(4)}
    looked = {"l": Glimpsed(T0 + 5, account, Evidence(T0 + 1, "l", "kubernetes"))}
    said = findings((bucket, Dossier(glimpses=refused | looked)))
    assert said[account] == ("cut at a cap: refusals that name nobody, in a flood", Severity.INFORMATIONAL)


def test_a_cap_that_hides_nothing_is_not_told() -> None:
    claims = tuple(Approval(f"g{n}", at(n), 0, 0) for n in range(CLAIMS_MAX + 1))
    assert not findings((USER, Dossier(approvals={USER: claims})))
    few = [change(f"a{n}", n, Approved(USER, f"g{n}"), source="inventory") for n in range(3)]
    assert not [r for r in every_way(few).last.values() if r.reported.control == NAME]


def test_every_mark_says_whether_something_may_go_untold() -> None:
    modules = [
        importlib.import_module(m.name)
        for m in pkgutil.walk_packages(correlators.__path__, "correlators.")
        if not m.ispkg
    ]
    marks = {
        value
        for module in (*modules, coming, stored)
        for name, value in vars(module).items()
        if name.endswith("_MARK") and isinstance(value, str)
    }
    assert len(marks) > 15 and traces.TRACES_MARK in marks
    assert marks == LOSSES.keys() | HARMLESS.keys() and not LOSSES.keys() & HARMLESS.keys()
    assert all(loss_of(f"{part} truncated") or f"{part} truncated" in HARMLESS for part in PARTS)
