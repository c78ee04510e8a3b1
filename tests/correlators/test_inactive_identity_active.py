"""Cases of inactive_identity_active."""

from __future__ import annotations

from schemas.activity import Activity, Aliased, Ended, Restored, Stated
from schemas.declaration import Declaration, Spell
from schemas.evidence import SECOND
from schemas.verdict import Severity, Verdict
from tests.correlators.test_revoked_credential_used import must, verdict_of
from tests.correlators.test_root_credential_made import approved
from tests.support.make import T0, USER, change, use

NAME = "inactive_identity_active"


def declared(
    recorded: float, *spells: tuple[str, float], identity: str = USER, owner: str = "team-x"
) -> Activity:
    statuses = tuple(Spell(value, T0 + int(at * SECOND)) for value, at in spells)
    body = Declaration(T0 + int(recorded * SECOND), f"record {recorded}", owner=owner, statuses=statuses)
    return Activity(f"record {recorded}", body.recorded, "inventory", effects=(Stated(identity, body),))


def judged(activities: list[Activity], subject: str = USER) -> Verdict:
    return must(activities, subject, NAME)


def test_a_use_after_the_declared_end_violates_and_names_owner_and_record() -> None:
    verdict = judged(
        [declared(0, ("active", 0), ("decommissioned", 50)), use("before", 20), use("after", 100)]
    )
    assert (verdict.value, verdict.severity, verdict.owner) == ("violated", Severity.HIGH, "team-x")
    assert [e.uid for e in verdict.claim] == ["record 0"] and [e.uid for e in verdict.evidence] == ["after"]


def test_a_record_that_arrives_after_the_use_speaks_of_it_too() -> None:
    assert judged([use("use", 100), declared(500, ("decommissioned", 50))]).value == "violated"


def test_an_active_identity_has_no_row() -> None:
    assert verdict_of([declared(0, ("active", 0)), use("a", 10)], USER, NAME) is None


def test_taken_back_before_the_next_use_is_no_finding() -> None:
    many = [declared(0, ("decommissioned", 50)), declared(80, ("active", 0)), use("use", 100)]
    assert verdict_of(many, USER, NAME) is None


def test_taken_back_after_the_use_ends_the_finding() -> None:
    verdict = judged([declared(0, ("decommissioned", 50)), use("use", 100), declared(200, ("active", 0))])
    assert verdict.value == "assumed" and verdict.severity == Severity.HIGH


def test_a_use_under_a_break_glass_approval_is_no_gap_and_one_outside_it_is() -> None:
    many = [declared(0, ("inactive", 50)), approved(USER, 100, 200, "break-glass"), use("covered", 150)]
    quiet = judged(many)
    assert quiet.value == "assumed" and quiet.severity is None and "break-glass" in quiet.reason
    loud = judged([*many, use("later", 500)])
    assert loud.value == "violated" and [e.uid for e in loud.evidence] == ["later"]


def test_an_approval_of_another_grant_wakes_nobody() -> None:
    many = [declared(0, ("inactive", 50)), approved(USER, 100, 200, "role/reader"), use("use", 150)]
    assert judged(many).value == "violated"


def test_two_clocks_decide_nothing_within_their_skew() -> None:
    assert judged([declared(0, ("inactive", 50)), use("use", 51)]).value == "assumed"


def test_no_use_since_is_assumed_and_an_uncollected_source_unverifiable() -> None:
    assert judged([declared(0, ("inactive", 50)), use("use", 10)]).value == "assumed"
    assert judged([declared(0, ("inactive", 50))]).value == "unverifiable"


def test_only_forbidden_uses_are_medium() -> None:
    assert (
        judged([declared(0, ("inactive", 50)), use("use", 99, outcome="forbidden")]).severity
        == Severity.MEDIUM
    )


def test_every_alias_of_the_identity_counts() -> None:
    alias = change("alias", 0, Aliased(USER, "agent:svc/bot"), source="inventory")
    verdict = judged(
        [alias, declared(0, ("disabled", 50), identity="agent:svc/bot"), use("use", 99)], "agent:svc/bot"
    )
    assert verdict.value == "violated" and verdict.evidence[0].actor == USER


def test_the_provider_switch_is_proven_by_a_refusal_and_closed_by_enabling() -> None:
    entity = "vault:default:entity/e"
    off = change("off", 10, Ended("entity disabled", "disabled", identity=entity), source="vault")
    on = change("on", 50, Restored("entity enabled", identity=entity), source="vault")
    tried = use("try", 30, entity, "vault:default:accessor/a", outcome="unauthenticated", source="vault")
    fine = use("fine", 80, entity, "vault:default:accessor/a", source="vault")
    subject = f"{entity} provider switch"
    assert judged([off, tried, on, fine], subject).value == "proven"
    broken = use("bad", 30, entity, "vault:default:accessor/a", source="vault")
    assert judged([off, broken], subject).value == "violated"
