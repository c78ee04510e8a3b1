"""What is no way back although it wrote after its end, and what is: each beside the smallest change that
makes it told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from schemas import frozen
from schemas.activity import Activity, Ended, Granted, Issued, Withdrawn
from schemas.credential_kind import CredentialKind
from schemas.verdict import Severity, Verdict
from tests.support.judged import verdict_of
from tests.support.make import KEY, ROLE, SESSION, T0, USER, change, issue, kill, use

DAY = 86_400.0
NEXT = "aws:key/AKIANEXT"
OTHER = "203.0.113.66"
WRITE = {"action": "identity_write", "operation": "iam:PutRolePolicy"}


@dataclass(frozen=True)
class Run:
    """A nightly run of a role's session, asked for with a key that is rotated while the last run goes on."""

    maker: str = "aws:111122223333:role/rotator"
    next_used: bool = True
    late: float = 3 * DAY + 30
    operation: str = "iam:PutRolePolicy"
    place: str = "198.51.100.7"
    expires: float = 3 * DAY + 3600

    def activities(self) -> list[Activity]:
        many: list[Activity] = [change("old", -DAY, Issued(KEY, USER, "access_key"))]
        for day in range(4):
            session = SESSION if day == 3 else f"{SESSION}{day}"
            ends = {"expires": T0 + int(self.expires * 1e6)} if day == 3 else {}
            many.append(issue(f"run {day}", day * DAY - 60, session, ROLE, KEY, USER, **ends))
            many.append(use(f"write {day}", day * DAY - 30, ROLE, session, **WRITE))
        made = Issued(NEXT, USER, "access_key")
        many.append(change("next", DAY, made, identity=self.maker, credential="aws:key/ROTATOR"))
        if self.next_used:
            many.append(use("next used", 2 * DAY, credential=NEXT))
        many.append(kill("kill", 3 * DAY, how="UpdateAccessKey Inactive", kind="disabled"))
        late: dict[str, Any] = {**WRITE, "operation": self.operation, "place": self.place}
        return [*many, use("late", self.late, ROLE, SESSION, **late)]


def race(many: list[Activity], subject: str = KEY) -> Verdict | None:
    return verdict_of(many, subject, "revocation_race")


def test_a_run_in_flight_at_a_planned_rotation_is_low() -> None:
    verdict = race(Run().activities())
    assert verdict is not None and (verdict.value, verdict.severity) == ("violated", Severity.LOW)
    assert [e.uid for e in verdict.evidence] == ["late"] and "in flight" in verdict.reason


@pytest.mark.parametrize(
    "run",
    [
        Run(operation="iam:CreateAccessKey"),
        Run(place=OTHER),
        Run(place=""),
        Run(expires=3 * DAY + 20),
        Run(next_used=False),
        Run(maker=USER),
    ],
    ids=["new access", "a new place", "no place", "after its time", "a successor nobody used", "its own"],
)
def test_what_has_no_excuse_is_critical(run: Run) -> None:
    verdict = race(run.activities())
    assert verdict is not None and verdict.severity == Severity.CRITICAL


def test_a_kill_without_a_successor_is_critical() -> None:
    many = [a for a in Run().activities() if not a.uid.startswith("next")]
    verdict = race(many)
    assert verdict is not None and verdict.severity == Severity.CRITICAL
    dead = change("dead", 2.5 * DAY, Ended("DeleteAccessKey", "deleted", NEXT, USER))
    verdict = race([*Run().activities(), dead])
    assert verdict is not None and verdict.severity == Severity.CRITICAL, "a successor that was gone"


def test_the_dead_key_itself_has_no_grace() -> None:
    own = [use(f"own {day}", day * DAY, **WRITE) for day in range(3)]
    verdict = verdict_of([*Run().activities(), *own, use("dead", 3 * DAY + 5, **WRITE)], KEY)
    assert verdict is not None and verdict.severity == Severity.CRITICAL


GOOGLE, GKEY, GNEXT = "gcp:p:tf@p.iam.gserviceaccount.com", "gcp:key/tf@p/a", "gcp:key/tf@p/b"


def google(late: float = 2 * DAY + 240, **more: Any) -> list[Activity]:
    own = {"identity": GOOGLE, "source": "gcp", "action": "identity_write", "operation": "SetIamPolicy"}
    kind: CredentialKind = "service_account_key"
    many = [change("old", -DAY, Issued(GKEY, GOOGLE, kind), source="gcp")]
    many.append(change("next", DAY, Issued(GNEXT, GOOGLE, kind), source="gcp"))
    many += [use("before", 0, credential=GKEY, **own), use("moved", DAY + 60, credential=GNEXT, **own)]
    end = Ended("DeleteServiceAccountKey", "deleted", GKEY, GOOGLE)
    many.append(change("kill", 2 * DAY, end, source="gcp"))
    return [*many, use("late", late, credential=GKEY, **(own | more))]


def test_an_access_token_of_a_google_key_outlives_it_by_design() -> None:
    assert race(google(), GKEY) is None
    verdict = verdict_of(google(), GKEY)
    assert verdict is not None and verdict.severity is None
    for many in (
        google(2 * DAY + 4260),
        google(place=OTHER),
        google(operation="CreateServiceAccountKey"),
        [a for a in google() if a.uid not in ("next", "moved")],
    ):
        given = verdict_of(many, GKEY)
        assert given is not None and given.severity == Severity.CRITICAL


def test_who_ends_itself_goes_on_ending() -> None:
    off = use("off", 10, effects=(Ended("UpdateAccessKey Inactive", "disabled", KEY, USER),), **WRITE)
    gone = use("gone", 11, effects=(Ended("DeleteAccessKey", "deleted", KEY, USER),), **WRITE)
    quiet = verdict_of([use("before", 0), off, gone], KEY)
    assert quiet is not None and quiet.severity is None
    made = use("made", 12, effects=(Issued("aws:key/BACK", USER, "access_key"),), **WRITE)
    verdict = verdict_of([use("before", 0), off, gone, made], KEY)
    assert verdict is not None and verdict.severity == Severity.CRITICAL
    late = frozen.changed(gone, time=T0 + 60_000_000)
    verdict = verdict_of([use("before", 0), off, late], KEY)
    assert verdict is not None and verdict.severity is not None, "beyond the time that the provider needs"
    by_another = frozen.changed(off, identity=ROLE, credential=SESSION)
    verdict = verdict_of([use("before", 0), by_another, gone], KEY)
    assert verdict is not None and verdict.severity == Severity.CRITICAL


ACCOUNT, TOKEN, NEW_TOKEN = "k8s:c1:ops/operator", "k8s:c1:jti/1", "k8s:c1:jti/2"
BINDING = "k8s:c1:rolebinding/red/runner"


@dataclass(frozen=True)
class Cleanup:
    """An operator takes a binding away as its own account goes."""

    maker: str = ACCOUNT
    late: float = 105

    def activities(self, *effects: Any) -> list[Activity]:
        k8s: dict[str, Any] = {"source": "kubernetes", "action": "identity_write"}
        made = Granted(BINDING, "k8s:c1:clusterrole/edit", "create rolebindings", ("k8s:c1:red/runner",))
        bound = use("bound", 0, self.maker, TOKEN, effects=(made,), operation="create rolebindings", **k8s)
        end = Ended("delete serviceaccounts/operator", "deleted", identity=ACCOUNT)
        gone = change("gone", 100, end, source="kubernetes")
        taken = effects or (Withdrawn(BINDING, "delete rolebindings"),)
        removed = use(
            "late", self.late, ACCOUNT, NEW_TOKEN, effects=taken, operation="delete rolebindings", **k8s
        )
        return [bound, use("lives", 50, ACCOUNT, NEW_TOKEN, source="kubernetes"), gone, removed]


def test_taking_away_what_it_had_made_is_no_way_back() -> None:
    many = Cleanup().activities()
    verdict = race(many, NEW_TOKEN)
    assert verdict is not None and verdict.severity == Severity.LOW
    assert "took away what it had made" in verdict.reason
    quiet = verdict_of(many, NEW_TOKEN)
    assert quiet is not None and quiet.severity is None


def test_taking_away_anothers_or_late_or_giving_beside_it_is_critical() -> None:
    granted = Granted(BINDING, "k8s:c1:clusterrole/admin", "create rolebindings", (ACCOUNT,))
    for many in (
        Cleanup(maker="k8s:c1:user/alice").activities(),
        replace(Cleanup(), late=120).activities(),
        Cleanup().activities(granted),
        Cleanup().activities(Withdrawn(BINDING, "x"), granted),
    ):
        verdict = race(many, NEW_TOKEN)
        assert verdict is not None and verdict.severity == Severity.CRITICAL
        given = verdict_of(many, NEW_TOKEN)
        assert given is not None and given.severity == Severity.CRITICAL
