"""Credentials that live apart from an identity that has too many of them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from correlators.kernel.routes.apart import APART_MARK
from schemas.activity import Activity, Exposed, Issued
from schemas.fact import facts_of as facts
from schemas.stored import decode
from tests.support.make import USER, change, issue, kill, restore, use
from tests.support.scenario import every_way, run

MANY = 12


def key(n: int) -> str:
    return f"aws:key/AKIAEXAMPLE{n:09}"


def killed(n: int) -> list[Activity]:
    born = change(f"i{n}", n, Issued(key(n), USER, "access_key"))
    return [born, use(f"before{n}", n + 50, USER, key(n)), kill(f"k{n}", 1_000 + n, key(n))]


def used_later(n: int) -> Activity:
    return use(f"u{n}", 90_000 + n * 10, USER, key(n))


def test_of_more_ended_credentials_than_stay_with_an_identity_every_later_use_is_told() -> None:
    many = [activity for n in range(MANY) for activity in (*killed(n), used_later(n))]
    many += [use(f"living{n}", 95_000 + n, USER, "aws:key/AKIALIVING") for n in range(5)]
    world = every_way(many, credentials_max=4)
    reports = [r.reported for r in world.last.values() if r.reported.control == "revoked_credential_used"]
    assert sorted(r.subject for r in reports if r.open) == [key(n) for n in range(MANY)]


def test_what_lives_apart_is_with_its_identity_in_name_and_its_dossiers_are_small() -> None:
    world = run([a for n in range(MANY) for a in killed(n)], credentials_max=4)
    home = decode(world.stores[0][USER])
    assert APART_MARK in home.marks and len(home.credentials) <= 8
    world.take(facts(used_later(0)))
    world.settle()
    (report,) = [r for r in world.last.values() if r.reported.open]
    assert report.verdict and report.verdict.identity == USER and report.verdict.subject == key(0)
    assert max(len(body) for name, body in world.stores[0].items() if name.startswith(key(0)[:-3])) < 3_000
    assert decode(world.stores[0][USER]).credentials.keys().isdisjoint({key(1), key(2)})


def test_who_restores_it_ends_the_finding_wherever_it_lives() -> None:
    many = [a for n in range(MANY) for a in (*killed(n), used_later(n))]
    world = run(many, credentials_max=4)
    assert sum(r.reported.open for r in world.last.values()) == MANY
    world = every_way([*many, restore("back", 99_000, key(0), USER)], credentials_max=4)
    assert sum(r.reported.open for r in world.last.values() if r.reported.severity > 2) == MANY - 1


def test_a_session_of_a_key_that_lives_apart_outlives_it_and_is_told() -> None:
    session = "aws:key/ASIAEXAMPLE0000000S1"
    many = [a for n in range(MANY) for a in killed(n)]
    many.append(issue("session", 60, session, "aws:1:role/r", key(0), USER))
    # From elsewhere: that it is no run in flight at a planned rotation is known without the other keys.
    many.append(use("after", 90_000, "aws:1:role/r", session, place="203.0.113.99"))
    world = every_way(many, credentials_max=4)
    opened = {r.reported.control: r.reported for r in world.last.values() if r.reported.open}
    assert opened["outlived_parent"].subject == key(0)


def acts(n: int, at: int, what: str) -> Activity:
    """Something that is done to, or with, one of a few credentials."""
    uid = f"{what} {n} {at}"
    if what == "end":
        return kill(uid, at, key(n))
    if what == "back":
        return restore(uid, at, key(n), USER)
    if what == "exposed":
        return change(uid, at, Exposed("found in a repository", key(n), USER))
    if what == "issued":
        return change(uid, at, Issued(key(n), USER, "access_key"))
    outcome, _, place = what.partition(" ")
    return use(uid, at, USER, key(n), outcome=outcome, place=place)


ACTS = st.sampled_from(
    [
        *("end", "end", "back", "exposed", "issued", "succeeded 198.51.100.7", "succeeded 203.0.113.9"),
        *("unauthenticated 198.51.100.7", "forbidden 198.51.100.7"),
    ]
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.builds(acts, st.integers(0, 3), st.integers(0, 50_000), ACTS), max_size=14))
def test_what_is_said_of_a_credential_does_not_depend_on_where_it_lives(many: list[Activity]) -> None:
    every_way(many, about=[key(n) for n in range(4)], credentials_max=0)
