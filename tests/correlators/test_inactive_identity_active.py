"""Cases of inactive_identity_active."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.activity import Activity, Aliased, Begun, Ended, Issued, Restored, Stated
from schemas.declaration import Declaration, Period
from schemas.evidence import SECOND
from schemas.naming import held, spoken
from schemas.verdict import Severity, Verdict
from tests.support.declared import approved
from tests.support.judged import as_time_passes, must, verdict_of
from tests.support.make import KEY, T0, USER, change, use

NAME = "inactive_identity_active"


def declared(
    recorded: float, *periods: tuple[str, float], identity: str = USER, owner: str = "team-x"
) -> Activity:
    statuses = tuple(Period(value, T0 + int(at * SECOND)) for value, at in periods)
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


OFF = declared(0, ("active", 0), ("inactive", 50))
NO = {"outcome": "unauthenticated"}


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_every_use_that_was_not_denied_is_high(outcome: str) -> None:
    assert judged([OFF, use("use", 99, outcome=outcome)]).severity == Severity.HIGH


def test_a_try_that_was_refused_while_it_was_off_proves_that_it_is() -> None:
    proven = judged([OFF, use("no", 99, **NO)])
    assert (proven.value, proven.severity) == ("proven", None)
    assert [e.uid for e in proven.evidence] == ["no"]
    assert proven.title == f"{spoken(USER)} is recorded inactive"
    since = declared(0, ("active", 0), ("inactive", 50), ("active", 200))
    past = judged([since, use("no", 99, **NO)])
    assert past.value == "proven" and past.title == f"{spoken(USER)} is recorded inactive"
    assert judged([OFF, use("no", 20, **NO)]).value == "assumed"


def test_a_refusal_since_ends_the_finding_and_one_before_the_last_use_does_not() -> None:
    ended = judged([OFF, use("use", 99), use("no", 120, **NO)])
    assert (ended.value, ended.severity) == ("proven", Severity.HIGH)
    early = judged([OFF, use("no", 80, **NO), use("use", 99)])
    assert early.value == "violated" and early.episodes[0].end == 0


def test_a_refusal_of_one_credential_ends_nothing_while_another_that_was_used_may_live() -> None:
    minute = 60_000_000
    for expires, value in ((0, "violated"), (T0 + 9 * minute, "proven"), (T0 + 9000 * minute, "violated")):
        session = Issued("aws:key/ASIA1", USER, "session", expires=expires)
        many = [OFF, change("made", 20, session), use("use", 99, credential="aws:key/ASIA1")]
        assert judged([*many, use("login", 120, **NO)]).value == value
    still, over = as_time_passes([*many, use("login", 120, **NO)], T0 + 9000 * minute, NAME, USER)
    assert (still.value, over.value) == ("violated", "proven")
    cut = change("cut", 110, Ended("cut", "revoked", "aws:key/ASIA1", USER))
    assert judged([*many, cut, use("login", 120, **NO)]).value == "proven"
    assert judged([*many, use("no", 120, credential="aws:key/ASIA1", **NO)]).value == "proven"


def test_what_is_to_be_switched_off_later_has_no_row_yet() -> None:
    future = declared(0, ("active", 0), ("decommissioned", 10 * 86_400))
    assert verdict_of([future, use("use", 99)], USER, NAME) is None


def test_the_record_that_first_said_so_is_claimed_and_both_sides_are_to_be_asked() -> None:
    again = declared(80, ("active", 0), ("inactive", 50))
    verdict = judged([OFF, again, use("use", 99)])
    assert [e.uid for e in verdict.claim] == ["record 0"]
    assert verdict.next_step == "say which side is stale: the record or the use"
    assert verdict.reason.startswith("recorded inactive since") and "taken back" not in verdict.reason


def test_what_the_record_said_then_speaks_though_a_later_one_corrects_it() -> None:
    corrected = declared(200, ("active", 0), ("inactive", 150))
    verdict = judged([OFF, use("use", 99), corrected])
    assert (verdict.value, verdict.severity) == ("assumed", Severity.HIGH)
    assert verdict.reason.endswith("the record was taken back since")
    assert [e.uid for e in verdict.claim] == ["record 0"] and verdict.episodes[0].end
    assert "recorded inactive, is active with" in verdict.title


ENTITY = "vault:default:entity/e"
SWITCH = f"{ENTITY} provider switch"


def switched(uid: str, at: float) -> Activity:
    return change(uid, at, Ended("entity disabled", "disabled", identity=ENTITY), source="vault")


def enabled(uid: str, at: float) -> Activity:
    return change(uid, at, Restored("entity enabled", identity=ENTITY), source="vault")


def by_entity(uid: str, at: float, **more: object) -> Activity:
    return use(uid, at, ENTITY, "vault:default:accessor/a", source="vault", **more)


def test_the_period_of_the_switch_in_which_it_acted_is_claimed() -> None:
    many = [switched("off", 10), by_entity("bad", 30), enabled("on", 50)]
    verdict = judged(many, SWITCH)
    assert (verdict.value, [e.uid for e in verdict.claim]) == ("assumed", ["off"])
    again = judged([*many, switched("off again", 200)], SWITCH)
    assert (again.value, [e.uid for e in again.claim]) == ("violated", ["off"])


def test_an_identity_takes_back_nothing_that_another_said_of_it() -> None:
    many = [switched("off", 10), by_entity("bad", 60)]
    back = Restored("entity enabled", identity=ENTITY)
    for who in (ENTITY, "vault:default:entity/other"):
        undoing = change("on", 90, back, source="vault", identity=who)
        verdict = judged([*many, undoing], SWITCH)
        assert verdict.value == "violated" and f"by {who}" in verdict.reason
    declared_back = change("on", 90, back, source="inventory", identity="")
    assert judged([*many, declared_back], SWITCH).value == "assumed"


def test_a_switch_that_was_taken_back_before_any_use_no_longer_speaks() -> None:
    verdict = judged([switched("off", 10), enabled("on", 50), by_entity("fine", 90)], SWITCH)
    assert (verdict.value, verdict.severity) == ("assumed", None)
    assert "was recorded disabled" in verdict.title and "no use was seen while it was off" in verdict.reason


def test_a_refusal_proves_the_switch_only_while_it_is_off_and_after_the_last_use() -> None:
    assert judged([by_entity("no", 5, **NO), switched("off", 10)], SWITCH).value == "assumed"
    used = [switched("off", 10), by_entity("bad", 60)]
    assert judged([*used, by_entity("no", 30, **NO)], SWITCH).value == "violated"
    assert judged([*used, by_entity("no", 90, **NO)], SWITCH).value == "proven"


def test_a_deletion_is_no_switch() -> None:
    gone = change("gone", 10, Ended("entity deleted", "deleted", identity=ENTITY), source="vault")
    assert verdict_of([gone, by_entity("use", 60)], SWITCH, NAME) is None


def test_uses_under_another_key_of_the_identity_are_not_the_switchs() -> None:
    alias = change("alias", 0, Aliased(USER, ENTITY), source="inventory")
    assert judged([alias, switched("off", 10), use("elsewhere", 60)], SWITCH).severity is None


def test_of_two_periods_the_one_in_which_it_acted_is_told_with_the_record_that_made_it() -> None:
    twice = declared(0, ("inactive", 50), ("active", 100), ("disabled", 200))
    verdict = judged([twice, use("use", 250)])
    assert f"recorded disabled, is active with {held(KEY)}" in verdict.title
    later = declared(60, ("active", 0), ("inactive", 50))
    said = judged([declared(0, ("active", 0)), later, use("use", 99)])
    assert [e.uid for e in said.claim] == ["record 60"]


GONE = f"{USER} deleted"


def deleted(uid: str = "gone", at: float = 50, scope: str = "") -> Activity:
    return change(uid, at, Ended("DeleteUser", "deleted", identity=USER, scope=scope))


def bare(uid: str, at: float, **more: Any) -> Activity:
    """A use of which the log names no credential."""
    return use(uid, at, credential="", **more)


def test_a_deleted_identity_that_acts_without_a_credential_on_record_is_told() -> None:
    verdict = judged([bare("before", 10), deleted(), bare("after", 500)], GONE)
    assert (verdict.value, verdict.severity) == ("violated", Severity.HIGH)
    assert [e.uid for e in verdict.evidence] == ["after"]


def test_of_a_use_with_a_credential_the_controls_of_credentials_tell() -> None:
    assert verdict_of([deleted(), use("after", 500)], GONE, NAME) is None


def test_the_next_holder_of_a_deleted_name_is_another_one() -> None:
    made_again = change("made", 100, Restored("CreateUser", "remade", identity=USER))
    assert verdict_of([deleted(), made_again, bare("next", 500)], GONE, NAME) is None
    by_uid = [bare("old", 10, incarnation="1"), deleted(scope="1"), bare("next", 500, incarnation="2")]
    assert verdict_of(by_uid, GONE, NAME) is None
    unsaid = [bare("old", 10, incarnation="1"), deleted(), bare("next", 500, incarnation="2")]
    assert verdict_of(unsaid, GONE, NAME) is None


def test_the_old_holder_that_acts_on_beside_the_next_one_is_told() -> None:
    made_again = change("made", 100, Restored("CreateUser", "remade", identity=USER))
    many = [bare("old", 10, incarnation="1"), deleted(scope="1"), made_again]
    many.append(bare("still", 500, incarnation="1"))
    assert [e.uid for e in judged(many, GONE).evidence] == ["still"]


APP, PRINCIPAL = "entra:t:app/a", "entra:t:sp/p"


def test_a_switch_under_the_second_name_of_the_only_identity_there_holds_for_its_first() -> None:
    alias = change("alias", 0, Aliased(PRINCIPAL, APP), source="azure")
    off = change(
        "off", 50, Ended("Update service principal: disabled", "disabled", identity=PRINCIPAL), source="azure"
    )
    signs_in = use("in", 9_000, identity=APP, credential="entra:t:key/k", source="azure")
    found = judged([alias, off, signs_in], f"{PRINCIPAL} provider switch")
    assert (found.value, found.severity) == ("violated", Severity.HIGH)
    other = use("other", 10, identity="entra:t:app/b", credential="entra:t:key/b", source="azure")
    joined = change("declared", 0, Aliased("entra:t:app/b", APP, at=T0), source="inventory")
    assert judged([alias, joined, other, off, signs_in], f"{PRINCIPAL} provider switch").severity is None


def test_a_token_of_a_deleted_principal_is_told_also_where_no_record_says_what_it_came_from() -> None:
    alias = change("alias", 0, Aliased(PRINCIPAL, APP), source="azure")
    token = "entra:t:token/t"

    def signed_in(uid: str, at: float, principal: str) -> Activity:
        issued = (Issued(token, APP, "access_token"),)
        return use(
            uid, at, identity=APP, credential="", source="azure", incarnation=principal, effects=issued
        )

    gone = change("gone", 50, Ended("Remove", "deleted", identity=PRINCIPAL, scope="p"), source="azure")
    acts = use("acts", 9_000, identity=APP, credential=token, source="azure")
    found = judged([alias, signed_in("in", 10, "p"), gone, acts], f"{PRINCIPAL} deleted")
    assert (found.value, found.severity) == ("violated", Severity.HIGH)
    assert [e.uid for e in found.evidence] == ["acts"]
    assert (
        verdict_of([alias, gone, signed_in("next", 8_000, "q"), acts], f"{PRINCIPAL} deleted", NAME) is None
    )


def test_a_later_record_of_an_operation_that_began_before_is_no_use() -> None:
    off = change("off", 50, Ended("disable", "disabled", identity=USER))
    later = bare("last", 500, action="continues", asked="service op")
    began = change("first", 10, Begun(USER, "service op"))
    assert judged([began, off, later], f"{USER} provider switch").severity is None
    assert judged([off, later], f"{USER} provider switch").severity == Severity.HIGH
    other = change("first", 10, Begun(USER, "service other"))
    assert judged([other, off, later], f"{USER} provider switch").severity == Severity.HIGH
    begun_since = change("first", 600, Begun(USER, "service op"))
    assert judged([begun_since, off, later], f"{USER} provider switch").severity == Severity.HIGH
