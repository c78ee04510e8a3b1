"""Cases of unknown_identity."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from schemas.activity import Activity, Aliased, Ended, Issued, Known, Restored
from schemas.naming import spoken
from schemas.verdict import Confidence, Severity, Verdict
from tests.support.declared import DAY, declared, verdicts
from tests.support.make import KEY, T0, USER, change, use
from tests.support.otlp import activities as spans
from tests.support.otlp import agent, tool
from tests.support.scenario import every_way, run

NAME = "unknown_identity"
COVER = declared("aws:111122223333:role/known")


def judged(many: list[Activity], now: float = 3600) -> Verdict | None:
    others = {"aws:111122223333:role/known", "aws:111122223333:user/admin"}
    found = [v for v in verdicts(NAME, many, now) if v.subject not in others]
    assert len(found) <= 1
    return found[0] if found else None


def must(many: list[Activity], now: float = 3600) -> Verdict:
    verdict = judged(many, now)
    assert verdict is not None
    return verdict


def test_a_success_of_an_identity_that_no_record_knows_is_low() -> None:
    verdict = must([COVER, use("first", 10), use("last", 20)])
    assert (verdict.subject, verdict.value, verdict.severity) == (USER, "violated", Severity.LOW)
    assert [e.uid for e in verdict.evidence] == ["first", "last"]
    assert [e.uid for e in verdict.claim] == ["record of aws:111122223333:role/known"]
    assert "covers aws:111122223333" in verdict.title and "it is active since" in verdict.reason


def test_an_inventory_makes_no_noise_in_installations_that_it_does_not_cover() -> None:
    assert judged([use("u", 10)]) is None
    assert judged([declared("aws:999:role/elsewhere"), use("u", 10)]) is None
    assert judged([declared("k8s:c1:shop/mailer"), use("u", 10)]) is None


def test_an_alias_into_an_account_covers_nothing_there() -> None:
    alias = declared("agent:svc/triage", aliases=("aws:111122223333:role/triage",))
    assert judged([alias, use("u", 10)]) is None


def roles(count: int) -> list[Activity]:
    return [use(f"u{n}", 10 + n, f"aws:111122223333:role/r{n}", f"aws:key/K{n}") for n in range(count)]


def test_an_inventory_that_names_few_of_those_who_act_does_not_cover_them() -> None:
    assert not [v for v in verdicts(NAME, [COVER, *roles(12)]) if v.severity]


def test_an_inventory_that_names_most_of_them_covers_the_rest() -> None:
    known = [declared(f"aws:111122223333:role/r{n}") for n in range(9)]
    found = [v.subject for v in verdicts(NAME, [*known, *roles(12)]) if v.severity]
    assert found == [f"aws:111122223333:role/r{n}" for n in (10, 11, 9)]


def test_the_share_is_told_from_a_sample_however_many_act() -> None:
    many = roles(200)
    known = [declared(f"aws:111122223333:role/r{n}") for n in range(190)]
    world = run([*known, *many])
    found = {r.verdict.subject for r in world.last.values() if r.verdict and r.verdict.severity}
    assert found == {f"aws:111122223333:role/r{n}" for n in range(190, 200)}
    sparse = run([*known[:20], *many])
    assert not [r for r in sparse.last.values() if r.verdict and r.verdict.severity]


def test_a_declared_identity_is_proven() -> None:
    verdict = must([COVER, declared(USER), use("u", 10)])
    assert (verdict.value, verdict.severity) == ("proven", None)
    assert [e.uid for e in verdict.claim] == [f"record of {USER}"]


def test_a_record_or_alias_that_comes_late_withdraws_it() -> None:
    late = declared(USER, recorded=3000)
    assert must([COVER, use("u", 10), late]).severity is None
    alias = declared("agent:svc/triage", 3000, aliases=(USER,))
    world = every_way([COVER, use("u", 10), alias])
    assert not [
        r for r in world.last.values() if r.verdict and r.verdict.control == NAME and r.verdict.severity
    ]
    taught = change("alias", 3000, Aliased(USER, "aws:111122223333:role/known"), source="inventory")
    assert judged([COVER, use("u", 10), taught]) is None


def test_a_long_lived_credential_makes_it_medium_even_before_it_acts() -> None:
    made = change("made", 10, Issued(KEY, USER, "access_key"))
    admin = declared("aws:111122223333:user/admin")
    verdict = must([admin, made, use("u", 20)])
    assert verdict.severity == Severity.MEDIUM and "issued, by aws:111122223333:user/admin" in verdict.reason
    (silent,) = [v for v in verdicts(NAME, [admin, made]) if v.subject == USER]
    assert silent.severity == Severity.MEDIUM and "has not acted yet" in silent.reason


def test_a_refused_try_is_no_activity() -> None:
    assert judged([COVER, use("no", 10, outcome="unauthenticated")]) is None
    assert judged([COVER, use("no", 10, outcome="forbidden")]) is None


@pytest.mark.parametrize(
    "identity",
    [
        "aws:111122223333:root",
        "aws:111122223333:web/oidc/subject",
        "aws:service/ec2",
    ],
)
def test_what_the_provider_owns_roots_and_federated_subjects_are_passed_over(identity: str) -> None:
    assert judged([COVER, use("u", 10, identity)]) is None


@pytest.mark.parametrize(
    ("cover", "identity", "known"),
    [
        ("k8s:c1:shop/mailer", "k8s:c1:shop/other", True),
        ("k8s:c1:shop/mailer", "k8s:c1:kube-system/coredns", False),
        ("k8s:c1:shop/mailer", "k8s:c1:user/ada", False),
        ("k8s:c1:shop/mailer", "k8s:c1:system/node_a", False),
        ("vault:prod:entity/a", "vault:prod:entity/b", True),
        ("vault:prod:entity/a", "vault:prod:accessor/b", False),
        ("gcp:p:a@p.iam.gserviceaccount.com", "gcp:p:b@p.iam.gserviceaccount.com", True),
        (
            "gcp:p:a@p.iam.gserviceaccount.com",
            "gcp:p:service-1@gcp-sa-logging.iam.gserviceaccount.com",
            False,
        ),
        ("gcp:p:a@p.iam.gserviceaccount.com", "gcp:p:1@cloudservices.gserviceaccount.com", False),
        ("entra:t:app/a", "entra:t:app/b", True),
        ("entra:t:app/a", "entra:t:user/b", False),
    ],
)
def test_every_provider_has_identities_of_the_site_and_others(cover: str, identity: str, known: bool) -> None:
    found = [
        v for v in verdicts(NAME, [declared(cover), use("u", 10, identity, "x:y")]) if v.subject == identity
    ]
    assert bool(found) == known


def test_who_signs_in_with_a_password_is_a_person() -> None:
    signed_in = use("in", 5, credential="aws:111122223333:password/ci", operation="ConsoleLogin")
    assert judged([COVER, signed_in, use("u", 10)]) is None


SERVICE_ROLE = "aws:111122223333:role/AWSServiceRoleForSupport"
PEOPLES_ROLE = "aws:111122223333:role/AWSReservedSSO_Admin_1"


def session_of(identity: str, uid: str, key: str, *, theirs: bool) -> Activity:
    effects = (Known(key, identity, theirs=True),) if theirs else ()
    return replace(use(uid, 10, identity, key), effects=effects)


@pytest.mark.parametrize("identity", [SERVICE_ROLE, PEOPLES_ROLE])
def test_a_role_of_the_providers_own_is_told_by_the_mark_of_its_sessions_and_not_by_its_name(
    identity: str,
) -> None:
    marked = session_of(identity, "theirs", "aws:key/ASIA1", theirs=True)
    assert judged([COVER, marked]) is None
    bare = session_of(identity, "bare", "aws:key/ASIA2", theirs=False)
    assert must([COVER, bare]).severity == Severity.LOW
    assert must([COVER, marked, bare]).severity == Severity.LOW


@pytest.mark.parametrize(
    ("maker", "fires"),
    [("role/AWSControlTowerExecution", False), ("user/admin", True), ("", False)],
)
def test_what_another_makes_under_a_name_of_a_landing_zone_is_the_sites_own(maker: str, fires: bool) -> None:
    role = "aws:111122223333:role/aws-controltower-Audit2"
    known = [COVER, *(declared(f"aws:111122223333:{name}") for name in ("user/admin", maker) if name)]
    made = change("made", 5, Restored("CreateRole", "remade", identity=role))
    by = replace(made, identity=f"aws:111122223333:{maker}")
    many = [*known, *([by] if maker else []), use("u", 20, role, "aws:key/ASIA1")]
    found = [v for v in verdicts(NAME, many) if v.subject == role]
    assert bool(found) == fires


PASSWORD = "aws:111122223333:password/ci"


@pytest.mark.parametrize("outcome", ["unauthenticated", "forbidden"])
def test_a_failed_sign_in_makes_nobody_a_person(outcome: str) -> None:
    failed = use("in", 5, credential=PASSWORD, operation="ConsoleLogin", outcome=outcome)
    verdict = must([COVER, failed, use("u", 10)])
    assert verdict.severity == Severity.LOW and [e.uid for e in verdict.evidence] == ["u"]


def test_a_password_that_nobody_signed_in_with_makes_nobody_a_person() -> None:
    given = change("profile", 5, Issued(PASSWORD, USER, "password"))
    admin = declared("aws:111122223333:user/admin")
    assert must([admin, given, use("u", 10)]).severity is not None


def test_in_its_first_week_confidence_is_low() -> None:
    many = [COVER, use("u", 10)]
    assert must(many).confidence == Confidence.LOW
    assert must(many, now=8 * DAY).confidence == Confidence.MEDIUM


def test_an_undeclared_agent_of_a_service_whose_agents_are_declared_is_unknown() -> None:
    many = [declared("agent:desk/other"), *spans(agent(1), tool(2, 1))]
    (found,) = verdicts(NAME, many)
    assert (found.subject, found.severity) == ("agent:desk/triage", Severity.LOW)
    assert verdicts(NAME, [declared("agent:help/other"), *spans(agent(1), tool(2, 1))]) == []


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        *((kind, Severity.MEDIUM) for kind in ("access_key", "service_credential", "api_key")),
        *((kind, Severity.MEDIUM) for kind in ("certificate", "legacy_token", "secret")),
        *((kind, Severity.MEDIUM) for kind in ("service_account_key", "client_secret", "secret_id")),
        *((kind, Severity.MEDIUM) for kind in ("admin_key", "federated_credential", "api key")),
        *((kind, Severity.LOW) for kind in ("session", "access_token", "wrapping", "", "of a later version")),
    ],
)
def test_what_lives_until_somebody_ends_it_is_long_lived(kind: Any, severity: Severity) -> None:
    made = change("made", 5, Issued(KEY, USER, kind))
    assert must([declared("aws:111122223333:user/admin"), made, use("u", 20)]).severity == severity


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        ({"expires": T0 + 25 * 3600 * 1_000_000 + 5_000_000}, Severity.MEDIUM),
        ({"expires": T0 + 3600 * 1_000_000}, Severity.LOW),
        ({"max_uses": 1}, Severity.LOW),
    ],
)
def test_what_is_for_one_job_is_not_long_lived(more: dict[str, Any], severity: Severity) -> None:
    made = change("made", 5, Issued(KEY, USER, "secret_id", **more))
    assert must([declared("aws:111122223333:user/admin"), made, use("u", 20)]).severity == severity


LEASED = "aws:111122223333:user/lease-1"
ENGINE = "aws:111122223333:user/engine"


def lease(maker: str, hours: float = 0.25, *, taken_away: bool = True) -> list[Activity]:
    """A user with a key, made for so long."""
    by = {"identity": maker, "credential": "aws:key/AKIAENGINE"}
    key = "aws:key/AKIALEASE"
    made = [
        change("made", 10, Restored("CreateUser", "remade", identity=LEASED), **by),
        change("given", 11, Issued(key, LEASED, "access_key"), **by),
        use("used", 60, LEASED, key),
    ]
    end = change("gone", 3600 * hours, Ended("DeleteAccessKey", "deleted", key, LEASED), **by)
    return [*made, end] if taken_away else made


def of_lease(many: list[Activity], now: float) -> Verdict | None:
    return next((v for v in verdicts(NAME, many, now) if v.subject == LEASED), None)


def test_what_a_declared_maker_made_and_took_away_is_no_unknown_one() -> None:
    known = [COVER, declared(ENGINE)]
    over = of_lease([*known, *lease(ENGINE)], 3600)
    assert over is not None and (over.value, over.severity) == ("assumed", None)
    assert spoken(ENGINE) in over.title
    standing = lease(ENGINE, taken_away=False)
    for hours, severity in ((1, Severity.LOW), (30, Severity.MEDIUM)):
        verdict = of_lease([*known, *standing], 3600 * hours)
        assert verdict is not None and (verdict.value, verdict.severity) == ("violated", severity)
    every_way([*known, *lease(ENGINE)])


def test_what_somebody_undeclared_made_and_took_away_is_told_as_before() -> None:
    verdict = of_lease([COVER, declared(ENGINE), *lease("aws:111122223333:user/nobody")], 3600)
    assert verdict is not None and verdict.severity == Severity.MEDIUM


def test_a_maker_that_is_declared_under_another_key_is_declared() -> None:
    known = [COVER, declared("k8s:c1:ops/engine", aliases=(ENGINE,))]
    over = of_lease([*known, *lease(ENGINE)], 3600)
    assert over is not None and over.severity is None
