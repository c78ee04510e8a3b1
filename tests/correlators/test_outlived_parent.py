"""Cases of outlived_parent: one finding per kill, in the dossier of what was killed."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import frozen
from schemas.activity import Activity, Ended, Issued, Known, Parent, Renewed, Restored, Rotated
from schemas.naming import held
from schemas.verdict import Severity, Verdict
from tests.support.judged import as_time_passes, must, verdict_of
from tests.support.make import KEY, ROLE, SESSION, T0, USER, change, issue, kill, restore, use
from tests.support.scenario import clock_after, run

NAME = "outlived_parent"
MINUTE = 60_000_000


def session(expires_after: int, name: str = SESSION, at: float = 0) -> Activity:
    return issue(f"issue {name}", at, name, ROLE, KEY, USER, expires=T0 + expires_after * MINUTE)


def acts(uid: str, at: float, name: str = SESSION, **more: Any) -> Activity:
    return use(uid, at, ROLE, name, **more)


def judged(activities: list[Activity], subject: str = KEY) -> Verdict:
    return must(activities, subject, NAME)


def test_a_session_that_goes_on_after_its_key_died_is_a_residual() -> None:
    verdict = judged(
        [
            session(50),
            acts("before", 5),
            kill("kill", 10),
            acts("first", 60),
            acts("last", 90),
            use("late", 9000, "aws:1:user/x", "aws:key/x"),
        ]
    )
    assert verdict.severity == Severity.LOW
    assert [e.uid for e in verdict.claim] == ["kill"] and [e.uid for e in verdict.evidence] == [
        "first",
        "last",
    ]
    assert verdict.identity == USER and verdict.others == (ROLE,) and held(SESSION) in verdict.title


def test_a_long_residual_is_medium_and_open_until_it_is_over() -> None:
    verdict = judged([session(700), kill("kill", 10), acts("use", 60)])
    assert (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)


def test_an_unknown_expiry_is_medium() -> None:
    assert (
        judged([issue("i", 0, SESSION, ROLE, KEY, USER), kill("kill", 10), acts("use", 60)]).severity
        == Severity.MEDIUM
    )


def test_a_session_past_its_expiry_is_over() -> None:
    many = [session(10), kill("kill", 10), acts("use", 60)]
    world = run(many, clock_after(many, hours=2))
    verdict = next(r.verdict for r in world.last.values() if r.verdict and r.verdict.control == NAME)
    assert verdict.value == "proven" and verdict.severity == Severity.LOW


def test_one_kill_is_one_finding_over_all_descendants() -> None:
    many = [
        session(700),
        session(700, "aws:key/ASIA2", 1),
        kill("kill", 10),
        acts("a", 60),
        acts("b", 70, "aws:key/ASIA2"),
    ]
    assert [e.uid for e in judged(many).evidence] == ["a", "b"]
    assert verdict_of(many, SESSION, NAME) is None


def test_the_residual_goes_down_role_chains() -> None:
    chained = issue("chain", 5, "aws:key/ASIA9", "aws:1:role/next", SESSION, ROLE, expires=T0 + 700 * MINUTE)
    verdict = judged(
        [session(700), chained, kill("kill", 10), use("use", 60, "aws:1:role/next", "aws:key/ASIA9")]
    )
    assert "aws:1:role/next" in verdict.others


def test_what_the_provider_claims_to_cut_is_high_beyond_its_grace() -> None:
    child = change(
        "c",
        1,
        Issued("aws:key/ASIAC", "aws:1:role/e", "service", parents={KEY: Parent("dies_with", USER)}),
    )
    used = use("use", 60, "aws:1:role/e", "aws:key/ASIAC")
    assert judged([child, kill("kill", 10), used]).severity == Severity.HIGH
    within = use("use", 14, "aws:1:role/e", "aws:key/ASIAC")
    assert judged([child, kill("kill", 10), within]).severity is None


def test_a_refused_descendant_proves() -> None:
    child = change(
        "c",
        1,
        Issued("aws:key/ASIAC", "aws:1:role/e", "service", parents={KEY: Parent("dies_with", USER)}),
    )
    tried = use("try", 60, "aws:1:role/e", "aws:key/ASIAC", outcome="unauthenticated")
    verdict = judged([child, kill("kill", 10), tried])
    assert verdict.value == "proven" and [e.uid for e in verdict.evidence] == ["try"]


def test_a_renewal_after_the_death_of_the_origin_is_high() -> None:
    assert (
        judged([session(50), kill("kill", 10), acts("renew", 60, action="renew")]).severity == Severity.HIGH
    )


def test_orphans_and_kills_that_do_not_carry_concern_no_descendant() -> None:
    orphan = change(
        "c",
        1,
        Issued("vault:d:accessor/c", "vault:d:entity/e", "service", parents={KEY: Parent("made_by", USER)}),
    )
    used = use("use", 60, "aws:1:role/e", "aws:key/ASIAC")
    assert verdict_of([orphan, kill("kill", 10), used], KEY, NAME) is None
    child = change(
        "c",
        1,
        Issued("aws:key/ASIAC", "aws:1:role/e", "service", parents={KEY: Parent("dies_with", USER)}),
    )
    assert verdict_of([child, kill("kill", 10, carries=False), used], KEY, NAME) is None


def test_a_session_revoking_policy_is_an_explicit_cut() -> None:
    cut = change("cut", 10, Ended("PutRolePolicy AWSRevokeOlderSessions", "cut", identity=ROLE))
    many = [session(700), cut, acts("use", 400)]
    verdict = judged(many, f"{ROLE} sessions")
    assert (verdict.value, verdict.severity) == ("violated", Severity.HIGH)
    assert judged([session(700), cut, acts("use", 200)], f"{ROLE} sessions").severity is None
    assert (
        judged([session(700), cut, acts("no", 400, outcome="forbidden")], f"{ROLE} sessions").value
        == "proven"
    )


def test_sessions_issued_after_the_cut_are_free_of_it() -> None:
    cut = change("cut", 10, Ended("PutRolePolicy AWSRevokeOlderSessions", "cut", identity=ROLE))
    many = [cut, session(700, at=20), acts("use", 400)]
    verdict = verdict_of(many, f"{ROLE} sessions", NAME)
    assert verdict is None or verdict.severity is None


def test_a_session_whose_issue_was_not_collected_is_cut_too_and_lives_again_when_the_policy_goes() -> None:
    cut = change("cut", 10, Ended("PutRolePolicy AWSRevokeOlderSessions", "cut", identity=ROLE))
    lifted = change("lifted", 350, Restored("DeleteRolePolicy AWSRevokeOlderSessions", "cut", identity=ROLE))
    many = [acts("before", 5), cut, acts("use", 400)]
    assert judged(many, f"{ROLE} sessions").severity == Severity.HIGH
    assert judged([*many, lifted], f"{ROLE} sessions").severity is None


def test_a_parent_that_is_enabled_again_closes_it_and_what_came_after_that_is_no_residual() -> None:
    off, on = kill("off", 10, kind="disabled"), restore("on", 300)
    ended = judged([session(50), off, acts("in between", 60), on, acts("after", 400)])
    assert ended.value == "assumed" and "restored" in ended.reason
    assert [e.uid for e in ended.evidence] == ["in between"]
    fine = judged([session(700), off, on, acts("after", 400)])
    assert (fine.value, fine.severity) == ("assumed", None)
    assert "what came from" in fine.title and "worked on" not in fine.title


def test_a_session_of_a_day_and_a_half_is_open_all_that_time() -> None:
    many = [session(36 * 60), kill("kill", 10), acts("use", 35 * 3600)]
    verdict = judged(many)
    assert (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)
    still, over = as_time_passes(many, T0 + 36 * 60 * MINUTE + 1, NAME)
    assert (still.value, over.value) == ("violated", "proven")


def test_a_batch_child_dies_with_its_parent_beyond_the_grace() -> None:
    child, home = "vault:d:accessor/c", "vault:d:entity/e"
    parents = {"vault:d:accessor/p": Parent("dies_with", home)}
    born = change("c", 1, Issued(child, home, "batch", parents=parents), source="vault")
    revoked = Ended("revoke", "revoked", "vault:d:accessor/p", home, claims_cut=True, carries=True)
    killed = change("kill", 10, revoked, source="vault")
    used = use("use", 60, home, child, source="vault")
    assert judged([born, killed, used], "vault:d:accessor/p").severity == Severity.HIGH
    refused = use("no", 60, home, child, source="vault", outcome="unauthenticated")
    assert judged([born, killed, refused], "vault:d:accessor/p").value == "proven"


@pytest.mark.parametrize("outcome", ["failed", "forbidden"])
def test_every_authenticated_use_shows_that_it_lives(outcome: str) -> None:
    assert judged([session(50), kill("kill", 10), acts("use", 60, outcome=outcome)]).severity == Severity.LOW


@pytest.mark.parametrize(("seconds", "severity"), [(3609, Severity.LOW), (3610, Severity.MEDIUM)])
def test_a_residual_is_short_up_to_an_hour(seconds: int, severity: Severity) -> None:
    born = issue("i", 0, SESSION, ROLE, KEY, USER, expires=T0 + seconds * 1_000_000)
    assert judged([born, kill("kill", 10), acts("use", 60)]).severity == severity


@pytest.mark.parametrize(("at", "severity"), [(11, None), (13, Severity.LOW)])
def test_between_two_producers_the_skew_is_granted(at: float, severity: Severity | None) -> None:
    many = [session(50), kill("kill", 10), acts("use", at, instance="elsewhere")]
    assert judged(many).severity == severity


def test_a_renewal_before_the_death_of_the_origin_weighs_nothing() -> None:
    many = [session(50), acts("renew", 5, action="renew"), kill("kill", 10), acts("use", 60)]
    assert judged(many).severity == Severity.LOW


def test_a_periodic_token_is_open_as_long_as_it_is_renewed() -> None:
    renewed = acts("renew", 3000, action="renew", effects=(Renewed(SESSION, ROLE, T0 + 120 * MINUTE),))
    many = [session(55), kill("kill", 10), renewed]
    verdict = judged(many)
    assert (verdict.value, verdict.severity) == ("violated", Severity.HIGH)
    still, over = as_time_passes(many, T0 + 120 * MINUTE + 1, NAME)
    assert (still.value, over.value) == ("violated", "proven")
    endless = [issue("i", 0, SESSION, ROLE, KEY, USER), kill("kill", 10), acts("use", 9000 * 3600)]
    assert judged(endless).value == "violated" and "an unknown time" in judged(endless).reason


def test_a_refusal_before_the_kill_or_before_the_last_success_proves_nothing() -> None:
    no = {"outcome": "unauthenticated"}
    assert judged([session(700), acts("no", 5, **no), kill("kill", 10)]).value == "assumed"
    off, on = kill("off", 10, kind="disabled"), restore("on", 50)
    between = [session(700), off, on, acts("no", 60, **no), kill("gone", 100)]
    assert judged(between).value == "assumed"
    many = [session(700), kill("kill", 10), acts("no", 30, **no), acts("use", 60)]
    assert judged(many).value == "violated"
    assert judged([*many, acts("again", 90, **no)]).value == "proven"


def test_of_many_descendants_the_next_to_expire_is_asked_for() -> None:
    many = [session(20), session(700, "aws:key/ASIA2"), kill("kill", 10), acts("use", 60)]
    still, over = as_time_passes([*many, acts("b", 70, "aws:key/ASIA2")], T0 + 700 * MINUTE + 1, NAME)
    assert (still.value, over.value) == ("violated", "proven")


def test_a_kill_that_carries_nothing_is_not_taken_for_a_later_one_that_does() -> None:
    parents = {KEY: Parent("dies_with", USER)}
    child = change("c", 1, Issued("vault:d:accessor/c", "vault:d:entity/e", "service", parents=parents))
    orphaned = kill("orphaned", 10, kind="disabled", carries=False)
    used = use("use", 60, "aws:1:role/e", "aws:key/ASIAC")
    many = [child, orphaned, used, restore("on", 80), kill("tree", 100)]
    assert judged(many).severity is None
    late = use("late", 150, "aws:1:role/e", "aws:key/ASIAC")
    again = [kill("tree", 10, kind="disabled"), restore("on", 50), kill("orphaned", 100, carries=False)]
    assert judged([child, *again, late]).severity is None


CUT = change("cut", 10, Ended("PutRolePolicy AWSRevokeOlderSessions", "cut", identity=ROLE))


def test_of_cut_sessions_every_refusal_after_the_last_success_proves() -> None:
    subject = f"{ROLE} sessions"
    denied = acts("no", 350, outcome="unauthenticated")
    assert judged([session(700), CUT, denied], subject).value == "proven"
    again = judged([session(700), CUT, denied, acts("use", 400, outcome="failed")], subject)
    assert (again.value, again.severity) == ("violated", Severity.HIGH)
    early = acts("early", 5, outcome="forbidden")
    assert judged([session(700), early, CUT], subject).value == "assumed"


def test_what_comes_from_a_cut_session_is_high() -> None:
    chained = issue("chain", 5, "aws:key/ASIA9", "aws:1:role/next", SESSION, ROLE, expires=T0 + 50 * MINUTE)
    many = [session(700), chained, CUT, use("use", 400, "aws:1:role/next", "aws:key/ASIA9")]
    assert judged(many, SESSION).severity == Severity.HIGH


def test_only_a_cut_cuts_sessions_and_only_sessions_are_cut() -> None:
    gone = change("gone", 10, Ended("DeleteRole", "deleted", identity=ROLE))
    assert verdict_of([session(700), gone, acts("use", 400)], f"{ROLE} sessions", NAME) is None
    cut = change("cut", 10, Ended("PutUserPolicy AWSRevokeOlderSessions", "cut", identity=USER))
    made = change("made", 0, Issued(KEY, USER, "access_key"))
    assert judged([made, cut, use("own key", 400)], f"{USER} sessions").severity is None
    token = issue("i", 0, "aws:key/TOKEN", ROLE, KEY, USER)
    assert judged([token, CUT, acts("use", 400, "aws:key/TOKEN")], f"{ROLE} sessions").severity


def test_a_rotation_does_not_hide_what_is_high() -> None:
    new = "aws:key/NEW"
    made = [change(k, t, Issued(k, USER, "access_key")) for k, t in ((KEY, 0), (new, 4))]
    cut_over = Rotated(USER, successor=new, at=T0 + 5_000_000, overlap=0, how="cut-over")
    rotated = Activity("rotated", T0 + 5_000_000, "cloudtrail", effects=(cut_over,))
    many = [*made, session(50), rotated, kill("kill", 10)]
    assert verdict_of([*made, session(50), rotated, acts("use", 60)], KEY, NAME) is None, "not yet dead"
    assert judged([*many, acts("use", 60)]).severity is None
    assert judged([*many, acts("renew", 60, action="renew")]).severity == Severity.HIGH


def test_the_leases_of_a_dead_token_are_seen_by_what_they_lease() -> None:
    token, home = "vault:d:accessor/p", "vault:d:entity/e"
    leased = Issued("vault:d:lease/db/1", home, "lease", parents={token: Parent("dies_with", home)})
    lease = change("i", 0, leased, source="vault")
    dead = change("kill", 10, Ended("revoke", "revoked", token, home), source="vault")
    assert judged([lease, dead], token).value == "unverifiable"


def test_what_a_session_does_after_its_own_end_is_the_other_controls_to_tell() -> None:
    """A deleted user ends its keys and the sessions that they asked for alike: one cause, one finding."""
    own = issue("issue own", 0, SESSION, USER, KEY, USER, expires=T0 + 700 * MINUTE)
    deleted = change("user deleted", 600, Ended("DeleteUser", "deleted", identity=USER))
    between, after = use("between", 300, USER, SESSION), use("after", 900, USER, SESSION)
    verdict = must([own, deleted, after], SESSION, "revoked_credential_used")
    assert [e.uid for e in verdict.evidence] == ["after"]
    for ends in ([deleted], [kill("kill", 10), deleted]):
        row = judged([own, *ends, after])
        assert row.severity is None and "as revoked_credential_used tells" in row.reason
    assert [e.uid for e in judged([own, kill("kill", 10), between, deleted, after]).evidence] == ["between"]


# Tokens whose uses are seen under a key that several share


SHARED = "gcp:impersonation/orders/payments"
TOKEN, LATER = "gcp:token/orders/1", "gcp:token/orders/2"
PAYER, ORDERS = "gcp:p:payments@p.iam.gserviceaccount.com", "gcp:p:orders@p.iam.gserviceaccount.com"
FIRST, SECOND_KEY = "gcp:key/payments/1", "gcp:key/payments/2"


def minted(at: float, token: str, key: str, hours: float = 12) -> Activity:
    until = T0 + int((at + hours * 3600) * 1_000_000)
    parents = {key: Parent("came_from", PAYER)}
    made = Issued(token, ORDERS, "access_token", parents=parents, seen_as=SHARED, seen_until=until)
    return use(f"mint {token}", at, PAYER, key, source="gcp", effects=(made,))


def impersonated(uid: str, at: float) -> Activity:
    return use(uid, at, ORDERS, SHARED, source="gcp")


def outlived(*many: Activity) -> Verdict | None:
    end = Ended("DeleteServiceAccountKey", "deleted", FIRST, PAYER)
    gone = change("gone", 100, end, source="gcp")
    return verdict_of([*many, gone], FIRST, NAME)


def test_a_token_that_is_seen_under_a_shared_key_outlives_the_key_it_was_made_with() -> None:
    verdict = outlived(minted(10, TOKEN, FIRST), impersonated("before", 50), impersonated("late", 7200))
    assert verdict is not None and (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)
    assert [e.uid for e in verdict.evidence] == ["late"]


def test_uses_that_may_be_a_later_tokens_are_not_the_dead_keys() -> None:
    """As at a rotation, whose successor makes the next token."""
    many = [minted(10, TOKEN, FIRST), minted(3600, LATER, SECOND_KEY), impersonated("moved", 7200)]
    verdict = outlived(*many)
    assert verdict is not None and verdict.severity is None
    given = outlived(*many, impersonated("between", 1800))
    assert given is not None and [e.uid for e in given.evidence] == ["between"]
    own = outlived(minted(10, TOKEN, FIRST), minted(50, LATER, FIRST), impersonated("late", 7200))
    assert own is not None and [e.uid for e in own.evidence] == ["late"]


def test_beyond_the_longest_life_it_is_another_token() -> None:
    verdict = outlived(minted(10, TOKEN, FIRST, hours=1), impersonated("long after", 7200))
    assert verdict is not None and verdict.severity is None


def test_only_who_killed_the_parent_takes_its_death_back() -> None:
    many = [session(600), kill("kill", 10, kind="disabled"), acts("late", 120)]
    assert judged([*many, restore("on", 180)]).value == "assumed"
    other = {"identity": "aws:111122223333:user/ops2", "credential": "aws:key/OTHER"}
    verdict = judged([*many, frozen.changed(restore("on", 180), **other)])
    assert verdict.value == "violated" and "undone by another" in verdict.reason


def rotated(*more: Activity, of_by: str = "aws:111122223333:user/admin") -> list[Activity]:
    """A key whose successor is in use when it is ended, while a session of it runs from its host."""
    new = "aws:key/AKIANEXT000000000000"
    made = change("made", 5, Issued(new, USER, "access_key"), identity=of_by)
    known = change("old", 0, Issued(KEY, USER, "access_key"))
    return [known, use("own", 1), session(700), acts("before", 2), made, use("moves", 6, USER, new), *more]


def test_a_run_in_flight_at_a_planned_rotation_is_low_however_long_it_may_live() -> None:
    assert judged(rotated(kill("kill", 10), acts("on", 60))).severity == Severity.LOW
    elsewhere = acts("on", 60, place="203.0.113.9")
    assert judged(rotated(kill("kill", 10), elsewhere)).severity == Severity.MEDIUM
    by_itself = rotated(kill("kill", 10), acts("on", 60), of_by=USER)
    assert judged(by_itself).severity == Severity.MEDIUM, "a thief makes himself a second key, too"
    renewed = acts("on", 60, action="renew")
    assert judged(rotated(kill("kill", 10), renewed)).severity == Severity.MEDIUM
    wrote = acts("on", 60, action="identity_write", operation="iam:CreateUser")
    assert judged(rotated(kill("kill", 10), wrote)).severity == Severity.MEDIUM


# Keys of a console, which no record of an issue shows


CONSOLE = "aws:key/ASIACONSOLE"
OTHER_SESSION, OTHER_PARENT = "aws:key/ASIAOTHER", "aws:key/AKIAOTHER"


def console(uid: str, at: float, opened: float, **more: Any) -> Activity:
    known = Known(CONSOLE, ROLE, session="ops", opened=T0 + int(opened * 1_000_000))
    return use(uid, at, ROLE, CONSOLE, **{"effects": (known,), **more})


def named(at: float, name: str = SESSION, parent: str = KEY, session: str = "ops") -> Activity:
    return issue(f"issue {name}", at, name, ROLE, parent, USER, session=session)


def test_the_console_session_of_a_dead_keys_session_outlived_it() -> None:
    for opened in (0, 300):
        verdict = judged(
            [named(0), console("before", 350, opened), kill("kill", 600), console("late", 900, opened)]
        )
        assert (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)
        assert [e.uid for e in verdict.evidence] == ["late"]
        assert "by its session's name" in verdict.reason
    chained = issue("chained", 400, "aws:key/ASIACHAIN", "aws:222233334444:role/deep", CONSOLE, ROLE)
    deep = use("deep", 900, "aws:222233334444:role/deep", "aws:key/ASIACHAIN")
    found = judged([named(0), console("in", 350, 300), chained, kill("kill", 600), deep])
    assert [e.uid for e in found.evidence] == ["deep"] and found.severity == Severity.MEDIUM


def test_of_two_sessions_of_one_name_the_one_that_began_then_decides_else_it_is_low() -> None:
    both = [named(0), named(200, OTHER_SESSION, OTHER_PARENT), kill("kill", 600)]
    either = judged([*both, console("late", 900, 300)])
    assert either.severity == Severity.LOW and "alone, which 1 other session(s) had" in either.reason
    assert judged([*both, console("late", 900, 0)]).severity == Severity.MEDIUM
    row = judged([*both, console("late", 900, 200)])
    assert row.severity is None and row.value == "assumed"
    elsewhere = judged([named(0, session="another"), kill("kill", 600), console("late", 900, 300)])
    assert elsewhere.severity is None
    earlier = judged([named(400), kill("kill", 600), console("late", 900, 300)])
    assert earlier.severity is None, "it had begun before that session was issued"


def test_a_key_whose_own_issue_is_on_record_is_no_other_sessions_of_that_name() -> None:
    """Keys of federated users are known by name whether they came of a console or not."""
    born = issue("born", 200, CONSOLE, ROLE, OTHER_PARENT, USER, session="ops")
    many = [named(0), born, kill("kill", 600), console("late", 900, 200)]
    assert judged(many).severity is None
    own = issue("born", 200, CONSOLE, ROLE, KEY, USER, session="ops")
    assert judged([named(0), own, kill("kill", 600), console("late", 900, 200)]).severity == Severity.MEDIUM


def test_a_policy_that_revokes_sessions_reaches_the_console_session_that_began_before_it() -> None:
    cut = change("cut", 600, Ended("PutRolePolicy AWSRevokeOlderSessions", "cut", identity=ROLE))
    found = must([cut, console("late", 1_200, 300)], f"{ROLE} sessions", NAME)
    assert found.severity == Severity.HIGH
    after = verdict_of([cut, console("new", 1_200, 700)], f"{ROLE} sessions", NAME)
    assert after is None or after.severity is None


def test_a_role_that_is_taken_on_in_a_console_session_of_a_dead_key_outlived_it() -> None:
    """Two steps of which names stand: of the session that signed in, and of the one that was taken on."""
    deep = "aws:222233334444:role/deep"
    before, taken, used = "aws:1:console/ops/b", "aws:2:console/ops/t", "aws:key/ASIADEEP"
    moment = T0 + 300 * 1_000_000
    made = Issued(taken, deep, "session", parents={before: Parent("came_from", ROLE)}, session="ops")
    switch = use(
        "switch", 310, deep, taken, effects=(Known(before, ROLE, session="ops", opened=moment), made)
    )
    late = use(
        "late", 900, deep, used, effects=(Known(used, deep, session="ops", opened=moment + 10_000_000),)
    )
    many = [switch, kill("kill", 600), late]
    verdict = judged([named(0), *many])
    assert [e.uid for e in verdict.evidence] == ["late"] and verdict.severity == Severity.MEDIUM
    either = judged([named(0), named(200, OTHER_SESSION, OTHER_PARENT), *many])
    assert either.severity == Severity.LOW, "what is uncertain of the first step is of all that follow"
    assert (
        verdict_of([named(0, session="another"), *many], KEY, NAME) is None
        or judged([named(0, session="another"), *many]).severity is None
    )
