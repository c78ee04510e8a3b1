"""No dossier is larger than a message may be, whatever grows in it; what is let go of leaves a mark."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlators.kernel.caps import DOSSIER_BYTES_MAX, canonical
from correlators.kernel.catalogue import controls
from correlators.kernel.correlator import Correlator
from correlators.kernel.knowledge.join import TURNS_MAX, join, join_credential
from correlators.kernel.knowledge.spans import SPANS_MARK, SPANS_MAX, capped
from correlators.kernel.knowledge.weight import CREDENTIALS_MARK, PARTS, brief
from correlators.kernel.views.calls import call_key
from schemas import frozen
from schemas.activity import Parent
from schemas.claims import Approval, PolicyException, Release, Rotation, RotationPolicy
from schemas.declaration import ApprovedTool, Declaration
from schemas.dossier import (
    Address,
    Ancestor,
    Called,
    Calls,
    Child,
    Credential,
    Descendant,
    Dossier,
    Glimpsed,
    Grant,
    Listed,
    Member,
    Opened,
    Part,
    Passage,
    Reported,
    Sightings,
    Turn,
    Watch,
)
from schemas.evidence import SECOND, Evidence
from schemas.fact import facts_of
from schemas.span import Span
from schemas.stored import decode
from schemas.verdict import Clock
from tests.support.make import KEY, T0, USER, kill, use

LONG = 'é"' * 1_000
"""As long as a vendor's text may be, and longer once it is written."""

MANY = 1_500


def event(n: int) -> Evidence:
    return Evidence(T0 + n * SECOND, f"e{n:06}", "cloudtrail", USER, KEY, LONG, LONG, f"{n} {LONG}")


def seen(n: int, many: int = 1) -> Sightings:
    return Sightings(tuple(event(n * many + k) for k in range(many)))


def turn(n: int) -> Turn:
    return Turn(T0 + n, n % 2 == 0, f"turn {n}", event(n), scope=LONG, about=f"k{n}")


def turns() -> tuple[Turn, ...]:
    return tuple(turn(n) for n in range(TURNS_MAX))


def by_key(make: Callable[[int], Any], many: int = MANY) -> dict[str, Any]:
    return {f"k{n:06}": make(n) for n in range(many)}


WORST: dict[str, Callable[[], Any]] = {
    "called": lambda: by_key(lambda n: Called(True, n, LONG * 2)),
    "beside": lambda: by_key(lambda n: Credential(turns=(turn(n),), uses={"succeeded": seen(n)})),
    "members": lambda: by_key(lambda n: Member(f"identity {n} {LONG}", LONG, n)),
    "calls": lambda: by_key(lambda n: Calls((f"t{n}",), channels={"executed": seen(n)})),
    "offered": lambda: by_key(event),
    "lists": lambda: by_key(lambda n: Listed(((f"t{n}", LONG),), seen(n))),
    "spans": lambda: by_key(lambda n: Span("tool", agent="a", tool=LONG[:200], offered=(LONG,) * 4, start=n)),
    "grants": lambda: by_key(lambda n: Grant("r", (turn(n),), {"succeeded": seen(n)})),
    "sessions": lambda: by_key(lambda n: Opened(event(n), n, LONG)),
    "begun": lambda: by_key(lambda n: T0 + n),
    "glimpses": lambda: by_key(lambda n: Glimpsed(T0, LONG if n % 2 else "", event(n))),
    "turns": lambda: by_key(lambda n: turns(), 20),
    "stated": lambda: by_key(
        lambda n: tuple(
            Declaration(T0 + k, f"d{k}", tools=tuple(ApprovedTool(f"t{i}") for i in range(900)))
            for k in range(32)
        ),
        20,
    ),
    "rotations": lambda: by_key(lambda n: (Rotation(T0, event(n), LONG),)),
    "policies": lambda: by_key(lambda n: (RotationPolicy(event(n), owner=LONG),)),
    "versions": lambda: by_key(seen),
    "approvals": lambda: by_key(lambda n: (Approval("g", event(n), ticket=LONG),)),
    "exceptions": lambda: tuple(PolicyException("c", n, event(n), reason=LONG) for n in range(MANY)),
    "covers": lambda: by_key(event),
    "sampled": lambda: {f"{LONG}{n}": True for n in range(MANY)},
    "fronts": lambda: {
        f"vault:{n}": {f"{k:08x}": {LONG: Passage(n, n)} for k in range(16)} for n in range(MANY // 16)
    },
    "lent": lambda: by_key(lambda n: turns()[:8], 200),
    "made": lambda: {f"{LONG}{n}": n for n in range(MANY)},
    "makers": lambda: by_key(event),
    "watch": lambda: {f"{LONG}{n}": Watch(n, n) for n in range(MANY)},
    "addresses": lambda: by_key(lambda n: Address(n, turns()[:8]), 200),
    "ways": lambda: {f"{LONG}{n}\t{LONG}": (n, True) for n in range(MANY)},
    "releases": lambda: by_key(lambda n: (Release(T0, event(n), LONG, LONG),)),
    "images": lambda: {how: seen(1, MANY) for how in ("set", "ran")},
    "secrets": lambda: {f"{LONG}{n}": n for n in range(MANY)},
    "crowd": lambda: by_key(lambda n: Part(1, True, True, 3, 0, f"u{n}", "c", LONG, LONG, n)),
    "crowded": lambda: {f"{n}\tby\t\t{LONG}": {3: (0, True)} for n in range(MANY)},
    "reported": lambda: by_key(lambda n: Reported(1, "d", True, "c", LONG, LONG, 3, n, "violated"), 3_000),
}


def credentials(**grown: Any) -> dict[str, Credential]:
    return {KEY: Credential(turns=(turn(1),), **grown)}


GROWN: dict[str, Callable[[], dict[str, Credential]]] = {
    "uses": lambda: credentials(uses=by_key(lambda n: seen(n, 100), 20)),
    "pins": lambda: credentials(pins={f"{n} succeeded": seen(n, 8) for n in range(500)}),
    "turns": lambda: {KEY: Credential(turns=turns(), failed_ends=turns(), exposures=turns())},
    "parents": lambda: credentials(parents=by_key(lambda n: Parent("dies_with", LONG))),
    "ancestors": lambda: credentials(ancestors=by_key(lambda n: Ancestor("dies_with", "h", turns()), 40)),
    "children": lambda: credentials(children=by_key(lambda n: Child("dies_with", LONG, n))),
    "descendants": lambda: credentials(
        descendants=by_key(lambda n: Descendant(uses={"succeeded": seen(n, 20)}), 60)
    ),
    "places": lambda: credentials(
        places=tuple(f"{n}{LONG * 2}" for n in range(64)), clients=tuple(f"{n}{LONG * 2}" for n in range(64))
    ),
    "unnamed": lambda: {"": Credential(uses=by_key(lambda n: seen(n, 100), 20))},
    "claimed": lambda: by_key(lambda n: Credential(turns=(turn(n),), uses={"succeeded": seen(n)})),
    "unclaimed": lambda: by_key(lambda n: Credential(uses={"succeeded": seen(n)})),
    "long names": lambda: {f"{n}{LONG}": Credential(turns=(turn(n),)) for n in range(500)},
}


def test_every_part_of_a_dossier_that_can_grow_has_its_worst_case_here() -> None:
    bounded = {"credentials", "seen", "marks", "heard", "coming", "unread", "apart", "asked"}
    assert set(WORST) == set(PARTS) == set(Dossier.__struct_fields__) - bounded


@pytest.mark.parametrize("part", WORST)
def test_a_part_that_grows_without_bound_is_cut_with_a_mark(part: str) -> None:
    dossier = Dossier(**{part: WORST[part]()})
    kept, body = canonical(dossier)
    assert len(body) <= DOSSIER_BYTES_MAX and decode(body) == kept
    assert getattr(kept, part) and any("truncated" in mark for mark in kept.marks)


@pytest.mark.parametrize("grown", GROWN)
def test_a_credential_that_grows_without_bound_is_kept_in_brief_with_a_mark(grown: str) -> None:
    kept, body = canonical(Dossier(credentials=GROWN[grown]()))
    assert len(body) <= DOSSIER_BYTES_MAX and decode(body) == kept
    assert kept.credentials and any("truncated" in mark for mark in kept.marks)


@settings(max_examples=4)
@given(st.sets(st.sampled_from(sorted(WORST)), max_size=4), st.sampled_from(["", *GROWN]))
def test_however_the_parts_grow_together_no_dossier_is_too_large(parts: set[str], grown: str) -> None:
    whole: dict[str, Any] = {part: WORST[part]() for part in sorted(parts)}
    if grown:
        whole["credentials"] = GROWN[grown]()
    body = canonical(Dossier(**whole))[1]
    assert len(body) <= DOSSIER_BYTES_MAX


@pytest.mark.parametrize("bytes_max", [2_000, 20_000])
def test_the_smallest_cap_holds_too(bytes_max: int) -> None:
    whole = {part: make() for part, make in WORST.items()}
    assert len(canonical(Dossier(**whole, credentials=GROWN["claimed"]()), bytes_max)[1]) <= bytes_max


def test_long_clients_cannot_make_an_end_forgotten() -> None:
    """Whoever holds a dead key chooses the name of its client, and how often it calls."""
    correlator, clock = (
        Correlator(controls()),
        Clock(T0 + 90_000 * SECOND, {"cloudtrail": T0 + 90_000 * SECOND}),
    )
    correlator.take(facts_of(kill("k", 10)))
    for action in ("", "identity_write", "secret_read", "privileged"):
        for n in range(300):
            client, place = f"{n}" + "x" * 2_000, f"198.51.{n % 4}.7"
            made = use(f"{action}{n}", 100 + n * 80, client=client, place=place, action=action)
            correlator.take(facts_of(made))
    found = [r for r in correlator.settle(clock).reports if r.finding]
    correlator.take(facts_of(use("later", 80_000)))
    again = correlator.settle(clock)
    assert CREDENTIALS_MARK in correlator.dossier(USER).marks
    assert any(r.verdict and r.verdict.control == "revoked_credential_used" for r in found)
    assert [r for r in again.reports if r.detail == "withdrawn"] == []
    assert any(t.how == "DeleteAccessKey" for t in correlator.dossier(USER).credentials[KEY].turns)


def test_what_was_said_of_a_part_that_went_is_not_taken_back() -> None:
    correlator, clock = (
        Correlator(controls(), bytes_max=4_000),
        Clock(T0 + 90_000 * SECOND, {"cloudtrail": T0}),
    )
    reports = []
    for n in range(60):
        name = f"aws:key/AKIA{n:06}"
        for activity in (kill(f"k{n}", n, name), use(f"u{n}", n + 100, USER, name)):
            correlator.take(facts_of(activity))
        reports += correlator.settle(clock).reports
    reports = [r for r in reports if r.reported.control != "cap_reached"]
    assert len({r.uid for r in reports if r.finding}) == 60
    assert [r for r in reports if r.detail == "withdrawn" or r.verdict is None] == []


def test_what_was_said_of_calls_that_went_is_not_taken_back() -> None:
    agent, reports = "agent:host/triage", []
    correlator, clock = Correlator(controls(), bytes_max=8_000), Clock(T0 + 90_000 * SECOND, {"otel": T0})
    nothing = Declaration(T0 - SECOND, "record", tools=())
    correlator.take([(agent, Dossier(stated={agent: (nothing,)}))])
    for n in range(80):
        calls = Calls((f"t{n}",), channels={"executed": Sightings((Evidence(T0 + n, f"a:{n}", "otel"),))})
        correlator.take([(agent, Dossier(calls={call_key(agent, f"t{n}"): calls}))])
        reports += correlator.settle(clock).reports
    correlator.forget()
    reports = [r for r in reports if r.reported.control != "cap_reached"]
    assert len({r.uid for r in reports if r.finding}) == 80
    assert [r for r in reports if r.detail == "withdrawn" or r.verdict is None] == []


def test_a_credential_in_brief_keeps_what_decides_whether_it_is_off() -> None:
    c = Credential(turns=turns(), uses={"succeeded": seen(0, 100)}, pins={"1 succeeded": seen(5, 8)})
    short = brief(c)
    assert (short.turns[0].time, short.turns[-1].alive) == (c.turns[0].time, c.turns[-1].alive)
    assert [e.uid for e in short.uses["succeeded"].kept] == ["e000000", "e000099"]
    assert [e.uid for e in short.pins["1 succeeded"].kept] == ["e000040"]
    again = join_credential(c, short)
    assert brief(short) == short and [t.time for t in again.turns] == [t.time for t in c.turns]


def spans(many: int) -> dict[str, Span]:
    kinds = ("other", "chat", "tool", "other", "agent")
    return {
        f"s{n}": Span(kinds[n % 5], start=n * 37 % 997, offered=("t",) if n % 5 == 1 and n % 2 else None)  # type: ignore[arg-type]
        for n in range(many)
    }


@settings(max_examples=30)
@given(st.integers(0, 3 * SPANS_MAX), st.integers(1, 40), st.randoms(use_true_random=False))
def test_which_spans_are_kept_does_not_depend_on_the_order_they_come_in(
    many: int, parts: int, chance: random.Random
) -> None:
    every = spans(many)
    names = list(every)
    chance.shuffle(names)
    trace = Dossier()
    for part in range(parts):
        trace = capped(join(trace, Dossier(spans={name: every[name] for name in names[part::parts]})))
    assert trace == capped(Dossier(spans=every)) and len(trace.spans) <= SPANS_MAX
    assert (SPANS_MARK in trace.marks) == (many > SPANS_MAX)


def test_of_many_spans_those_of_agents_and_the_first_calls_stay_with_the_links_above_them() -> None:
    trace: dict[str, Span] = {"root": Span("agent", agent="a", start=0)}
    for n in range(SPANS_MAX):
        trace[f"link{n}"] = Span("other", "root", start=n * 10 + 1)
        trace[f"tool{n}"] = Span("tool", f"link{n}", tool="t", start=n * 10 + 2)
    kept = capped(Dossier(spans=trace)).spans
    assert "root" in kept and len(kept) == SPANS_MAX
    assert sum(f"tool{n}" in kept and f"link{n}" in kept for n in range(SPANS_MAX)) == SPANS_MAX // 2 - 1


def test_a_dossier_that_is_small_enough_is_left_alone() -> None:
    dossier = frozen.changed(Dossier(), credentials=credentials())
    assert canonical(dossier)[0] == dossier


def test_hearsay_gives_way_to_what_is_known_and_each_voice_to_the_others() -> None:
    known = Dossier(credentials=credentials(uses={"succeeded": seen(1)}))
    noise = Dossier(credentials=GROWN["claimed"]())
    quiet = Dossier(turns={"k": (turn(1),)})
    kept, body = canonical(frozen.changed(known, heard={"mcp": noise, "ocsf": quiet}))
    assert len(body) <= DOSSIER_BYTES_MAX and decode(body) == kept
    assert kept.credentials == known.credentials and kept.heard["ocsf"].turns == quiet.turns
    assert kept.heard["mcp"].credentials and "hearsay truncated" in kept.marks
