"""Many findings of one cause are one story, in any order; a graver one among them stays an alarm."""

from __future__ import annotations

import pytest

from correlators.many_findings_at_once import CONTROL
from schemas.activity import Activity, Excepted
from schemas.crowds import CROWD_LIMITS, story_of
from schemas.verdict import Clock, Report, Severity
from tests.support.make import T0, USER, change, kill, use
from tests.support.scenario import HOUR, World, every_way, run, taught

NOW = T0 + 12 * HOUR
CLOCK = Clock(NOW, {"cloudtrail": NOW, "ocsf": NOW})
FEW, MANY = CROWD_LIMITS["by"], CROWD_LIMITS["by"] + 5


def key(number: int) -> str:
    return f"aws:key/AKIAEXAMPLE{number:09}"


def used_after_its_end(number: int, identity: str = USER, at: float = 600, **more: str) -> list[Activity]:
    """A key that ended, and is used after: told of by whoever ``more`` names."""
    ended = kill(f"end{number}", at, key(number), identity)
    return [
        change(f"end{number}", at, *ended.effects, **more),
        use(f"use{number}", at + 60 + number, identity, key(number), **more),
    ]


def forged(number: int) -> list[Activity]:
    """The same by one who does not speak for AWS, each of another identity."""
    return used_after_its_end(number, f"aws:111122223333:user/u{number}", source="ocsf", instance="lake")


def said(world: World) -> dict[str, list[Report]]:
    by: dict[str, list[Report]] = {}
    for report in world.last.values():
        if report.reported.open and report.reported.severity:
            by.setdefault(report.reported.control, []).append(report)
    return by


def alarms(world: World) -> set[str]:
    open_ = [r for many in said(world).values() for r in many]
    return {r.uid for r in open_ if r.verdict and not r.verdict.story}


@pytest.mark.parametrize("many", [FEW, FEW + 1])
def test_beyond_a_number_they_stand_below_one_finding_that_counts_and_names_them(many: int) -> None:
    everything = [a for n in range(many) for a in forged(n)]
    world = every_way(everything, CLOCK, about=())
    standing = said(world)
    members = standing["revoked_credential_used"]
    assert len(members) == many
    stories = standing.get(CONTROL.name, [])
    assert len(stories) == (many > FEW)
    assert {r.verdict.story for r in members if r.verdict} == {stories[0].uid if stories else ""}
    for story in stories:
        assert story.verdict and story.verdict.title.startswith(f"{many} findings by the word of ocsf/lake")
        assert {e.uid for e in story.verdict.evidence} == {r.uid for r in members}
        assert story.verdict.severity == Severity.LOW and not story.verdict.story


def test_what_the_provider_says_is_never_below_what_others_make_up() -> None:
    real = used_after_its_end(900, "aws:111122223333:user/real")
    world = every_way([*real, *(a for n in range(MANY) for a in forged(n))], CLOCK, seed=3)
    open_ = [r for r in said(world)["revoked_credential_used"] if r.verdict and not r.verdict.voice]
    assert [r.verdict.story for r in open_ if r.verdict] == [""]
    assert len(alarms(world)) == 2


def test_who_makes_many_small_ones_does_not_bury_a_grave_one() -> None:
    """One identity tries dead keys by the dozen, and one of them lets it in."""
    tries = [
        a
        for n in range(MANY)
        for a in (
            kill(f"end{n}", 600, key(n)),
            use(f"use{n}", 700 + n, credential=key(n), outcome="forbidden"),
        )
    ]
    world = every_way([*tries, *used_after_its_end(900)], CLOCK, seed=5)
    grave = [r for r in said(world)["revoked_credential_used"] if r.reported.severity >= Severity.HIGH]
    assert [r.reported.subject for r in grave] == [key(900)]
    assert [r.verdict.story for r in grave if r.verdict] == [""]
    assert said(world)[CONTROL.name][0].reported.severity < Severity.HIGH


def test_a_mass_revocation_that_fails_is_told_as_loudly_as_the_worst_of_it() -> None:
    world = every_way([a for n in range(MANY) for a in used_after_its_end(n)], CLOCK, seed=2)
    story = said(world)[CONTROL.name]
    assert [r.reported.severity for r in story] == [Severity.HIGH]
    assert len(alarms(world)) == 1


def test_findings_of_other_hours_and_causes_are_other_stories() -> None:
    half = [a for n in range(FEW) for a in used_after_its_end(n)]
    later = [a for n in range(FEW, 2 * FEW) for a in used_after_its_end(n, at=600 + 2 * 3_600)]
    assert CONTROL.name not in said(run([*half, *later], CLOCK))


def test_what_is_excepted_makes_no_crowd() -> None:
    waived = Excepted("revoked_credential_used", NOW + HOUR, USER, reason="known")
    world = run(
        [
            *(a for n in range(MANY) for a in used_after_its_end(n)),
            change("waive", 0, waived, source="inventory", identity=""),
        ],
        CLOCK,
    )
    assert CONTROL.name not in said(world)


def test_a_story_ends_with_its_findings() -> None:
    everything = [a for n in range(MANY) for a in used_after_its_end(n)]
    world = run(everything, CLOCK)
    story = said(world)[CONTROL.name][0].uid
    for n in range(MANY):
        refused = use(f"no{n}", 9_000, credential=key(n), outcome="unauthenticated")
        later = use(f"no2{n}", 20_000, credential=key(n), outcome="unauthenticated")
        world.take([fact for a in (refused, later) for fact in taught(a)])
    world.clock = Clock(NOW + 400 * HOUR, {"cloudtrail": NOW + 400 * HOUR})
    world.settle()
    assert not world.last[story].reported.open


def test_the_id_of_a_story_is_that_of_its_finding() -> None:
    world = run([a for n in range(MANY) for a in forged(n)], CLOCK)
    story = said(world)[CONTROL.name][0]
    (name,) = {name for r in said(world)["revoked_credential_used"] for name in r.reported.crowds}
    assert story.uid == story_of(name)


@pytest.mark.slow
def test_of_very_many_the_number_is_about_right_and_says_so() -> None:
    world = run([a for n in range(1_000) for a in forged(n)], CLOCK)
    story = said(world)[CONTROL.name][0]
    assert story.verdict and story.verdict.truncated
    number = int(story.verdict.title.removeprefix("about ").partition(" ")[0].replace(",", ""))
    assert 800 < number < 1_200
    assert len(alarms(world)) == 1
