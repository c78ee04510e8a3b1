"""Cases of secret_store_from_unexpected_network."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.activity import Activity, Issued, Stated
from schemas.declaration import Declaration
from schemas.fact import facts_of
from schemas.verdict import Confidence, Severity, Verdict
from tests.support.declared import DAY, at, declared, verdicts
from tests.support.make import KEY, ROLE, USER, use

NAME = "secret_store_from_unexpected_network"
OFFICE, AWAY = "198.51.100.7", "203.0.113.9"


def read(
    uid: str, when: float, place: str = OFFICE, identity: str = USER, key: str = KEY, **more: Any
) -> Activity:
    base: dict[str, Any] = {
        "place": place,
        "action": "secret_read",
        "operation": "secretsmanager:GetSecretValue",
        "resource": "db",
    }
    return use(uid, when, identity, key, **(base | more))


def places(*names: str, recorded: float = 0) -> Activity:
    return declared(USER, recorded, f"record {recorded} {names}", places=tuple(sorted(names)))


def judged(many: list[Activity]) -> Verdict | None:
    found = verdicts(NAME, many)
    assert len(found) <= 1
    return found[0] if found else None


def evidence(many: list[Activity]) -> list[str]:
    verdict = judged(many)
    return [e.uid for e in verdict.evidence] if verdict and verdict.severity else []


def value(many: list[Activity]) -> str | None:
    verdict = judged(many)
    return verdict.value if verdict else None


def test_a_read_from_outside_the_declared_places_is_told_with_its_address() -> None:
    verdict = judged([places("198.51.100.0/24"), read("in", 10), read("out", 20, AWAY)])
    assert verdict is not None and (verdict.value, verdict.severity) == ("violated", Severity.LOW)
    assert [e.uid for e in verdict.evidence] == ["out"] and AWAY in verdict.title
    assert verdict.evidence[0].place == AWAY and verdict.claim[0].operation == "declared places"


def test_reads_from_declared_places_alone_prove() -> None:
    assert value([places("198.51.100.0/24"), read("in", 10)]) == "proven"


def test_other_calls_from_elsewhere_and_refused_reads_are_none() -> None:
    quiet = [read("other", 20, AWAY, action=""), read("no", 30, AWAY, outcome="forbidden")]
    assert value([places("198.51.100.0/24"), read("in", 10), *quiet]) == "proven"


def test_calls_of_the_providers_own_services_have_no_place() -> None:
    inner = [read("inner", 20, ""), read("service", 30, AWAY, action="service")]
    assert value([places("198.51.100.0/24"), read("in", 10), *inner]) == "proven"


def test_a_place_that_is_declared_later_withdraws_and_the_wrong_one_does_not() -> None:
    """A new NAT gateway after a deploy, and the inventory a day later."""
    moved = [places("198.51.100.0/24"), read("in", 10), read("out", 20, AWAY)]
    assert evidence([*moved, places("203.0.113.0/24", recorded=DAY)]) == []
    assert evidence([*moved, places("192.0.2.0/24", recorded=DAY)]) == ["out"]


def test_reads_of_before_the_record_and_places_that_held_then_are_no_violation() -> None:
    assert evidence([read("before", 10, AWAY), places("198.51.100.0/24", recorded=60), read("in", 90)]) == []
    again = [read("before", 10, AWAY), places("198.51.100.0/24", recorded=60), read("after", 90, AWAY)]
    assert evidence(again) == ["after"]
    narrowed = [places("203.0.113.0/24"), read("then", 10, AWAY), places("198.51.100.0/24", recorded=60)]
    assert evidence(narrowed) == []
    assert evidence([*narrowed, read("now", 90, AWAY)]) == ["now"]


def test_an_endpoint_covers_what_came_through_it_and_nothing_else() -> None:
    through = "10.0.0.5 via vpce-0abc"
    assert value([places("vpce-0abc"), read("in", 10, through)]) == "proven"
    assert evidence([places("vpce-0abc"), read("out", 10, "10.0.0.5 via vpce-0bad")]) == ["out"]
    assert evidence([places("10.0.0.0/8"), read("out", 10, through)]) == ["out"]


def test_a_name_that_no_record_shows_makes_it_unverifiable() -> None:
    verdict = judged([places("the-office"), read("in", 10)])
    assert verdict is not None and (verdict.value, verdict.severity) == ("unverifiable", None)
    assert "the-office cannot be held against an address" in verdict.reason


POD = "k8s:c1:shop/mailer"


@pytest.mark.parametrize(
    ("instance", "place", "expected"),
    [("c1", "10.1.2.3", []), ("c2", "10.1.2.3", ["r"]), ("c1", AWAY, ["r"])],
)
def test_a_cluster_covers_what_its_own_log_shows_from_inside(
    instance: str, place: str, expected: list[str]
) -> None:
    seen = read("r", 10, place, POD, "k8s:c1:jti/1", source="kubernetes", instance=instance)
    assert evidence([declared(POD, places=("cluster/c1",)), seen]) == expected


def balanced(address: str) -> list[Activity]:
    """Four tokens of a vault, each given and used through two nodes of a balancer."""
    many = []
    for n in range(4):
        who, key = f"vault:prod:entity/e{n}", f"vault:prod:accessor/a{n}"
        for k, node in enumerate((address, "10.9.0.2")):
            issued = (Issued(key, who, "service"),) if not k else ()
            more = {"source": "vault", "instance": "prod", "effects": issued}
            many.append(read(f"{n} {k}", 10 * n + k, node, who, key, **more))
    return many


def test_the_nodes_of_a_balancer_stand_for_anybody() -> None:
    who = "vault:prod:entity/e0"
    record = declared(who, places=("192.0.2.0/24",))
    assert [v for v in verdicts(NAME, [record, *balanced("10.9.0.1")]) if v.severity] == []
    stranger = read("s", 90, AWAY, who, "vault:prod:accessor/a0", source="vault", instance="prod")
    (found,) = [v for v in verdicts(NAME, [record, *balanced("10.9.0.1"), stranger]) if v.severity]
    assert [e.uid for e in found.evidence] == ["s"]


def weeks(*networks: str, days: int = 10, key: str = KEY) -> list[Activity]:
    return [
        read(f"{net} {d}", d * DAY + n, net, key=f"{key}{d}")
        for d in range(days)
        for n, net in enumerate(networks)
    ]


def test_without_a_declaration_a_new_session_elsewhere_beside_the_own_network_is_told_low() -> None:
    verdict = judged([*weeks(OFFICE), read("out", 9 * DAY - 60, AWAY, key="aws:key/ASIASTRANGE")])
    assert verdict is not None
    assert (verdict.severity, verdict.confidence) == (Severity.LOW, Confidence.LOW)
    assert [e.uid for e in verdict.evidence] == ["out"]


@pytest.mark.parametrize(
    "many",
    [
        pytest.param([*weeks(OFFICE, days=5), read("n", 4 * DAY - 60, AWAY, key="x:1")], id="no habit yet"),
        pytest.param([*weeks(OFFICE), read("n", 10 * DAY, AWAY, key="aws:key/ASIAN")], id="it moved"),
        pytest.param([*weeks(OFFICE), read("n", 9 * DAY - 60, "198.51.100.99", key="x:1")], id="its network"),
        pytest.param([*weeks(OFFICE), read("n", 9 * DAY - 60, "10.3.4.5", key="x:1")], id="a new node"),
        pytest.param([*weeks(OFFICE), read("n", 9 * DAY - 60, "2001:db8::1", key="x:1")], id="other family"),
        pytest.param(
            [
                *weeks(OFFICE, "192.0.2.1", "203.0.114.1", "203.0.115.1"),
                read("n", 9 * DAY - 60, AWAY, key="x:1"),
            ],
            id="runs anywhere",
        ),
        pytest.param(
            [*weeks(OFFICE), *(read(f"n{n}", 9 * DAY - 60, f"203.0.{n}.9", key=f"x:{n}") for n in range(4))],
            id="begins to run anywhere",
        ),
    ],
)  # fmt: skip
def test_ordinary_changes_of_network_without_a_declaration_are_silent(many: list[Activity]) -> None:
    assert many and evidence(many) == []


def test_other_identities_are_judged_by_their_own_records() -> None:
    other = Activity("d", at(0), "inventory", effects=(Stated(ROLE, Declaration(at(0), "d", places=())),))
    assert facts_of(other) and evidence([other, read("any", 10)]) == []
    assert evidence([other, read("any", 10, identity=ROLE)]) == ["any"]


def test_an_autonomous_system_is_held_against_what_the_record_says_and_never_guessed() -> None:
    inside, other = read("in", 10, AWAY, asn=64500), read("out", 20, AWAY, asn=64501)
    assert value([places("AS64500"), inside]) == "proven"
    assert evidence([places("AS64500"), inside, other]) == ["out"]
    verdict = judged([places("AS64500"), inside, read("mute", 20, AWAY)])
    assert verdict is not None and (verdict.value, verdict.severity) == ("unverifiable", None)
    assert "AS64500 cannot be verified" in verdict.reason and AWAY in verdict.reason


def test_a_private_address_is_in_no_autonomous_system_and_a_declared_network_needs_none() -> None:
    assert evidence([places("AS64500"), read("out", 20, "10.1.2.3")]) == ["out"]
    assert value([places("AS64500", "203.0.113.0/24"), read("in", 20, AWAY)]) == "proven"


def test_one_read_from_another_system_is_told_whatever_the_records_of_others_leave_out() -> None:
    mute = read("mute", 15, "192.0.2.1")
    assert evidence([places("AS64500"), mute, read("out", 20, AWAY, asn=64501)]) == ["out"]
