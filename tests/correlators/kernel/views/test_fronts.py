"""Cases of addresses that stand for others (``correlators.kernel.views.fronts``)."""

from __future__ import annotations

import pytest

from schemas.activity import Activity, Ended
from schemas.verdict import Severity
from tests.support.judged import verdict_of
from tests.support.make import change, issue, use
from tests.support.scenario import every_way, run

NODES = ("10.0.1.24", "10.0.2.71", "10.0.3.9")
PLACES = "credential_in_two_places"
TRIED = "dead_credential_tried"


def login(uid: str, at: float, entity: str, token: str, place: str) -> Activity:
    given = issue(uid, at, f"vault:prod:accessor/{token}", f"vault:prod:entity/{entity}").effects
    return change(uid, at, *given, identity="", credential="", source="vault", place=place, action="")


def seen(uid: str, at: float, entity: str, token: str, place: str, **more: object) -> Activity:
    home = f"vault:prod:entity/{entity}"
    return use(uid, at, home, f"vault:prod:accessor/{token}", source="vault", place=place, **more)


def through_a_balancer(clients: str, hours: int = 3) -> list[Activity]:
    """Each client has one token and comes through every node, again and again."""
    day: list[Activity] = []
    for n, name in enumerate(clients):
        day.append(login(f"l{name}", n, name, name, NODES[n % 3]))
        day += [
            seen(f"u{name}{k}", n + 600 * k + 1, name, name, NODES[(n + k) % 3]) for k in range(hours * 6)
        ]
    return day


def on_hosts_of_their_own(clients: str, hours: int = 3) -> list[Activity]:
    return [
        seen(f"u{name}{k}", n + 600 * k, name, name, f"10.0.9.{n}")
        for n, name in enumerate(clients)
        for k in range(hours * 6)
    ]


def test_the_nodes_of_a_balancer_are_nobodys_places_in_any_order() -> None:
    verdicts = every_way(through_a_balancer("abc")).verdicts()
    assert not [uid for uid, (finding, _) in verdicts.items() if finding]


def test_two_clients_that_share_addresses_show_no_balancer() -> None:
    subject = "vault:prod:accessor/a"
    assert verdict_of(through_a_balancer("ab"), subject, PLACES) is not None


@pytest.mark.slow
def test_a_stranger_beside_a_balancer_is_told_whatever_he_took() -> None:
    thief = [seen(f"t{name}", 8_000, name, name, "10.0.7.7") for name in "abc"]
    for name in "abc":
        verdict = verdict_of([*through_a_balancer("abc"), *thief], f"vault:prod:accessor/{name}", PLACES)
        assert verdict is not None and "10.0.7.7" in verdict.title
        assert verdict.severity is not None and verdict.severity >= Severity.MEDIUM


def test_a_thief_of_three_makes_no_balancer_of_the_host_he_sits_on() -> None:
    thief = [seen(f"t{name}", 8_000, name, name, "10.0.9.3") for name in "abc"]
    for name in "abc":
        many = [*on_hosts_of_their_own("abcd"), *thief]
        assert verdict_of(many, f"vault:prod:accessor/{name}", PLACES) is not None


def test_another_vaults_balancer_is_a_place_here() -> None:
    life = [seen("b", 0, "z", "z", "10.0.9.1"), seen("y", 2_000, "z", "z", NODES[0])]
    elsewhere = [
        use(a.uid, (a.time - life[0].time) / 1e6, a.identity.replace("prod", "test"),
            a.credential.replace("prod", "test"), source="vault", place=a.place)
        for a in through_a_balancer("abc") if a.identity
    ]  # fmt: skip
    back = seen("c", 4_000, "z", "z", "10.0.9.1")
    assert verdict_of([*elsewhere, *life, back], "vault:prod:accessor/z", PLACES) is not None


def test_a_dead_token_tried_through_another_node_is_no_copy_and_past_the_balancer_it_is_one() -> None:
    dead = "vault:prod:accessor/short"
    life = [
        *through_a_balancer("abcd"),
        seen("s", 100, "e", "short", NODES[0]),
        change(
            "k",
            200,
            Ended("revoke", "revoked", dead, "vault:prod:entity/e"),
            identity="vault:prod:entity/ops",
            credential="",
            source="vault",
            place="10.0.0.5",
        ),
    ]
    for place, severity in ((NODES[2], Severity.INFORMATIONAL), ("10.0.7.7", Severity.MEDIUM)):
        tried = seen("t", 900, "e", "short", place, outcome="unauthenticated")
        verdict = verdict_of([*life, tried], dead, TRIED)
        assert verdict is not None and verdict.severity == severity


def test_what_a_roster_tells_of_addresses_reaches_those_who_hold_a_token_there() -> None:
    world = run(through_a_balancer("abc"), partitions=4)
    known = world.dossiers()["vault:prod:entity/a"]
    assert set(known.fronts["vault:prod"]) == set(
        world.dossiers()["roster:vault:prod#all"].fronts["vault:prod"]
    )
