"""Cases of dead_credential_tried."""

from __future__ import annotations

from typing import Any

import pytest

from correlators.kernel.knowledge.join import NAMES_MAX, STAYS_MAX
from schemas.activity import Activity, Ended, Issued, Parent, Renewed
from schemas.verdict import Severity, Verdict
from tests.support.judged import must, verdict_of
from tests.support.make import KEY, ROLE, SESSION, USER, change, issue, kill, restore, use
from tests.support.scenario import every_way

NAME = "dead_credential_tried"
CHILD = "vault:default:accessor/child"


def tried(uid: str, at: float, credential: str = KEY, **more: Any) -> Activity:
    return use(uid, at, credential=credential, outcome="unauthenticated", **more)


def judged(activities: list[Activity], subject: str = KEY) -> Verdict:
    return must(activities, subject, NAME)


def test_the_first_refused_try_tells_at_once_and_alarms_nobody() -> None:
    verdict = judged([use("before", 0), kill("kill", 10), tried("try", 60)])
    assert (verdict.value, verdict.severity) == ("violated", Severity.INFORMATIONAL)
    assert [e.uid for e in verdict.claim] == ["kill"]


def test_tries_beyond_the_retry_window_are_a_forgotten_consumer() -> None:
    many = [tried(f"try{n}", 60 + 320 * n) for n in range(5)]
    assert judged([use("before", 0), kill("kill", 10), *many]).severity == Severity.LOW


def test_a_slow_pair_of_tries_is_not_yet_a_forgotten_consumer() -> None:
    assert (
        judged([use("b", 0), kill("kill", 10), tried("a", 60), tried("z", 2000)]).severity
        == Severity.INFORMATIONAL
    )


def test_a_place_that_never_used_it_is_a_copy_at_large() -> None:
    verdict = judged([use("before", 0), kill("kill", 10), tried("try", 60, place="203.0.113.77")])
    assert verdict.severity == Severity.MEDIUM


def test_another_host_of_the_same_network_is_a_stranger() -> None:
    life = [use("b", 0), kill("kill", 10)]
    assert judged([*life, tried("t", 60, place="198.51.100.200")]).severity == Severity.MEDIUM
    assert judged([*life, tried("t", 60)]).severity == Severity.INFORMATIONAL


def test_who_ended_it_and_looks_is_no_stranger_and_later_one_is() -> None:
    ended = change("kill", 10, Ended("revoke", "revoked", KEY, USER), place="10.0.9.9")
    for when, severity in ((30, Severity.INFORMATIONAL), (2000, Severity.MEDIUM)):
        assert judged([use("b", 0), ended, tried("t", when, place="10.0.9.9")]).severity == severity
    assert judged([use("b", 0), ended, tried("t", 30, place="10.0.9.8")]).severity == Severity.MEDIUM


def test_one_stranger_among_hundreds_of_tries_is_told() -> None:
    tries = [tried(f"t{n}", 60 + n * 61) for n in range(400)]
    stray = tried("x", 9000, place="203.0.113.9")
    assert judged([use("b", 0), kill("kill", 10), *tries, stray]).severity == Severity.MEDIUM


def test_a_client_that_never_used_it_is_a_copy_at_large() -> None:
    assert (
        judged([use("b", 0), kill("kill", 10), tried("t", 60, client="curl/8")]).severity == Severity.MEDIUM
    )


def test_the_next_version_of_its_client_is_no_stranger() -> None:
    verdict = judged([use("b", 0), kill("kill", 10), tried("t", 60, client="aws-cli/3.1 md/new")])
    assert verdict.severity == Severity.INFORMATIONAL


def test_an_unknown_place_is_no_place() -> None:
    assert (
        judged([use("b", 0), kill("kill", 10), tried("t", 60, place="")]).severity == Severity.INFORMATIONAL
    )


def test_a_try_with_a_living_credential_says_nothing() -> None:
    assert verdict_of([use("a", 0), tried("try", 60), use("b", 120)], KEY, NAME) is None
    assert verdict_of([tried("try", 60)], KEY, NAME) is None


LAPSED = [
    use("a", 0),
    *(use(f"t{n}", 4_000 + n * 600, outcome="unauthenticated", place="198.51.100.7") for n in range(6)),
]


def test_what_worked_and_is_unknown_since_has_ended_although_no_record_says_how() -> None:
    verdict = judged(LAPSED)
    assert (verdict.value, verdict.severity) == ("violated", Severity.INFORMATIONAL)
    assert "no record says how it ended: between " in verdict.reason
    proof = must(LAPSED, KEY, "expired_credential_accepted")
    assert proof.value == "proven" and proof.reason.endswith("its end lies between")
    back = [*LAPSED, use("again", 9_000)]
    assert verdict_of(back, KEY, NAME) is None
    assert verdict_of(back, KEY, "expired_credential_accepted") is None


def test_a_stranger_with_what_is_unknown_is_a_copy_at_large() -> None:
    copy = use("copy", 8_000, outcome="unauthenticated", place="192.0.2.66")
    assert judged([*LAPSED, copy]).severity == Severity.MEDIUM


def test_a_refusal_that_is_about_something_beside_the_credential_is_no_end_of_it() -> None:
    beside = use("no", 4_000, outcome="unauthenticated", action="aside")
    assert verdict_of([use("a", 0), beside], KEY, NAME) is None


def test_a_try_before_the_kill_says_nothing() -> None:
    assert verdict_of([tried("try", 5), kill("kill", 10)], KEY, NAME) is None


def test_expired_is_dead_and_a_renewal_moves_it() -> None:
    t0 = use("x", 0).time
    issued = change("issue", 0, Issued(KEY, USER, expires=t0 + 30_000_000))
    renewed = change("renew", 20, Renewed(KEY, USER, t0 + 90_000_000))
    assert judged([issued, tried("try", 60)]).severity == Severity.INFORMATIONAL
    assert verdict_of([issued, renewed, tried("try", 60)], KEY, NAME) is None


def test_used_up_is_dead() -> None:
    issued = change("issue", 0, Issued(KEY, USER, max_uses=2))
    assert verdict_of([issued, tried("try", 60)], KEY, NAME) is None
    assert judged([issued, use("1", 5), use("2", 6), tried("try", 60)]).severity == Severity.INFORMATIONAL


def test_what_dies_with_its_parent_is_dead_in_every_generation() -> None:
    grandchild = "vault:default:accessor/grandchild"
    child = change(
        "c", 1, Issued(CHILD, "vault:default:entity/e", "service", parents={KEY: Parent("dies_with", USER)})
    )
    grand = change(
        "g",
        2,
        Issued(
            grandchild,
            "vault:default:entity/g",
            "service",
            parents={CHILD: Parent("dies_with", "vault:default:entity/e")},
        ),
    )
    many = [child, grand, kill("kill", 10), tried("try", 60, grandchild, identity="vault:default:entity/g")]
    verdict = judged(many, grandchild)
    assert [e.uid for e in verdict.claim] == ["kill"]


def test_an_orphan_survives_by_design() -> None:
    child = change(
        "c", 1, Issued(CHILD, "vault:default:entity/e", "service", parents={KEY: Parent("made_by", USER)})
    )
    many = [child, kill("kill", 10), tried("try", 60, CHILD, identity="vault:default:entity/e")]
    assert verdict_of(many, CHILD, NAME) is None


@pytest.mark.slow
def test_a_flood_is_one_finding() -> None:
    many = [tried(f"t{n}", 60 + n) for n in range(1000)]
    verdict = judged([use("b", 0), kill("kill", 10), *many])
    assert verdict.evidence[0].uid == "t0" and verdict.evidence[-1].uid == "t999"


def test_restored_since_is_over() -> None:
    verdict = judged([use("b", 0), kill("off", 10, kind="disabled"), tried("t", 60), restore("on", 100)])
    assert verdict.value == "assumed"


def test_a_refused_line_that_names_no_account_is_told_to_the_credentials_owner() -> None:
    verdict = judged([use("before", 0), kill("kill", 10), tried("try", 60, identity="")])
    assert (verdict.identity, [e.uid for e in verdict.evidence]) == (USER, ["try"])


def test_tries_while_it_was_off_are_over_once_it_was_enabled_again_even_where_that_is_learned_last() -> None:
    many = [use("before", 0), tried("try", 60), use("fine", 200), kill("off", 10, kind="disabled")]
    verdict = judged([*many, restore("on", 100)])
    assert verdict.value != "violated"
    assert judged(many).value == "violated"


@pytest.mark.parametrize(
    ("times", "severity"),
    [
        ((60, 500, 955), Severity.INFORMATIONAL),
        ((60, 500, 965), Severity.LOW),
        ((60, 61, 965), Severity.INFORMATIONAL),
    ],
    ids=["within the window", "three buckets beyond it", "two buckets"],
)
def test_the_retry_window_is_a_quarter_of_an_hour_and_three_buckets(
    times: tuple[float, ...], severity: Severity
) -> None:
    many = [tried(f"t{n}", at) for n, at in enumerate(times)]
    assert judged([use("b", 0), kill("kill", 10), *many]).severity == severity


def test_the_kill_that_is_claimed_is_the_one_it_was_tried_after() -> None:
    many = [kill("off", 10, kind="disabled"), restore("on", 50), kill("gone", 100), tried("try", 200)]
    assert [e.uid for e in judged([use("b", 0), *many]).claim] == ["gone"]


def test_a_client_that_says_no_name_is_no_stranger() -> None:
    verdict = judged([use("b", 0), kill("kill", 10), tried("t", 60, client="")])
    assert verdict.severity == Severity.INFORMATIONAL


@pytest.mark.parametrize("varied", ["place", "client"])
def test_where_more_places_or_clients_used_it_than_are_remembered_nobody_is_a_stranger(varied: str) -> None:
    def from_(n: int) -> dict[str, str]:
        return {varied: f"10.0.{n}.1" if varied == "place" else f"client-{n}"}

    most = STAYS_MAX if varied == "place" else NAMES_MAX
    for known, severity in ((most - 1, Severity.MEDIUM), (most, Severity.INFORMATIONAL)):
        life = [use(f"u{n}", n / 100, **from_(n)) for n in range(known)]
        assert judged([*life, kill("kill", 10), tried("t", 60, **from_(199))]).severity == severity


def test_a_refusal_that_names_nobody_and_no_known_credential_alarms_nobody() -> None:
    for credential in ("", "vault:default:token/hmac-none"):
        stray = use("stray", 60, identity="", credential=credential, outcome="unauthenticated")
        world = every_way([use("b", 0), kill("kill", 10), stray])
        assert not [r for r in world.last.values() if r.verdict and r.verdict.severity]


def test_what_came_from_a_dead_one_lives_on_by_design() -> None:
    many = [
        issue("i", 0, SESSION, ROLE, KEY, USER),
        kill("kill", 10),
        tried("no", 60, SESSION, identity=ROLE),
    ]
    assert verdict_of(many, SESSION, NAME) is None


@pytest.mark.parametrize("outcome", ["failed", "forbidden"])
def test_an_allowed_use_is_used_up_whatever_became_of_it(outcome: str) -> None:
    issued = change("issue", 0, Issued(KEY, USER, max_uses=1))
    assert judged([issued, use("1", 5, outcome=outcome), tried("try", 60)]).value == "violated"
