"""Cases of secret_sweep."""

from __future__ import annotations

from typing import Any

import pytest

from correlators.kernel.knowledge.join import SECRETS_MAX
from schemas.activity import Activity, Known
from schemas.verdict import Confidence, Severity, Verdict
from tests.support.declared import DAY, verdicts
from tests.support.make import KEY, USER, use

NAME = "secret_sweep"
HERE, AWAY = "198.51.100.7", "203.0.113.9"
WEEK = 8 * DAY


def read(secret: str, when: float, identity: str = USER, **more: Any) -> Activity:
    fields: dict[str, Any] = {
        "action": "secret_read",
        "operation": "GetSecretValue",
        "resource": secret,
        "place": HERE,
    }
    return use(f"{secret} {when}", when, identity, **(fields | more))


def sweep(when: float, count: int = 6, prefix: str = "s", apart: float = 2, **more: Any) -> list[Activity]:
    return [read(f"{prefix}{n}", when + apart * n, **more) for n in range(count)]


def listed(when: float, operation: str = "ListSecrets", **more: Any) -> Activity:
    return use(f"list {when}", when, **({"operation": operation, "place": HERE} | more))


def daily(secrets: int = 1, days: int = 9, **more: Any) -> list[Activity]:
    """One that reads the same few every day."""
    return [read(f"own{n}", d * DAY + 900 * n, **more) for d in range(days) for n in range(secrets)]


def judged(many: list[Activity]) -> Verdict | None:
    found = verdicts(NAME, many)
    assert len(found) <= 1
    return found[0] if found else None


def severity(many: list[Activity]) -> Severity | None:
    verdict = judged(many)
    return verdict.severity if verdict else None


def test_one_that_is_known_and_reads_six_new_ones_in_a_row_is_told_low() -> None:
    verdict = judged([*daily(), *sweep(WEEK)])
    assert verdict is not None and (verdict.value, verdict.severity) == ("violated", Severity.LOW)
    assert {e.uid for e in verdict.evidence} >= {f"s{n} {WEEK + 2 * n}" for n in range(6)}
    assert "read 6 secrets" in verdict.title and verdict.reason.endswith(": s0, s1, s2, s3, s4 and 1 more")


def test_five_are_none_and_six_over_a_quarter_of_an_hour_are_none() -> None:
    assert severity([*daily(), *sweep(WEEK, 5)]) is None
    assert severity([*daily(), *sweep(WEEK, apart=180)]) is None


def test_medium_where_it_first_asked_which_there_are() -> None:
    assert severity([*daily(), listed(WEEK - 60), *sweep(WEEK)]) == Severity.MEDIUM
    always = [listed(d * DAY) for d in range(9)]
    assert severity([*daily(), *always, listed(WEEK - 60), *sweep(WEEK)]) == Severity.LOW


def test_medium_where_it_came_from_a_network_that_it_never_used() -> None:
    verdict = judged([*daily(), *sweep(WEEK, place=AWAY)])
    assert verdict is not None and verdict.severity == Severity.MEDIUM
    assert f"from {AWAY}, where it had not been" in verdict.reason


def test_a_new_one_is_told_only_if_it_asked_which_there_are() -> None:
    """A workload that starts for the first time reads what it is configured with."""
    assert severity([use("first", 0), *sweep(60, 12)]) is None
    verdict = judged([use("first", 0), listed(50), *sweep(60, 12)])
    assert verdict is not None
    assert (verdict.severity, verdict.confidence) == (Severity.LOW, Confidence.LOW)
    assert "after it asked which there are" in verdict.reason


@pytest.mark.parametrize(
    "many",
    [
        pytest.param([*daily(8), *[read(f"own{n}", WEEK + n) for n in range(8)]], id="a refresh"),
        pytest.param([*daily(20), *sweep(WEEK, 8)], id="a large tool grows"),
        pytest.param([*daily(), *sweep(2 * DAY, 8, "old"), *sweep(WEEK, 8)], id="bursts are its way"),
        pytest.param([*daily(), *[listed(WEEK + n, "GetSecretValue", outcome="forbidden") for n in range(8)]],
                     id="refused"),
        pytest.param([*daily(), *sweep(WEEK, 8, action="service")], id="the provider's own"),
        pytest.param([*daily(), *sweep(WEEK, 8, resource="db")], id="one secret, again and again"),
    ],
)  # fmt: skip
def test_ordinary_readers_are_silent(many: list[Activity]) -> None:
    assert many and severity(many) is None


def test_lists_of_namespaces_are_no_secrets_by_name() -> None:
    """Argo CD, cert-manager and External Secrets list and watch every namespace at each start."""
    pod = "k8s:c1:ops/metrics"
    fields = {
        "identity": pod,
        "credential": "k8s:c1:jti/1",
        "source": "kubernetes",
        "operation": "list secrets",
    }
    informer = [read(f"ns{n}/secrets", 60 + n, **fields) for n in range(9)]
    assert severity([use("first", 0, **(fields | {"operation": "x"})), *informer]) is None
    named = [read(f"ns{n}/secrets/db", 80 + n, **fields) for n in range(9)]
    assert severity([*informer, *named]) == Severity.LOW


@pytest.mark.parametrize("who", ["k8s:c1:kube-system/cleaner", "k8s:c1:user/ada", "k8s:c1:system/apiserver"])
def test_people_and_the_clusters_own_are_out_of_scope(who: str) -> None:
    fields: dict[str, Any] = {"credential": "k8s:c1:jti/1", "source": "kubernetes"}
    many = [listed(0, "list secrets", identity=who, **fields), *sweep(60, identity=who, **fields)]
    assert severity(many) is None
    ours = [a for a in many if a.identity == who]
    assert len(ours) == len(many)
    assert severity([listed(0, "list secrets", identity="k8s:c1:shop/a", **fields),
                     *sweep(60, identity="k8s:c1:shop/a", **fields)]) == Severity.LOW  # fmt: skip


def test_a_person_who_signed_in_with_the_key_is_out_of_scope() -> None:
    person = use("signed in", 0, effects=(Known(KEY, USER, person=True),))
    assert severity([person, listed(50), *sweep(60)]) is None


def test_earlier_reads_that_come_late_withdraw() -> None:
    earlier = [read(f"s{n}", d * DAY) for n in range(3) for d in (1, 2)]
    assert severity([*daily(), *sweep(WEEK), *earlier]) is None


def test_where_the_memory_is_full_nothing_is_new() -> None:
    many = [read(f"own{n:03}", n * 600) for n in range(SECRETS_MAX)]
    assert severity([*many, listed(WEEK), *sweep(WEEK, 200)]) is None
