"""Cases of root_credential_made."""

from __future__ import annotations

import pytest

from schemas.activity import Activity, Ended, Issued, Known, Restored
from schemas.evidence import iso
from schemas.fact import facts_of
from schemas.naming import spoken
from schemas.verdict import Clock, Severity, Verdict
from tests.support.declared import approved, at, declared, verdicts
from tests.support.make import KEY, USER, change, use
from tests.support.scenario import World

NAME = "root_credential_made"
ROOT = "aws:111122223333:root"
TOKEN = "vault:prod:accessor/root1"
COVER = declared("vault:prod:entity/known")


def made(when: float = 10, credential: str = TOKEN) -> Activity:
    issued = {"effects": (Issued(credential, "", "root"),), "operation": "sys/generate-root/update"}
    return use("made", when, "vault:prod:entity/ada", "vault:prod:accessor/ada", source="vault", **issued)


def used(uid: str, when: float, credential: str = TOKEN, **more: object) -> Activity:
    return use(uid, when, "", credential, source="vault", **more)


def judged(many: list[Activity]) -> Verdict:
    (verdict,) = verdicts(NAME, many)
    return verdict


def test_a_root_token_made_and_used_without_an_approval_is_high_for_its_privilege() -> None:
    verdict = judged([COVER, made(), used("one", 20)])
    assert (verdict.subject, verdict.value, verdict.severity) == (TOKEN, "violated", Severity.HIGH)
    assert [e.uid for e in verdict.evidence] == ["made", "one"]
    assert verdict.next_step == "ask vault:prod:entity/ada about sys/generate-root/update"


def test_where_no_inventory_speaks_it_is_told_and_alarms_nobody() -> None:
    verdict = judged([made(), used("one", 20)])
    assert (verdict.value, verdict.severity) == ("violated", Severity.INFORMATIONAL)


def test_an_approval_of_the_installations_root_covers_the_ceremony_even_recorded_late() -> None:
    ceremony = approved("vault:prod:root", 0, 100)
    verdict = judged([COVER, made(), used("one", 20), ceremony])
    assert (verdict.value, verdict.severity) == ("proven", None)
    assert verdict.reason.endswith("all within approvals (T-1)")


def test_a_use_after_the_ceremony_is_outside_its_approval() -> None:
    ceremony = approved("vault:prod:root", 0, 100)
    verdict = judged([made(), used("one", 20), used("late", 500), ceremony])
    assert (verdict.severity, [e.uid for e in verdict.evidence]) == (Severity.HIGH, ["late"])


def test_an_approval_of_another_vault_covers_nothing() -> None:
    assert judged([COVER, made(), approved("vault:other:root", 0, 100)]).severity == Severity.HIGH


def test_its_revocation_ends_the_finding() -> None:
    gone = change("gone", 50, Ended("revoke-self", "revoked", TOKEN), source="vault")
    verdict = judged([COVER, made(), used("one", 20), gone])
    assert (verdict.value, verdict.severity) == ("assumed", Severity.HIGH)


def test_the_root_of_an_account_needs_an_approval_too() -> None:
    acts = [use("console", 10, ROOT, "aws:111122223333:password/root", operation="ConsoleLogin")]
    cover = declared("aws:111122223333:role/x")
    assert judged([cover, *acts]).severity == Severity.HIGH
    assert judged([cover, *acts, approved(ROOT, 0, 60)]).value == "proven"


def test_a_key_made_for_the_root_counts_before_it_is_used() -> None:
    key = change("key", 10, Issued(KEY, ROOT, "access_key"))
    verdict = judged([declared(ROOT), key])
    assert verdict.subject == ROOT and "was made without an approval" in verdict.title


def test_who_acts_under_break_glass_approvals_acts_only_within_them() -> None:
    granted = approved(USER, 0, 100, "break-glass")
    assert judged([granted, use("in", 50)]).value == "proven"
    outside = judged([granted, use("in", 50), use("out", 500)])
    assert (outside.severity, [e.uid for e in outside.evidence]) == (Severity.MEDIUM, ["out"])


def test_approvals_of_other_grants_make_no_break_glass_identity() -> None:
    assert verdicts(NAME, [approved(USER, 0, 100, "role/admin"), use("out", 500)]) == []


def test_two_clocks_may_differ_at_the_edge_of_an_approval() -> None:
    assert judged([approved(USER, 0, 100, "break-glass"), use("edge", 101)]).value == "proven"


def test_ordinary_credentials_have_no_row() -> None:
    assert verdicts(NAME, [COVER, use("u", 10), change("k", 5, Issued(KEY, USER, "access_key"))]) == []


@pytest.mark.parametrize("outcome", ["failed", "forbidden"])
def test_every_authenticated_use_is_a_use(outcome: str) -> None:
    verdict = judged([COVER, made(), approved("vault:prod:root", 0, 15), used("u", 20, outcome=outcome)])
    assert [e.uid for e in verdict.evidence] == ["u"]


def test_a_refused_try_is_no_use() -> None:
    covered = [COVER, made(), approved("vault:prod:root", 0, 15)]
    assert judged([*covered, used("no", 20, outcome="unauthenticated")]).value == "proven"


def test_an_approval_without_a_ticket_is_one_too() -> None:
    verdict = judged([COVER, made(), approved("vault:prod:root", 0, 100, ticket="")])
    assert verdict.value == "proven" and verdict.reason.endswith("all within approvals")


def test_restored_after_its_end_it_is_open_again() -> None:
    off = change("off", 50, Ended("disabled", "disabled", TOKEN), source="vault")
    on = change("on", 70, Restored("enabled", credential=TOKEN), source="vault")
    assert judged([COVER, made(), used("one", 20), off]).value == "assumed"
    assert judged([COVER, made(), used("one", 20), off, on]).value == "violated"


def test_an_approval_that_arrives_last_withdraws_what_was_told() -> None:
    ceremony = approved("vault:prod:root", 0, 100)
    world = World(1, Clock(ceremony.time + 3_600_000_000, {"vault": ceremony.time}))
    for step in ([COVER, made(), used("one", 20)], [ceremony]):
        for activity in step:
            world.take(facts_of(activity))
        world.settle()
    (report,) = [r for r in world.last.values() if r.reported.control == NAME]
    assert (report.detail, report.finding) == ("withdrawn", True)


def test_its_words_tell_what_was_made_or_used_and_under_what() -> None:
    bare = judged([COVER, made(), used("one", 20)])
    assert bare.title == f"{spoken(TOKEN)}: a root credential was made without an approval"
    assert bare.reason.startswith("2 acts on record from") and bare.reason.endswith(
        "no approval is on record"
    )
    assert [(e.start, e.end) for e in bare.episodes] == [(at(10), 0)]
    ceremony = approved("vault:prod:root", 0, 15)
    late = judged([COVER, made(), used("one", 20), ceremony])
    assert late.title.endswith("was used without an approval")
    assert late.reason.endswith("outside the 1 approvals on record")
    assert [e.uid for e in late.claim] == ["approval"]
    gone = change("gone", 50, Ended("revoke-self", "revoked", TOKEN), source="vault")
    over = judged([COVER, made(), used("one", 20), gone])
    assert f"it was ended at {iso(at(50))}" in over.reason and over.episodes[0].end == at(50)
    covered = judged([COVER, made(), approved("vault:prod:root", 0, 100)])
    assert covered.title.endswith("was made under an approval") and covered.episodes == ()
    assert covered.next_step == "" and "was ended" not in covered.reason


def test_a_root_credential_whose_making_was_not_seen_is_known_by_its_use() -> None:
    known = change("known", 5, Known(TOKEN, TOKEN, "root"), source="vault")
    verdict = judged([COVER, known, used("one", 20)])
    assert [e.uid for e in verdict.evidence] == ["one"] and "was used without" in verdict.title


def test_a_root_that_makes_its_own_key_did_one_thing() -> None:
    key = Issued(KEY, ROOT, "access_key")
    own = use("make", 10, ROOT, "aws:111122223333:password/root", effects=(key,), action="identity_write")
    verdict = judged([declared(ROOT), own])
    assert "1 act on record" in verdict.reason
    assert verdict.title == f"{spoken(ROOT)}: the root of the account was made without an approval"


def test_a_break_glass_identity_is_called_so() -> None:
    verdict = judged([approved(USER, 0, 100, "break-glass"), use("out", 500)])
    assert verdict.title == f"{spoken(USER)}: a break-glass identity was used without an approval"
