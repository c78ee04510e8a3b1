"""Cases of old_version_used_after_rotation."""

from __future__ import annotations

from typing import Any

import pytest

from correlators.kernel.views.progress import rotation_progress
from correlators.kernel.views.view import View
from schemas.activity import Activity, Fetched, Issued, Parent, Rotated, Rotates
from schemas.claims import BACK, GONE, UNSAID
from schemas.evidence import SECOND, iso
from schemas.fact import partition_of
from schemas.naming import held, spoken
from schemas.stored import decode
from schemas.verdict import Clock, Confidence, Severity, Verdict
from tests.support.judged import as_time_passes, must, verdict_of
from tests.support.make import KEY, ROLE, SESSION, T0, USER, change, issue, kill, restore, use
from tests.support.scenario import every_way, run

NAME = "old_version_used_after_rotation"
NEW = "aws:key/AKIANEW"
HOUR, DAY = 3600.0, 86_400.0
SECRET = "aws:111122223333:secret/db"


def made(uid: str, at: float, credential: str) -> Activity:
    return change(uid, at, Issued(credential, USER, "access_key"))


def rotated(
    at: float, subject: str = USER, successor: str = NEW, overlap: int = 0, uid: str = "rotated", **more: Any
) -> Activity:
    effect = Rotated(subject, successor=successor, at=T0 + int(at * SECOND), overlap=overlap, how="cut-over")
    source = more.pop("source", "cloudtrail")
    return Activity(uid, T0 + int(at * SECOND), source, effects=(effect,), **more)


OLD = made("old made", 0, KEY)
BORN = made("new made", 90, NEW)


def judged(many: list[Activity], subject: str = USER, days: float = 0.5) -> Verdict:
    time = max(a.time for a in many) + int(days * DAY * SECOND)
    world = every_way(many, Clock(time, {"cloudtrail": time}))
    (report,) = [r for r in world.last.values() if r.verdict and r.verdict.control == NAME]
    assert report.verdict and report.verdict.subject == subject
    return report.verdict


@pytest.mark.parametrize("subject", [USER, KEY], ids=["the identity", "the credential"])
def test_a_use_of_the_old_key_after_a_declared_cut_over_violates(subject: str) -> None:
    verdict = judged([OLD, use("a", 50), BORN, rotated(100, subject), use("late", 200)], subject)
    assert (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)
    assert [e.uid for e in verdict.evidence] == ["late"]
    assert [e.uid for e in verdict.claim] == ["rotated"]
    assert "aws-cli 198.51.100.0/24 (old one last used" in verdict.reason


def test_within_the_overlap_nothing_is_said_and_it_is_asked_again_at_its_end() -> None:
    hour = 3600 * SECOND
    many = [OLD, BORN, rotated(100, overlap=hour), use("fine", 200)]
    verdict = judged(many, days=0.01)
    assert (verdict.value, verdict.severity) == ("assumed", None)
    still, over = as_time_passes(many, T0 + 3700 * SECOND + 1, NAME, USER)
    assert "within the overlap until" in still.reason and "since the overlap" in over.reason
    assert judged([*many, use("late", 3800)]).value == "violated"


def test_the_policy_grants_the_overlap_that_the_record_does_not_state() -> None:
    policy = change("policy", 0, Rotates(USER, overlap=600 * SECOND), source="inventory")
    many = [OLD, BORN, rotated(100, overlap=UNSAID), use("new", 150, credential=NEW)]
    assert judged([*many, policy, use("fine", 690)]).severity is None
    assert judged([*many, policy, use("late", 710)]).severity == Severity.MEDIUM


def test_without_both_a_day_is_granted_from_the_successors_first_success() -> None:
    many = [OLD, BORN, rotated(100, overlap=UNSAID)]
    unused = judged([*many, use("old", 3 * DAY)])
    assert unused.value == "assumed" and "has not been used yet" in unused.reason
    begun = [*many, use("first", 1000, credential=NEW)]
    assert judged([*begun, use("fine", DAY)]).severity is None
    assert judged([*begun, use("late", DAY + 1010)]).severity == Severity.MEDIUM


def test_every_known_consumer_on_the_successor_proves_that_the_old_is_safe_to_delete() -> None:
    there = {"place": "203.0.113.9", "client": "boto3/1.34"}
    many = [OLD, use("a", 10), use("b", 20, **there), BORN, rotated(100)]
    half = judged([*many, use("a2", 200, credential=NEW)])
    assert (half.value, half.evidence, half.truncated) == ("assumed", (), False)
    assert "1 of 2 known consumers moved" in half.reason
    assert "not seen on the new one: boto3 203.0.113.0/24 (old one last used" in half.reason
    upgraded = there | {"client": "boto3/1.35"}
    both = [*many, use("a2", 200, credential=NEW), use("b2", 300, credential=NEW, **upgraded)]
    verdict = judged(both)
    assert (verdict.value, verdict.severity) == ("proven", None)
    assert "2 of 2 known consumers moved" in verdict.reason and f"safe to delete {KEY}" in verdict.reason
    assert [e.uid for e in verdict.evidence] == ["a2", "b2"]


def test_a_consumer_that_alternates_has_not_moved_and_one_that_is_quiet_for_a_day_has() -> None:
    many = [
        OLD,
        BORN,
        rotated(100),
        use("n1", 150, credential=NEW),
        use("late", 200),
        use("n2", 210, credential=NEW),
    ]
    assert judged(many, days=0.5).value == "violated"
    over = judged(many, days=1.5)
    assert (over.value, over.severity) == ("proven", Severity.MEDIUM)
    assert "every known consumer has moved since" in over.reason


def test_the_death_of_the_old_one_ends_it_and_a_use_after_that_is_told_here_once() -> None:
    many = [OLD, BORN, rotated(100), use("late", 200), kill("kill", 300)]
    over = judged(many)
    assert (over.value, over.severity) == ("assumed", Severity.MEDIUM)
    used = [*many, use("dead", 400)]
    assert (judged(used).value, judged(used).severity) == ("violated", Severity.HIGH)
    noted = must(used, KEY, "revoked_credential_used")
    assert (noted.value, noted.severity) == ("violated", None) and noted.reason.endswith(f"told by {NAME}")


def test_two_keys_of_one_user_are_no_rotation() -> None:
    assert (
        verdict_of([OLD, use("a", 50), BORN, use("new", 100, credential=NEW), use("b", 200)], USER, NAME)
        is None
    )


def test_two_that_take_turns_are_each_old_only_while_it_is_the_others_turn() -> None:
    turns = [rotated(100), rotated(DAY, successor=KEY, uid="back")]
    fine = [use("n", 200, credential=NEW), use("k", DAY + 100)]
    assert judged([OLD, BORN, *turns, *fine]).severity is None
    wrong = judged([OLD, BORN, *turns, *fine, use("bad", DAY + 200, credential=NEW)])
    assert [e.uid for e in wrong.evidence] == ["bad"]


def test_whoever_rotates_may_test_the_old_one_for_a_quarter_of_an_hour() -> None:
    rotator: dict[str, Any] = {"place": "203.0.113.1", "client": "rotator/1"}
    many = [OLD, BORN, rotated(100, **rotator), use("test", 160, **rotator)]
    assert judged(many).severity is None
    assert judged([*many, use("late", 2000, **rotator)]).severity == Severity.MEDIUM


def test_what_the_rotator_used_before_the_rotation_is_no_test() -> None:
    rotator: dict[str, Any] = {"place": "203.0.113.1", "client": "rotator/1"}
    many = [OLD, use("a", 10), use("job", 20, **rotator), BORN, rotated(100, **rotator)]
    many += [use("test", 160, **rotator), use("a2", 200, credential=NEW)]
    verdict = judged(many)
    assert verdict.value == "assumed" and "not seen on the new one: rotator 203.0.113.0/24" in verdict.reason
    assert judged([*many, use("job2", 300, credential=NEW, **rotator)]).value == "proven"


def test_a_rotator_of_a_secret_reads_the_one_it_replaces_first() -> None:
    rotator = "aws:111122223333:role/rotator"
    many = [read("r1", 0, "stage AWSCURRENT"), read("first step", 1000, "stage AWSCURRENT", rotator)]
    many += [moved_on(1100), read("r2", 1200, "stage AWSCURRENT")]
    assert judged(many, SECRET).value == "proven"
    assert judged([read("a consumer too", 10, "stage AWSCURRENT", rotator), *many], SECRET).value == "assumed"


def test_a_record_that_comes_last_speaks_of_what_came_before_it() -> None:
    assert (
        judged([use("late", 200), use("n", 150, credential=NEW), BORN, OLD, rotated(100)]).value == "violated"
    )


def test_a_record_that_came_twice_from_two_sources_is_one_rotation() -> None:
    declared = rotated(90, uid="declared")
    verdict = judged([OLD, BORN, rotated(100, overlap=UNSAID, successor=""), declared, use("late", 200)])
    assert [e.uid for e in verdict.claim] == ["declared", "rotated"] and len(verdict.episodes) == 1


def test_without_a_named_successor_what_was_made_before_the_cut_over_is_old() -> None:
    many = [OLD, rotated(80, successor=""), BORN, use("fine", 150, credential=NEW)]
    assert judged(many).severity is None
    late = judged([*many, use("late", 200)])
    assert (late.severity, late.confidence) == (Severity.MEDIUM, Confidence.MEDIUM)


def test_a_successor_made_ahead_of_an_unnamed_cut_over_is_not_taken_for_old() -> None:
    many = [OLD, made("ahead", 50, NEW), rotated(100, successor=""), use("n", 150, credential=NEW)]
    assert judged(many).severity is None
    assert [e.uid for e in judged([*many, use("late", 200)]).evidence] == ["late"]


def test_other_kinds_of_credentials_are_not_aged_by_a_new_key() -> None:
    code = change("cert", 0, Issued("aws:certificate/C", USER, "certificate"))
    many = [OLD, code, BORN, rotated(100), use("signed", 200, credential="aws:certificate/C")]
    assert judged(many).severity is None


def test_a_session_from_the_old_key_is_a_low_residual_and_told_here_only() -> None:
    many = [
        OLD,
        issue("i", 50, SESSION, ROLE, KEY, USER),
        BORN,
        rotated(100),
        use("go on", 500, ROLE, SESSION),
    ]
    verdict = judged(many)
    assert (verdict.value, verdict.severity) == ("violated", Severity.LOW)
    dead = [*many, kill("kill", 200)]
    assert judged(dead).severity == Severity.MEDIUM
    noted = must(dead, KEY, "outlived_parent")
    assert noted.severity is None and NAME in noted.reason


def test_only_forbidden_uses_are_low_and_a_write_to_identities_is_high() -> None:
    many = [OLD, BORN, rotated(100)]
    assert judged([*many, use("no", 200, outcome="forbidden")]).severity == Severity.LOW
    assert judged([*many, use("w", 200, action="identity_write")]).severity == Severity.HIGH


def test_refused_tries_are_no_use() -> None:
    assert judged([OLD, BORN, rotated(100), use("no", 200, outcome="unauthenticated")]).severity is None


def test_a_rotation_yet_to_come_says_nothing() -> None:
    many = [OLD, rotated(30 * DAY), use("a", 50)]
    world = run(many, Clock(T0 + int(HOUR * SECOND), {"cloudtrail": T0}))
    assert not [r for r in world.last.values() if r.verdict and r.verdict.control == NAME]


def test_an_uncollected_source_makes_it_unverifiable() -> None:
    world = every_way(
        [rotated(100, "vault:prod:entity/e", "", source="vault")],
        Clock(T0 + int(DAY * SECOND), {"cloudtrail": T0 * 2}),
    )
    (verdict,) = [r.verdict for r in world.last.values() if r.verdict and r.verdict.control == NAME]
    assert verdict.value == "unverifiable" and "no vault records" in verdict.reason


def read(uid: str, at: float, version: str, actor: str = ROLE, **more: Any) -> Activity:
    effect = Fetched(SECRET, version)
    return use(uid, at, actor, f"aws:key/of {actor}", effects=(effect,), action="secret_read", **more)


def moved_on(at: float, successor: str = "version v2", uid: str = "staged") -> Activity:
    effect = Rotated(SECRET, successor=successor, how="UpdateSecretVersionStage")
    return use(uid, at, "aws:111122223333:role/rotator", "aws:key/R", effects=(effect,), client="rotator")


OTHER = "aws:111122223333:role/reports"


def test_a_consumer_that_still_reads_the_old_version_of_a_secret_violates() -> None:
    many = [read("r1", 0, "stage AWSCURRENT"), read("p", 10, "version v1", OTHER), moved_on(100)]
    many += [read("r2", 200, "stage AWSCURRENT")]
    late = [
        read("previous", 2 * DAY, "stage AWSPREVIOUS", OTHER),
        read("pinned", 3 * DAY, "version v1", OTHER),
    ]
    fine = judged(many, SECRET)
    assert fine.value == "assumed" and f"not seen on the new one: aws-cli {OTHER}" in fine.reason
    verdict = judged([*many, *late], SECRET)
    assert [e.uid for e in verdict.evidence] == ["previous", "pinned"]
    assert (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)


def test_all_readers_on_the_current_version_prove_it() -> None:
    many = [read("r1", 0, "stage AWSCURRENT"), moved_on(100), read("r2", 200, "stage AWSCURRENT")]
    assert judged(many, SECRET).value == "proven"


def test_the_rotators_own_reads_of_the_old_version_are_tests() -> None:
    rotator = "aws:111122223333:role/rotator"
    policy = change("policy", 0, Rotates(SECRET, overlap=60 * SECOND, owner="team-db"), source="inventory")
    many = [policy, read("r1", 0, "stage AWSCURRENT"), moved_on(100)]
    verdict = judged([*many, read("test", 200, "stage AWSPREVIOUS", rotator)], SECRET)
    assert (verdict.severity, verdict.owner) == (None, "team-db")
    assert judged([*many, read("late", 200, "stage AWSPREVIOUS", OTHER)], SECRET).severity == Severity.MEDIUM


def test_progress_tells_per_rotation_who_moved_and_who_has_not() -> None:
    there = {"place": "203.0.113.9", "client": "boto3/1.34"}
    many = [OLD, use("a", 10), use("b", 20, **there), BORN, rotated(100), use("a2", 200, credential=NEW)]
    world = run(many)
    body = world.stores[partition_of(USER, 1)][USER]
    ((progress,),) = rotation_progress(View(USER, decode(body)))
    assert [(c.client, c.last.uid) for c in progress.staying] == [("boto3", "b")]
    assert [(c.client, c.moved.uid if c.moved else "") for c in progress.moved] == [("aws-cli", "a2")]
    assert (progress.change.olds, progress.change.news) == ((KEY,), (NEW,))


def test_tries_with_the_dead_old_one_are_over_once_its_consumers_have_moved() -> None:
    tried = use("try", 400, outcome="unauthenticated")
    many = [OLD, use("a", 50), BORN, rotated(100), kill("kill", 300), tried]
    assert must(many, KEY, "dead_credential_tried").value == "violated"
    moved = use("moved", 500, credential=NEW)
    assert must([*many, moved], KEY, "dead_credential_tried").value == "proven"
    unheard = [OLD, BORN, rotated(100), kill("kill", 300), tried, moved]
    assert must(unheard, KEY, "dead_credential_tried").value == "violated", "no consumer of it is known"
    first = "aws:key/AKIAFIRST"
    stray = use("stray", 450, credential=first, outcome="unauthenticated")
    others = [made("first", -50, first), use("f", -10, credential=first), kill("gone", 20, first), stray]
    another = [*others, OLD, use("a", 50), BORN, rotated(100, KEY), moved]
    assert must(another, first, "dead_credential_tried").value == "violated", "another one was rotated"


def test_a_secret_that_was_cached_is_told_by_the_credential_that_it_holds() -> None:
    """Every reader fetched the new version, and one goes on presenting what it read before."""
    many = [OLD, read("r1", 10, "stage AWSCURRENT"), BORN, moved_on(100), read("r2", 200, "stage AWSCURRENT")]
    world = every_way([*many, rotated(100, KEY), use("cached", 300)])
    found = {
        r.verdict.subject: r.verdict for r in world.last.values() if r.verdict and r.verdict.control == NAME
    }
    assert found[SECRET].value == "proven"
    assert [e.uid for e in found[KEY].evidence] == ["cached"] and found[KEY].severity == Severity.MEDIUM


def test_what_is_disabled_and_enabled_again_goes_on_being_an_old_version() -> None:
    many = [OLD, BORN, rotated(100), kill("off", 150, kind="disabled"), restore("on", 160), use("late", 200)]
    verdict = judged(many)
    assert (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM), "alive, so no worse than late"


def test_an_old_one_that_nobody_left_stays_a_finding_however_quiet_it_is() -> None:
    assert judged([OLD, BORN, rotated(100), use("late", 200)], days=1.5).value == "violated"


def test_the_expiry_of_the_old_one_ends_it_and_what_is_enabled_again_lives() -> None:
    old = change("old made", 0, Issued(KEY, USER, "access_key", expires=T0 + int(6 * HOUR * SECOND)))
    many = [old, BORN, rotated(100), use("late", 200)]
    over = judged(many)
    assert (over.value, over.severity) == ("assumed", Severity.MEDIUM) and "is dead since" in over.reason
    assert judged(many, days=0.1).value == "violated"
    disabled = [OLD, BORN, rotated(100), use("late", 200), kill("off", 300, kind="disabled")]
    assert judged(disabled).value == "assumed"
    assert judged([*disabled, restore("on", 310)]).value == "violated"


def test_a_log_that_has_not_reached_the_rotation_says_nothing_of_it() -> None:
    many = [OLD, use("a", 50), BORN, rotated(100)]
    world = every_way(many, Clock(T0 + int(DAY * SECOND), {"cloudtrail": T0 + 60 * SECOND}))
    (verdict,) = [r.verdict for r in world.last.values() if r.verdict and r.verdict.control == NAME]
    assert verdict.value == "unverifiable" and "has not reached the time of the rotation" in verdict.reason


@pytest.mark.parametrize(("at", "severity"), [(101, None), (103, Severity.MEDIUM)])
def test_between_two_producers_the_skew_is_granted(at: float, severity: Severity | None) -> None:
    effect = Rotated(USER, successor=NEW, at=T0 + 100 * SECOND, overlap=0, how="cut-over")
    rotation = Activity("told", T0 + 100 * SECOND, "inventory", effects=(effect,))
    assert judged([OLD, BORN, rotation, use("use", at)]).severity == severity


def test_a_use_by_whoever_rotated_from_elsewhere_is_no_test() -> None:
    cut_over = rotated(100, identity=USER, place="203.0.113.1", client="rotator/1")
    assert judged([OLD, BORN, cut_over, use("late", 160)]).severity == Severity.MEDIUM


@pytest.mark.parametrize(
    ("edge", "outcome", "severity"),
    [
        ("came_from", "succeeded", Severity.LOW),
        ("dies_with", "failed", Severity.LOW),
        ("came_from", "unauthenticated", None),
        ("made_by", "succeeded", Severity.MEDIUM),
    ],
)
def test_what_was_issued_from_the_old_one_to_the_same_identity_is_its_residual(
    edge: Any, outcome: str, severity: Severity | None
) -> None:
    """What was only made by it stands by itself: it is as old as the one that was rotated."""
    issued = Issued("aws:key/heir", USER, "access_key", parents={KEY: Parent(edge, USER)})
    many = [OLD, change("heir", 50, issued), BORN, rotated(100)]
    assert judged([*many, use("on", 500, credential="aws:key/heir", outcome=outcome)]).severity == severity


def test_two_cut_overs_to_two_successors_are_two_rotations_however_close() -> None:
    third = "aws:key/AKIATHIRD"
    many = [OLD, BORN, made("third", 190, third), rotated(100), rotated(200, successor=third, uid="next")]
    assert judged([*many, use("fine", 300, credential=third)]).severity is None
    late = judged([*many, use("late", 300, credential=NEW)])
    assert (late.severity, len(late.episodes)) == (Severity.MEDIUM, 1)
    turned = judged([*many, use("first", 150), use("late", 300, credential=NEW)])
    assert [(e.start, e.end) for e in turned.episodes] == [
        (T0 + 100 * SECOND, T0 + 200 * SECOND),
        (T0 + 200 * SECOND, 0),
    ]


def test_where_uses_of_the_old_one_are_no_longer_on_record_nothing_is_proven_safe() -> None:
    """Of one program in forty versions some are let go of: another may have hidden among them."""
    versions = [use(f"v{n}", n / 10, client=f"app/{n}") for n in range(40)]
    moved = use("n", 200, credential=NEW, client="app/99")
    verdict = judged([OLD, *versions, BORN, rotated(100), moved])
    assert (verdict.value, verdict.truncated) == ("assumed", True)
    assert "1 of 1 known consumers moved" in verdict.reason
    assert "some uses of the old one are no longer on record" in verdict.reason
    late = judged([OLD, *versions, BORN, rotated(100), use("late", 150, client="app/1"), moved], days=1.5)
    assert late.value == "violated"


@pytest.mark.parametrize(("minutes", "rotations"), [(59, 1), (61, 2)])
def test_two_records_within_an_hour_are_one_rotation(minutes: int, rotations: int) -> None:
    again = rotated(100 + 60 * minutes, successor="", uid="again")
    uses = [use("late", 200), use("late too", 2 * HOUR)]
    assert len(judged([OLD, BORN, rotated(100), again, *uses]).episodes) == rotations


def test_records_that_lie_further_apart_than_an_hour_are_two_rotations() -> None:
    third = made("third", 2 * HOUR, "aws:key/AKIATHIRD")
    many = [OLD, BORN, rotated(100), third, rotated(2 * HOUR + 10, successor="", uid="next")]
    assert [e.uid for e in judged([*many, use("late", 3 * HOUR, credential=NEW)]).evidence] == ["late"]


def test_of_a_rotated_key_without_a_named_successor_those_made_later_are_new() -> None:
    other = made("other", 5, "aws:key/AKIAOTHER")
    many = [made("earlier", -5, "aws:key/AKIAEARLIER"), OLD, use("a", 50), rotated(80, KEY, successor="")]
    assert judged([*many, use("b", 100, credential="aws:key/AKIAEARLIER")], KEY).value == "assumed"
    assert judged([*many, other, use("b", 100, credential="aws:key/AKIAOTHER")], KEY).value == "proven"


def test_the_successor_and_versions_first_read_after_the_rotation_are_not_old() -> None:
    policy = change("policy", 0, Rotates(SECRET, overlap=60 * SECOND), source="inventory")
    many = [policy, read("r1", 10, "version v1"), moved_on(100), read("r2", 300, "version v2")]
    assert judged([*many, read("r3", 400, "version v3")], SECRET).severity is None
    early = [policy, read("ahead", 50, "version v2"), read("r1", 60, "version v1"), moved_on(100)]
    assert judged([*early, read("r2", 300, "version v2")], SECRET).severity is None


def test_its_words_tell_what_is_old_who_stays_and_what_to_do() -> None:
    late = judged([OLD, BORN, rotated(100, KEY), use("late", 200)], KEY)
    assert late.title == f"{spoken(USER)}: {held(KEY)} is used after cut-over at {iso(T0 + 100 * SECOND)}"
    assert late.next_step.startswith("move aws-cli 198.51.100.0/24 (old one last used")
    assert late.next_step.endswith(f"to {NEW}") and late.confidence == Confidence.HIGH
    moved = judged([OLD, BORN, rotated(100), use("late", 200), use("n", 300, credential=NEW)])
    assert moved.next_step == f"delete {KEY}" and "moved: aws-cli 198.51.100.0/24 (since" in moved.reason
    assert "not seen on the new one" not in moved.reason and "no longer on record" not in moved.reason
    kept = judged([OLD, BORN, rotated(100)])
    assert kept.title == f"{spoken(USER)}: its credential was rotated" and kept.next_step == ""
    assert judged([OLD, BORN, rotated(100, KEY)], KEY).title == f"{spoken(USER)}: {held(KEY)} was rotated"
    there = judged([OLD, use("a", 10), BORN, rotated(100), use("n", 200, credential=NEW)])
    assert there.title == f"{spoken(USER)}: its credential was rotated, and every known consumer has moved"
    assert kept.reason.startswith("no consumer of the old one is known; ")
    old_read = [read("r1", 0, "version v1"), moved_on(100), read("n", 200, "stage AWSCURRENT", OTHER)]
    verdict = judged([*old_read, read("late", 2 * DAY, "version v1")], SECRET)
    assert "an old version is used after" in verdict.title


def test_of_many_consumers_ten_are_named_and_the_rest_is_counted() -> None:
    life = [use(f"u{n}", n, place=f"10.0.{n}.1") for n in range(12)]
    verdict = judged([OLD, *life, BORN, rotated(100)])
    assert "0 of 12 known consumers moved" in verdict.reason and " and 2 more" in verdict.reason
    ten = judged([OLD, *life[:10], BORN, rotated(100)])
    assert "0 of 10 known consumers moved" in ten.reason and " more" not in ten.reason


def test_the_end_of_the_overlap_is_told_apart_from_what_is_within_it() -> None:
    many = [OLD, BORN, rotated(100, overlap=600 * SECOND), use("n", 150, credential=NEW)]
    elsewhere = use("a", 50, place="203.0.113.9")
    assert "no use of the old one since the overlap" in judged([*many, elsewhere]).reason


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_every_use_that_was_not_denied_is_medium_and_one_producers_clock_decides(outcome: str) -> None:
    assert judged([OLD, BORN, rotated(100), use("late", 101, outcome=outcome)]).severity == Severity.MEDIUM


def test_a_residual_within_the_overlap_is_none_yet() -> None:
    session = issue("i", 50, SESSION, ROLE, KEY, USER)
    many = [OLD, session, BORN, rotated(100, overlap=3600 * SECOND)]
    assert judged([*many, use("fine", 500, ROLE, SESSION)]).severity is None
    assert judged([*many, use("late", 4000, ROLE, SESSION)]).severity == Severity.LOW


def test_a_successor_whose_making_was_not_seen_makes_all_that_came_before_it_old() -> None:
    peer = made("peer", 50, "aws:key/AKIAPEER")
    many = [OLD, peer, rotated(100, successor="aws:key/AKIAUNSEEN")]
    assert judged([*many, use("late", 200, credential="aws:key/AKIAPEER")]).severity == Severity.MEDIUM


def test_of_an_unnamed_cut_over_only_the_last_one_made_before_it_may_be_the_successor() -> None:
    ahead, after = made("ahead", 50, NEW), made("after", 90, "aws:key/AKIAAFTER")
    many = [OLD, ahead, rotated(80, successor=""), after]
    assert judged([*many, use("fine", 150, credential=NEW)]).severity is None
    assert judged([*many, use("late", 150)]).severity == Severity.MEDIUM


def test_the_named_successor_of_a_key_is_where_its_consumers_move() -> None:
    many = [OLD, use("a", 50), BORN, rotated(100, KEY), made("other", 110, "aws:key/AKIAOTHER")]
    assert judged([*many, use("n", 200, credential="aws:key/AKIAOTHER")], KEY).value == "assumed"
    assert judged([*many, use("n", 200, credential=NEW)], KEY).value == "proven"


# Which version is old, of which secret, and for whom


def cut(at: float, successor: str = "", overlap: int = 0, uid: str = "cut", which: str = "") -> Activity:
    effect = Rotated(SECRET, successor=successor, overlap=overlap, how=uid, which=which)
    return use(uid, at, "aws:111122223333:role/rotator", "aws:key/R", effects=(effect,), client="rotator")


def test_a_cut_over_that_names_no_version_leads_to_the_one_stored_last() -> None:
    many = [read("r1", 0, "version v1"), moved_on(100), read("early", 200, "version v2"), cut(2 * DAY)]
    verdict = judged([*many, read("r2", 3 * DAY, "version v2")], SECRET)
    assert verdict.value != "violated" and "safe to delete" in verdict.reason
    late = judged([*many, read("late", 3 * DAY, "version v1", OTHER)], SECRET)
    assert [e.uid for e in late.evidence] == ["late"]


@pytest.mark.parametrize(("old", "new"), [("version 9", "version 10"), ("version b", "version a")])
def test_where_no_record_stored_it_the_newest_that_was_read_is_never_old(old: str, new: str) -> None:
    many = [read("r1", 0, old), read("r2", 50, new), cut(100)]
    assert judged([*many, read("r3", 2 * DAY, new)], SECRET).value != "violated"
    late = judged([*many, read("late", 2 * DAY, old, OTHER)], SECRET)
    assert [e.uid for e in late.evidence] == ["late"]
    one = judged([read("r1", 0, old), cut(100), read("late", 2 * DAY, old)], SECRET)
    assert one.value == "violated", "a single version is what the cut-over ended"


def test_a_version_that_goes_while_it_is_the_newest_takes_its_rotation_back() -> None:
    many = [read("r1", 0, "version v1"), moved_on(100), read("r2", 150, "version v2")]
    gone = cut(300, "version v2", GONE, "gone")
    after = read("r3", 3 * DAY, "version v1")
    assert judged([*many, after], SECRET).value == "violated"
    back = judged([*many, gone, after], SECRET)
    assert back.value == "assumed" and "was taken back at" in back.reason
    again = cut(400, "version v2", BACK, "again")
    assert judged([*many, gone, again, after], SECRET).value == "violated"
    next_one = moved_on(200, "version v3", "staged again")
    old_went = judged([*many, next_one, read("r4", 250, "version v3"), gone, after], SECRET)
    assert old_went.value == "violated", "an old one that goes takes nothing back"


HERE, THERE = "eu-west-1 Aaaaaa", "us-east-1 Bbbbbb"


def read_of(which: str, uid: str, at: float, version: str, actor: str = ROLE) -> Activity:
    effect = Fetched(SECRET, version, which)
    return use(uid, at, actor, f"aws:key/of {actor}", effects=(effect,), action="secret_read")


def test_two_secrets_of_one_name_are_rotated_each_for_itself() -> None:
    staged = cut(100, "version v2", UNSAID, "staged", HERE)
    many = [read_of(HERE, "r1", 0, "version v1"), staged, read_of(HERE, "r2", 150, "version v2")]
    twin = [read_of(THERE, "t1", 0, "version w1", OTHER), read_of(THERE, "t2", 3 * DAY, "version w1", OTHER)]
    assert judged([*many, *twin], SECRET).value != "violated"
    replica = read_of("us-east-1 Aaaaaa", "pinned", 3 * DAY, "version v1", OTHER)
    assert [e.uid for e in judged([*many, replica], SECRET).evidence] == ["pinned"]
    by_name = read_of("eu-west-1", "by name", 3 * DAY, "version v1", OTHER)
    assert [e.uid for e in judged([*many, by_name], SECRET).evidence] == ["by name"]


def test_both_of_one_name_that_were_rotated_have_a_row_each() -> None:
    many = [cut(100, "version v2", UNSAID, "here", HERE), cut(100, "version w2", UNSAID, "there", THERE)]
    many += [read_of(HERE, "r", 150, "version v2"), read_of(THERE, "t0", 10, "version w1", OTHER)]
    many += [read_of(THERE, "t", 150, "version w2"), read_of(THERE, "t1", 3 * DAY, "version w1", OTHER)]
    time = T0 + int(4 * DAY * SECOND)
    world = every_way(many, Clock(time, {"cloudtrail": time}))
    rows = {
        r.verdict.subject: r.verdict for r in world.last.values() if r.verdict and r.verdict.control == NAME
    }
    assert set(rows) == {f"{SECRET} ({HERE})", f"{SECRET} ({THERE})"}
    assert rows[f"{SECRET} ({HERE})"].value != "violated"
    assert [e.uid for e in rows[f"{SECRET} ({THERE})"].evidence] == ["t1"]


def test_who_rotates_reads_the_one_before_from_its_own_place_and_while_it_rotates() -> None:
    rotator = "aws:111122223333:role/rotator"
    many = [moved_on(0, "version v1", "first"), moved_on(30 * DAY, "version v2", "second")]
    many += [read("c1", 100, "stage AWSCURRENT"), read("c2", 30 * DAY + 100, "stage AWSCURRENT")]
    own = read("own", 30 * DAY - 20, "stage AWSPREVIOUS", rotator)
    assert judged([*many, own], SECRET).value != "violated"
    for other in (
        read("own", 29 * DAY, "stage AWSPREVIOUS", rotator),
        read("own", 30 * DAY - 20, "stage AWSPREVIOUS", rotator, place="203.0.113.66"),
        read("own", 30 * DAY - 20, "stage AWSPREVIOUS", OTHER),
    ):
        assert [e.uid for e in judged([*many, other], SECRET).evidence] == ["own"]
