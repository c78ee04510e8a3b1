"""Cases of revocation_undone."""

from __future__ import annotations

import pytest

from schemas import frozen
from schemas.activity import Activity, Ended, Issued, Restored
from schemas.naming import spoken
from schemas.verdict import Severity, Verdict
from tests.support.judged import verdict_of
from tests.support.make import KEY, USER, change, kill, restore, use

NAME = "revocation_undone"
OTHER = "aws:111122223333:user/ops2"
OFF = kill("off", 10, kind="disabled", how="UpdateAccessKey Inactive")
ADMIN = OFF.identity


def on(when: float, by: str, credential: str = "aws:key/OTHER", source: str = "cloudtrail") -> Activity:
    return frozen.changed(restore(f"on {when}", when), identity=by, credential=credential, source=source)


def verdict_on(many: list[Activity], subject: str = KEY) -> Verdict | None:
    return verdict_of(many, subject, NAME)


def test_an_end_of_what_was_used_since_that_another_undoes_is_medium() -> None:
    verdict = verdict_on([OFF, use("use", 60), on(90, OTHER)])
    assert verdict is not None
    assert (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)
    assert [e.uid for e in verdict.claim] == ["off"] and [e.uid for e in verdict.evidence] == ["on 90"]
    assert f"was undone by {spoken(OTHER)}" in verdict.title and "1 use in between" in verdict.reason


def test_who_undoes_his_own_end_is_told_whether_or_not_it_was_used() -> None:
    for by, credential in ((USER, "aws:key/SECOND"), (OTHER, KEY)):
        verdict = verdict_on([OFF, on(90, by, credential)])
        assert verdict is not None and verdict.value == "violated"
        assert "whom it had ended" in verdict.reason


@pytest.mark.parametrize(("by", "source"), [(ADMIN, "cloudtrail"), ("", "inventory")])
def test_who_stated_the_end_may_undo_it_and_so_may_a_declaration(by: str, source: str) -> None:
    assert verdict_on([OFF, use("use", 60), on(90, by, source=source)]) is None


def test_a_colleague_may_undo_what_nobody_had_used() -> None:
    assert verdict_on([OFF, on(90, OTHER)]) is None
    assert verdict_on([OFF, use("propagating", 15), on(90, OTHER)]) is None


def test_who_ended_himself_undoes_nothing_of_anybody() -> None:
    own = frozen.changed(OFF, identity=USER, credential="aws:key/SECOND")
    assert verdict_on([own, use("use", 60), on(90, USER, "aws:key/SECOND")]) is None


def test_a_key_that_it_made_for_who_ended_it_undoes_nothing() -> None:
    """Whoever holds the ended key made the administrator a key of his own, and undoes the end with it."""
    planted = "aws:key/PLANTED"
    plant = change("plant", 5, Issued(planted, ADMIN, "access_key"), identity=USER, credential=KEY)
    many = [plant, OFF, use("use", 60), on(90, ADMIN, planted)]
    verdict = verdict_on(many)
    assert verdict is not None and verdict.value == "violated" and "whom it had ended" in verdict.reason
    used = verdict_of(many, KEY, "revoked_credential_used")
    assert used is not None and used.value == "violated"


def test_a_key_that_it_made_may_undo_what_it_ended_and_so_may_any_other_of_who_ended_it() -> None:
    made = "aws:key/MADE"
    make = change("make", 5, Issued(made, ADMIN, "access_key"), identity=USER, credential=KEY)
    for ends, undoes in ((made, made), (made, "aws:key/OWN")):
        off = frozen.changed(OFF, credential=ends)
        many = [make, off, use("use", 60), on(90, ADMIN, undoes)]
        assert verdict_on(many) is None
        used = verdict_of(many, KEY, "revoked_credential_used")
        assert used is not None and used.value == "assumed"


def test_something_new_of_the_name_undoes_nothing() -> None:
    made = change("made", 90, Restored("CreateLoginProfile", "remade", KEY, USER), identity=OTHER)
    assert verdict_on([OFF, use("use", 60), made]) is None


def test_it_is_over_when_it_is_off_again_or_meant() -> None:
    many = [OFF, use("use", 60), on(90, OTHER)]
    for later in (kill("again", 120, kind="disabled"), on(120, ADMIN), on(120, "", source="inventory")):
        verdict = verdict_on([*many, later])
        assert verdict is not None and verdict.value == "assumed"
    verdict = verdict_on([*many, on(120, OTHER)])
    assert verdict is not None and verdict.value == "violated"


@pytest.mark.parametrize("kind", ["disabled", "cut", "deleted"])
def test_the_switches_of_an_identity_are_judged_alike(kind: str) -> None:
    off = change("off", 10, Ended("off", kind, identity=USER))  # type: ignore[arg-type]
    back = change("on", 900, Restored("on", kind, identity=USER), identity=OTHER)  # type: ignore[arg-type]
    verdict = verdict_on([use("before", 0), off, use("use", 600), back], USER)
    assert verdict is not None and verdict.severity == Severity.MEDIUM and verdict.credential == ""
    by_itself = frozen.changed(back, identity=USER, credential=KEY)
    assert verdict_on([use("before", 0), off, by_itself], USER) is not None
    assert verdict_on([use("before", 0), off, back], USER) is None
