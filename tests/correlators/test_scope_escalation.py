"""Cases of scope_escalation."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.activity import Activity, Aliased
from schemas.evidence import SECOND
from schemas.verdict import Clock, Severity, Verdict
from tests.support.bindings import ADMIN, OTHER, RBAC, allowed, given, read, taken
from tests.support.declared import approved, declared
from tests.support.kubernetes import ACCOUNT, account, event, ref
from tests.support.make import T0, change
from tests.support.scenario import clock_after, every_way

NAME = "scope_escalation"
MAILER = account()
MASTERS = {"username": "root", "groups": ["system:masters"]}


def judged(many: list[Activity], clock: Clock | None = None) -> list[Verdict]:
    last = every_way(many, clock or clock_after(many)).last.values()
    return [r.verdict for r in last if r.verdict and r.verdict.control == NAME]


def one(*records: dict[str, Any], also: tuple[Activity, ...] = ()) -> Verdict:
    (verdict,) = judged([*also, *read(*records)])
    return verdict


def none(*records: dict[str, Any], also: tuple[Activity, ...] = ()) -> bool:
    many = [*also, *read(*records)]
    return bool(many) and all(v.severity is None for v in judged(many))


def itself(at: float, name: str = "tmp", role: str = "cluster-admin", **more: Any) -> dict[str, Any]:
    return given(at, name, role, MAILER, wide=True, **more)


def passing(
    at: float, code: int = 200, who: Any = MASTERS, user: Any = MAILER, **more: Any
) -> dict[str, Any]:
    fields: dict[str, Any] = {"verb": "get", "objectRef": ref("secrets", "db"), "user": user}
    return event(at, code, impersonatedUser=who, **(fields | more))


def denied(at: float, **more: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"verb": "get", "objectRef": ref("secrets", "db")}
    return event(at, 403, **(fields | more))


def test_a_grant_to_itself_that_opens_what_was_refused_is_high() -> None:
    verdict = one(
        allowed(0, code=403, resource="secrets"), itself(10),
        allowed(20, "tmp", resource="secrets", wide=True),
    )  # fmt: skip
    assert (verdict.value, verdict.severity) == ("violated", Severity.HIGH)
    assert [e.uid for e in verdict.evidence] == ["audit-0", "audit-10", "audit-20"]
    assert "list secrets had been refused to it before" in verdict.reason


def test_one_that_opens_nothing_new_is_medium_and_over_once_taken_away() -> None:
    assert one(allowed(0), itself(10)).severity == Severity.MEDIUM
    verdict = one(allowed(0), itself(10), taken(60, "tmp", wide=True))
    assert (verdict.value, verdict.severity) == ("assumed", Severity.MEDIUM)
    assert "taken away at" in verdict.reason


def test_what_it_had_given_itself_and_is_refused_since_is_proven() -> None:
    many = (itself(10), allowed(20, "tmp", resource="secrets", wide=True), taken(60, "tmp", wide=True))
    assert one(*many).value == "assumed"
    assert one(*many, allowed(90, code=403, resource="secrets")).value == "proven"
    assert one(*many, allowed(90, code=403, resource="pods")).value == "assumed"


def test_an_account_by_another_of_its_names_is_itself() -> None:
    """The inventory knows the agent; the cluster knows its account."""
    agent = declared("agent:desk/triage", aliases=(ACCOUNT,))
    link = change("alias", -60, Aliased(ACCOUNT, "agent:desk/triage", at=T0), source="inventory")
    assert one(allowed(0), itself(10), also=(agent, link)).identity == "agent:desk/triage"


@pytest.mark.parametrize(
    "records",
    [
        pytest.param((given(0, "t", "edit", wide=True), itself(10, "t", "edit", verb="update")), id="had"),
        pytest.param((allowed(0, "tmp", wide=True), itself(10, "tmp", "edit", verb="patch")), id="used it"),
        pytest.param((given(0, "old", "edit"), itself(10, "new", "edit")), id="the same role by another"),
        pytest.param((given(0, "admins", "cluster-admin", wide=True), itself(10, "n", "edit")), id="mighty"),
        pytest.param((given(10, "tmp", "edit", OTHER),), id="given by a person"),
        pytest.param((given(10, "x", "edit", MAILER, to=("other",)), allowed(0)), id="to another"),
    ],
)  # fmt: skip
def test_deployments_and_gifts_are_no_escalation(records: tuple[dict[str, Any], ...]) -> None:
    """Argo CD writes its own bindings at each sync; Helm, as cluster-admin, those of its chart."""
    assert none(*records)


def test_the_same_binding_written_by_itself_first_is_told_whatever_comes_later() -> None:
    assert one(itself(10, "tmp", "edit"), given(60, "tmp", "edit", verb="update", wide=True)).severity


def test_passing_for_the_almighty_after_a_refusal_is_high() -> None:
    verdict = one(denied(0), passing(10))
    assert (verdict.value, verdict.severity) == ("violated", Severity.HIGH)
    assert [e.uid for e in verdict.evidence] == ["audit-0", "audit-10"]


@pytest.mark.parametrize(
    "records",
    [
        pytest.param((passing(0), passing(10)), id="a proxy whose job it is"),
        pytest.param((denied(0, objectRef=ref("pods")), passing(10)), id="something else was refused"),
        pytest.param((denied(0), passing(900)), id="long after"),
        pytest.param((denied(0), passing(10, who={"username": "ada@example.com"})), id="for a person"),
        pytest.param((denied(0, user=ADMIN), passing(10, user=ADMIN)), id="a person looks"),
    ],
)
def test_passing_for_others_by_itself_is_no_escalation(records: tuple[dict[str, Any], ...]) -> None:
    """Rancher, Teleport and Flux pass for others all day; kubectl --as is an administrator's look."""
    assert none(*records)


def refused_to_pass(at: float) -> dict[str, Any]:
    said = 'users "root" is forbidden: User "system:serviceaccount:shop:mailer" cannot impersonate resource'
    status = {"metadata": {}, "code": 403, "message": said}
    return event(at, 403, verb="get", objectRef=ref("secrets", "db"), responseStatus=status)


def test_a_refused_try_to_pass_for_another_is_medium_and_low_for_whose_job_it_is() -> None:
    verdict = one(refused_to_pass(10))
    assert (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)
    assert one(passing(0), refused_to_pass(10)).severity == Severity.LOW


def test_tries_are_over_after_a_day_without_one() -> None:
    many = read(refused_to_pass(10))
    later = Clock(many[0].time + 25 * 3600 * SECOND, {"kubernetes": many[0].time})
    (verdict,) = judged(many, later)
    assert (verdict.value, verdict.severity) == ("assumed", Severity.MEDIUM)


def refused_binding(at: float, to: str = "mailer") -> dict[str, Any]:
    body = {
        "kind": "RoleBinding",
        "roleRef": {"kind": "ClusterRole", "name": "admin"},
        "subjects": [{"kind": "ServiceAccount", "name": to, "namespace": "shop"}],
    }
    return event(
        at, 403, verb="create", objectRef=ref("rolebindings", "x", apiGroup=RBAC), requestObject=body
    )


def test_a_refused_grant_to_itself_is_medium_and_shows_what_else_was_refused_about_then() -> None:
    verdict = one(refused_binding(10), denied(20), denied(900))
    assert verdict.severity == Severity.MEDIUM
    assert [e.uid for e in verdict.evidence] == ["audit-10", "audit-20"]


def test_a_deployment_that_may_not_bind_others_is_none() -> None:
    assert none(refused_binding(10, "shop"), denied(20))


def scoped(*scopes: str, recorded: float = 0) -> Activity:
    start = (read(allowed(0))[0].time - T0) / SECOND
    return declared(ACCOUNT, start + recorded, f"scopes {recorded} {scopes}", scopes=tuple(sorted(scopes)))


def test_a_grant_beyond_the_declared_scopes_is_low_when_given_and_medium_when_used() -> None:
    record = scoped("clusterrole/reader")
    both = (given(0), given(10, "more", "edit"))
    assert one(*both, also=(record,)).severity == Severity.LOW
    verdict = one(*both, allowed(20, "more"), also=(record,))
    assert (verdict.severity, [e.uid for e in verdict.evidence]) == (
        Severity.MEDIUM,
        ["audit-10", "audit-20"],
    )
    assert "clusterrole/edit" in verdict.title and verdict.claim[0].operation == "declared scopes"


def test_within_the_declared_scopes_proves() -> None:
    assert one(given(0), allowed(10), also=(scoped("clusterrole/reader"),)).value == "proven"


def test_a_scope_or_an_approval_that_comes_later_withdraws() -> None:
    used = (given(0), given(10, "more", "edit"), allowed(20, "more"))
    first = scoped("clusterrole/reader")
    later = scoped("clusterrole/reader", "clusterrole/edit", recorded=900)
    assert none(*used, also=(first, later))
    start = (read(allowed(0))[0].time - T0) / SECOND
    assert none(*used, also=(first, approved(ACCOUNT, start, start + 60, "clusterrole/edit")))
    assert not none(*used, also=(first, approved(ACCOUNT, start + 30, start + 60, "clusterrole/edit")))


def test_scopes_of_another_kind_say_nothing_of_roles() -> None:
    assert none(given(0), allowed(10), also=(scoped("tickets.read"),))


def test_what_was_done_before_scopes_were_declared_is_not_held_against_them() -> None:
    assert none(given(0), allowed(10), also=(scoped("clusterrole/other", recorded=60),))
    assert not none(given(0), allowed(90), also=(scoped("clusterrole/other", recorded=60),))
